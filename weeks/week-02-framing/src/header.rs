//! Four bytes in front of every payload.
//!
//! Big-endian, because a person reading a capture sees `00 00 01 00` and thinks 256, and because the network's own
//! headers are written that way. The length counts the payload alone, so the smallest frame on the wire is five bytes.

use crate::limit::HEADER_BYTES;
use crate::{FrameError, FrameLimit};

/// The payload length that a header claims. A claim is all it is: pass it to [`FrameLimit::admit`] before using it.
pub fn claimed_len(header: [u8; HEADER_BYTES]) -> u32 {
    // lab:hole framing.header-bytes
    u32::from_be_bytes(header)
    // lab:stub todo!("framing.header-bytes: read four bytes, the most significant first")
    // lab:end
}

/// The header of a payload of `payload_len` bytes.
///
/// A sender keeps the receiver's rule, so that its own mistake is found at home and not by a closed connection. The rule
/// is stated here once more, for any length that a machine can hold, and a test holds the two statements together.
///
/// # Errors
/// [`FrameError::Empty`] and [`FrameError::TooLarge`].
pub fn header_for(payload_len: usize, limit: FrameLimit) -> Result<[u8; HEADER_BYTES], FrameError> {
    match u32::try_from(payload_len) {
        Ok(0) => Err(FrameError::Empty),
        Ok(len) if len <= limit.bytes() => Ok(len.to_be_bytes()),
        // Beyond u32 a length is far over any limit; the message says "at least this many" by the largest number.
        beyond => Err(FrameError::TooLarge { len: beyond.unwrap_or(u32::MAX), limit: limit.bytes() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_significant_byte_travels_first() {
        assert_eq!(claimed_len([0, 0, 1, 0]), 256);
        assert_eq!(claimed_len([0x0a, 0x0b, 0x0c, 0x0d]), 0x0a0b_0c0d);
        assert_eq!(header_for(258, FrameLimit::default()), Ok([0, 0, 1, 2]));
    }

    #[test]
    fn a_header_written_is_the_header_read() {
        let limit = FrameLimit::default();
        for len in [1, 2, 255, 256, 65_535, 65_536, limit.bytes() as usize] {
            assert_eq!(claimed_len(header_for(len, limit).unwrap()) as usize, len);
        }
    }

    #[test]
    fn a_sender_refuses_exactly_what_a_receiver_refuses() {
        for max in [1, 8, 255] {
            let limit = FrameLimit::new(max).unwrap();
            for len in 0..=300_u32 {
                let sender = header_for(len as usize, limit).map(drop);
                assert_eq!(sender, limit.admit(len).map(drop), "{len} bytes, limit {max}");
            }
        }
        let beyond = header_for(u32::MAX as usize + 1, FrameLimit::default());
        assert!(matches!(beyond, Err(FrameError::TooLarge { len: u32::MAX, .. })), "{beyond:?}");
    }
}
