//! The frame limit: the one number that stands between a stranger's header and our memory.

use crate::FrameError;

/// Bytes of the header in front of every payload: one `u32`, big-endian.
pub const HEADER_BYTES: usize = 4;

/// The payload limit where nobody chose another one: 1 MiB.
pub const PAYLOAD_BYTES_MAX_DEFAULT: u32 = 1 << 20;

/// The payload limit that nobody may exceed: 16 MiB. A larger object is sent as several frames.
pub const PAYLOAD_BYTES_MAX_HARD: u32 = 16 << 20;

/// How many payload bytes one frame may carry, between 1 and [`PAYLOAD_BYTES_MAX_HARD`].
///
/// ```
/// use framing::{FrameError, FrameLimit};
///
/// let limit = FrameLimit::new(100)?;
/// assert_eq!(limit.admit(100), Ok(100));
/// assert_eq!(limit.admit(101), Err(FrameError::TooLarge { len: 101, limit: 100 }));
/// # Ok::<(), FrameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimit {
    payload_bytes_max: u32,
}

impl FrameLimit {
    /// A limit of this many payload bytes.
    ///
    /// # Errors
    /// [`FrameError::LimitOutOfRange`] for 0, which would admit no frame, and above [`PAYLOAD_BYTES_MAX_HARD`].
    pub const fn new(payload_bytes_max: u32) -> Result<Self, FrameError> {
        if payload_bytes_max == 0 || payload_bytes_max > PAYLOAD_BYTES_MAX_HARD {
            return Err(FrameError::LimitOutOfRange { asked: payload_bytes_max });
        }
        Ok(FrameLimit { payload_bytes_max })
    }

    /// The limit in payload bytes.
    pub const fn bytes(self) -> u32 {
        self.payload_bytes_max
    }

    /// Judges a length that a header claims, before anything is allocated, read or skipped on its account.
    ///
    /// # Errors
    /// [`FrameError::Empty`] for 0 and [`FrameError::TooLarge`] above the limit.
    pub fn admit(self, len: u32) -> Result<usize, FrameError> {
        // lab:hole framing.reject-oversize
        if len == 0 {
            return Err(FrameError::Empty);
        }
        if len > self.payload_bytes_max {
            return Err(FrameError::TooLarge { len, limit: self.payload_bytes_max });
        }
        Ok(len as usize)
        // lab:stub todo!("framing.reject-oversize: refuse zero and everything above the limit")
        // lab:end
    }
}

impl Default for FrameLimit {
    fn default() -> Self {
        FrameLimit { payload_bytes_max: PAYLOAD_BYTES_MAX_DEFAULT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_one_and_the_limit_and_refuses_zero_and_limit_plus_one() {
        for max in [1, 2, 64, PAYLOAD_BYTES_MAX_DEFAULT, PAYLOAD_BYTES_MAX_HARD] {
            let limit = FrameLimit::new(max).unwrap();
            assert_eq!(limit.admit(0), Err(FrameError::Empty));
            assert_eq!(limit.admit(1), Ok(1));
            assert_eq!(limit.admit(max), Ok(max as usize));
            assert_eq!(limit.admit(max + 1), Err(FrameError::TooLarge { len: max + 1, limit: max }));
            assert_eq!(limit.admit(u32::MAX), Err(FrameError::TooLarge { len: u32::MAX, limit: max }));
        }
    }

    #[test]
    fn a_limit_lies_between_one_byte_and_the_hard_maximum() {
        assert_eq!(FrameLimit::new(0), Err(FrameError::LimitOutOfRange { asked: 0 }));
        assert!(FrameLimit::new(PAYLOAD_BYTES_MAX_HARD).is_ok());
        let above = PAYLOAD_BYTES_MAX_HARD + 1;
        assert_eq!(FrameLimit::new(above), Err(FrameError::LimitOutOfRange { asked: above }));
    }
}
