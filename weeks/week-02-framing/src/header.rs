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
/// # Errors
/// [`FrameError::Empty`] and [`FrameError::TooLarge`]: a sender obeys the same limit as a receiver, so that its own
/// mistake is found at home and not by a closed connection.
pub fn header_for(payload_len: usize, limit: FrameLimit) -> Result<[u8; HEADER_BYTES], FrameError> {
    // A length beyond u32 is far over any limit; saturating keeps the refusal and its message in one place.
    let len = u32::try_from(payload_len).unwrap_or(u32::MAX);
    limit.admit(len)?;
    Ok(len.to_be_bytes())
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
    fn a_sender_refuses_what_a_receiver_would_refuse() {
        let limit = FrameLimit::new(8).unwrap();
        assert_eq!(header_for(0, limit), Err(FrameError::Empty));
        assert_eq!(header_for(9, limit), Err(FrameError::TooLarge { len: 9, limit: 8 }));
        let beyond = FrameError::TooLarge { len: u32::MAX, limit: 8 };
        assert_eq!(header_for(u32::MAX as usize + 1, limit), Err(beyond));
    }
}
