//! Every bound of the logger, each a constant with its unit in its name. A bound that nobody chose is still there:
//! it is wherever the machine happens to give up.

// ANCHOR: sizes
/// One stored line, its newline included. The reader's buffer is this large, so it is also the price of reading.
pub const RECORD_BYTES_MAX: usize = 16 * 1024;

/// The message of one record, before escaping. Escaping makes at most six bytes of one, so a message of the largest
/// size may still be refused by [`RECORD_BYTES_MAX`]; both limits are checked.
pub const MSG_BYTES_MAX: usize = 8 * 1024;

/// A node id, request id, result or error code.
pub const NAME_BYTES_MAX: usize = 128;

/// The path of a log. Linux takes 4096 bytes with the closing NUL; an archive's suffix has to fit as well.
pub const PATH_BYTES_MAX: usize = 4096 - 1 - ARCHIVE_SUFFIX_BYTES;

/// The file name of a log: the 255 bytes of Linux, less an archive's suffix.
pub const FILE_NAME_BYTES_MAX: usize = 255 - ARCHIVE_SUFFIX_BYTES;

/// `.` and ten digits, the longest suffix that rotation can give.
pub const ARCHIVE_SUFFIX_BYTES: usize = 11;
// ANCHOR_END: sizes

/// Rotated files that a log may keep beside the one being written.
pub const ARCHIVES_MAX: u32 = 99;

/// How large a log file may grow before it is rotated, unless the caller says otherwise.
pub const ROTATE_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// How many rotated files are kept, unless the caller says otherwise.
pub const ARCHIVES_DEFAULT: u32 = 8;

// ANCHOR: batch
/// In `batch` mode: records that may be written but not yet on the device.
pub const BATCH_RECORDS_MAX: u64 = 4096;

/// In `batch` mode: how long a record waits at most until its sync begins.
pub const BATCH_AGE_MS_MAX: u64 = 20;
// ANCHOR_END: batch

// ANCHOR: queue
/// Records that a queued log may hold in memory, the one being written included.
pub const QUEUE_RECORDS_MAX: usize = 8 * 1024;

/// Bytes of records that a queued log may hold in memory, the one being written included.
pub const QUEUE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long the end of a program waits for its queued log, in milliseconds.
pub const QUEUE_FLUSH_MS_MAX: u64 = 2_000;
// ANCHOR_END: queue

/// How long an append waits for another process that holds the log's lock.
pub const LOCK_WAIT_MS_MAX: u64 = 5_000;

/// How long a sole owner may go on without looking whether its log still has its name. Nobody else may rotate it, so
/// this is about an operator who moves or removes the file by hand.
pub const SOLE_LOOK_MS_MAX: u64 = 10;

/// How often a follower looks for new records.
pub const FOLLOW_POLL_MS: u64 = 20;

/// The largest `latency_ms`: one day.
pub const LATENCY_MS_MAX: f64 = 86_400_000.0;
