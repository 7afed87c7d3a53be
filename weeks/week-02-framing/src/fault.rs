//! What can be wrong with a frame, one variant for each way.

use logger::{Coded, ErrorCode};

use crate::catalog;
use crate::limit::{HEADER_BYTES, PAYLOAD_BYTES_MAX_HARD};

/// Why bytes are not a frame. None of these can be survived by the stream that they came from: after any of them
/// nobody knows where the next frame begins, so the connection closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A header claims more payload than the limit admits. Raised on the header alone.
    #[error("a header claims {len} payload bytes, the limit is {limit}")]
    TooLarge {
        /// Payload bytes claimed.
        len: u32,
        /// Payload bytes admitted.
        limit: u32,
    },
    /// A header claims an empty payload.
    #[error("a header claims 0 payload bytes")]
    Empty,
    /// The stream ended inside a header.
    #[error("the stream ended after {have} of {HEADER_BYTES} header bytes")]
    ShortHeader {
        /// Header bytes received, 1 to 3.
        have: usize,
    },
    /// The stream ended inside a payload.
    #[error("the stream ended after {have} of {want} payload bytes")]
    Truncated {
        /// Payload bytes received, below `want`.
        have: usize,
        /// Payload bytes that the header claims.
        want: usize,
    },
    /// Somebody asked for a limit that no frame or any frame would pass.
    #[error("a frame limit of {asked} bytes is not between 1 and {PAYLOAD_BYTES_MAX_HARD}")]
    LimitOutOfRange {
        /// The limit that was asked for.
        asked: u32,
    },
}

impl Coded for FrameError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            FrameError::TooLarge { .. } => &catalog::FRAME_TOO_LARGE,
            FrameError::Empty => &catalog::FRAME_EMPTY,
            FrameError::ShortHeader { .. } => &catalog::FRAME_SHORT_HEADER,
            FrameError::Truncated { .. } => &catalog::FRAME_TRUNCATED,
            FrameError::LimitOutOfRange { .. } => &catalog::FRAME_LIMIT_OUT_OF_RANGE,
        }
    }
}
