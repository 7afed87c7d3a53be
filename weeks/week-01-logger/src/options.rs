//! How a log is kept, and what is known about a record once it is stored.

use crate::commit::Durability;
use crate::limits::{ARCHIVES_DEFAULT, LOCK_WAIT_MS_MAX, ROTATE_BYTES_DEFAULT};

/// Who else may write to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// Any number of processes; the lock is taken for each record.
    #[default]
    Shared,
    /// Nobody: the lock is kept for as long as the writer lives, and every other writer is told `LOG-BUSY`.
    Sole,
}

/// How a log is kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// When a record counts as stored.
    pub durability: Durability,
    /// Who else may write.
    pub sharing: Sharing,
    /// A file is rotated before the record that would make it larger than this many bytes.
    pub rotate_bytes: u64,
    /// How many rotated files are kept, 1 to [`ARCHIVES_MAX`].
    pub keep: u32,
    /// How long an append waits for the lock, in milliseconds.
    pub lock_wait_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            durability: Durability::default(),
            sharing: Sharing::default(),
            rotate_bytes: ROTATE_BYTES_DEFAULT,
            keep: ARCHIVES_DEFAULT,
            lock_wait_ms: LOCK_WAIT_MS_MAX,
        }
    }
}

/// What is known about a record that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Where the record begins in its file.
    pub offset: u64,
    /// How long the stored line is.
    pub bytes: usize,
    /// A torn line of somebody else was closed on the way.
    pub sealed_torn_line: bool,
    /// The number that the full file was archived under, where this record was the first of a new one.
    pub rotated: Option<u32>,
}
