//! How much of an answer is taken, as numbers with units.

/// Bytes of one head where nobody chose another limit: status line, fields and the empty line, with all line ends.
pub const HEAD_BYTES_MAX: usize = 32 << 10;

/// Fields of one head, and of the trailers of one answer.
pub const FIELDS_MAX: usize = 100;

/// Bytes of a body where nobody chose another limit: 8 MiB.
pub const BODY_BYTES_MAX: u64 = 8 << 20;

/// Bytes of all trailers of an answer, with the empty line behind them.
pub const TRAILER_BYTES_MAX: usize = 4 << 10;

/// Bytes of all chunk extensions of an answer together. Nobody reads them, so they are a way to send without end: a
/// limit for each chunk would still let a body of one-byte chunks carry a thousand times its size.
pub const CHUNK_EXTENSION_BYTES_MAX: usize = 4 << 10;

/// Digits of a chunk's size: what 64 bits hold.
pub const CHUNK_SIZE_DIGITS_MAX: u8 = 16;

/// Interim answers (1xx) that are skipped before the one that counts.
pub const INTERIM_MAX: u32 = 8;

// ANCHOR: limits
/// The limits of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one head.
    pub head_bytes_max: usize,
    /// Fields of one head, and of the trailers.
    pub fields_max: usize,
    /// Bytes of the body, after the chunks were taken apart.
    pub body_bytes_max: u64,
    /// Bytes of all trailers.
    pub trailer_bytes_max: usize,
    /// Bytes of all chunk extensions.
    pub chunk_extension_bytes_max: usize,
    /// Interim answers.
    pub interim_max: u32,
}
// ANCHOR_END: limits

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head_bytes_max: HEAD_BYTES_MAX,
            fields_max: FIELDS_MAX,
            body_bytes_max: BODY_BYTES_MAX,
            trailer_bytes_max: TRAILER_BYTES_MAX,
            chunk_extension_bytes_max: CHUNK_EXTENSION_BYTES_MAX,
            interim_max: INTERIM_MAX,
        }
    }
}
