//! Everything that can go wrong with a log, and the catalog of its codes. One variant, one code, one exit code.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::{Coded, ErrorCode};

crate::catalog! {
    /// Every failure of the logger and of `eventlog`.
    CATALOG;
    USAGE = "USAGE", Usage, "The command line does not fit the command's contract.",
        "run it with --help";
    PATH_INVALID = "LOG-PATH-INVALID", Usage, "The path cannot name a log file.",
        "name a file by a plain path, without `..` and without control characters";
    PATH_TOO_LONG = "LOG-PATH-TOO-LONG", Refused, "The path of the log is longer than the limit.",
        "choose a shorter path";
    // ANCHOR: excerpt
    NOT_FOUND = "LOG-NOT-FOUND", File, "The log, or the directory that it should lie in, does not exist.",
        "check the path, since the logger creates log files but never directories";
    PERMISSION_DENIED = "LOG-PERMISSION-DENIED", File, "The operating system refuses access to the log.",
        "grant this user read and write on the log and its directory";
    NOT_A_FILE = "LOG-NOT-A-FILE", File, "The path names something other than a regular file.",
        "choose another path, or move away what lies there";
    READ_ONLY = "LOG-READ-ONLY", File, "The log lies on a read-only file system.",
        "remount it for writing, or choose another path";
    STORAGE_FULL = "LOG-STORAGE-FULL", File, "The device, or the quota, has no room for the record.",
        "free some space, the log itself is unharmed";
    // ANCHOR_END: excerpt
    FILE_SIZE_LIMIT = "LOG-FILE-SIZE-LIMIT", File, "The record would pass the file size limit of this process.",
        "raise `ulimit -f`, or rotate at a smaller size";
    SHORT_WRITE = "LOG-SHORT-WRITE", File, "The file system took only a part of a record, and that part was removed again.",
        "look for a device that is filling up";
    SYNC_FAILED = "LOG-SYNC-FAILED", File, "The device did not confirm that it holds what was written.",
        "check the device, then restart the writer: records since the last sync may be lost";
    ROTATE_FAILED = "LOG-ROTATE-FAILED", File, "The log is full and cannot be moved aside.",
        "grant write on its directory, since until then the log takes no records";
    IO = "LOG-IO", File, "The operating system reports a failure that has no code of its own.",
        "look up the system's message that is quoted here";
    BUSY = "LOG-BUSY", Network, "Another process held the log's lock for too long.",
        "find the holder with `fuser <log>`, since a log has many writers or one sole owner but not both";
    QUEUE_FULL = "LOG-QUEUE-FULL", Refused, "Records come faster than the log takes them, and the queue between has reached its bound.",
        "look for a device or a reader that has stopped, or record less with --log-level";
    UNWRITTEN = "LOG-UNWRITTEN", File, "The program ended before its log had taken every record.",
        "look for a device or a reader that has stopped, since these records are lost";
    MSG_EMPTY = "LOG-MSG-EMPTY", Malformed, "A record without a message says nothing.",
        "give it a message";
    MSG_TOO_LARGE = "LOG-MSG-TOO-LARGE", Refused, "The message is larger than the limit.",
        "log a digest or a file name instead of the content";
    RECORD_TOO_LARGE = "LOG-RECORD-TOO-LARGE", Refused, "The encoded record is larger than the limit.",
        "shorten the message, in which a control character takes six bytes when stored";
    FIELD_INVALID = "LOG-FIELD-INVALID", Malformed, "A field holds what its column cannot.",
        "names take letters, digits and any of . _ : / @ + - and a latency is 0 to 86400000 ms";
    FIELD_TOO_LONG = "LOG-FIELD-TOO-LONG", Refused, "A name in the record is longer than the limit.",
        "shorten it";
    NOT_UTF8 = "LOG-NOT-UTF8", Malformed, "The input is not UTF-8 text.",
        "convert it, for instance with `iconv -t UTF-8`";
    LINE_MALFORMED = "LOG-LINE-MALFORMED", Integrity, "A stored line is not a record.",
        "find out what else writes to this file, reading goes on behind the line";
    LINE_TOO_LONG = "LOG-LINE-TOO-LONG", Integrity, "A stored line is longer than any record can be.",
        "find out what else writes to this file, reading goes on behind the line";
    TORN_LINE = "LOG-TORN-LINE", Integrity, "A record was cut off, for instance by a crash in the middle of a write.",
        "nothing needs doing: a record that was cut off was never acknowledged";
    TORN_TAIL = "LOG-TORN-TAIL", Integrity, "A writer that died left a torn record at the end, which was closed before the next one.",
        "nothing needs doing: the fragment is a line of its own now, and readers pass over it";
    DAMAGED = "LOG-DAMAGED", Integrity, "The log holds lines that are not records, and --strict was given.",
        "the warnings above name each of them";
    FOLLOW_GAP = "LOG-FOLLOW-GAP", Integrity, "Files were rotated away before they could be read.",
        "keep more or larger files: see --keep and --rotate-bytes";
    NO_MATCH = "LOG-NO-MATCH", Untrue, "No record fits the search.",
        "widen the filters";
    INSTALLED_TWICE = "LOG-INSTALLED-TWICE", Bug, "The program set up its logging a second time.",
        "report it: this is a mistake in the program";
    OUTPUT = "LOG-OUTPUT", File, "The result could not be written to standard output.",
        "check where the output goes";
}

/// A failure of the logger.
#[derive(Debug, thiserror::Error)]
#[allow(
    missing_docs,
    reason = "each variant is described by its catalog entry; fields are named in its message"
)]
pub enum LogError {
    #[error("{what}")]
    Usage { what: String },
    #[error("the path {path:?} {why}")]
    PathInvalid { path: PathBuf, why: &'static str },
    #[error("the {part} takes {bytes} bytes, the limit is {max}")]
    PathTooLong { part: &'static str, bytes: usize, max: usize },
    #[error("cannot {doing} `{}`: no such file or directory", path.display())]
    NotFound { doing: &'static str, path: PathBuf },
    #[error("cannot {doing} `{}`: permission denied", path.display())]
    PermissionDenied { doing: &'static str, path: PathBuf },
    #[error("cannot {doing} `{}`: it is not a regular file", path.display())]
    NotAFile { doing: &'static str, path: PathBuf },
    #[error("cannot {doing} `{}`: the file system is read-only", path.display())]
    ReadOnly { doing: &'static str, path: PathBuf },
    #[error("cannot {doing} `{}`: no space left", path.display())]
    StorageFull { doing: &'static str, path: PathBuf },
    #[error("cannot {doing} `{}`: the file size limit is reached", path.display())]
    FileSizeLimit { doing: &'static str, path: PathBuf },
    #[error("`{}` took {taken} of {bytes} bytes", path.display())]
    ShortWrite { path: PathBuf, taken: usize, bytes: usize },
    #[error("cannot sync `{}`: {source}", path.display())]
    SyncFailed { path: PathBuf, source: io::Error },
    #[error("cannot rotate `{}`: {source}", path.display())]
    RotateFailed { path: PathBuf, source: io::Error },
    #[error("cannot {doing} `{}`: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` was locked by another process for {waited_ms} ms", path.display())]
    Busy { path: PathBuf, waited_ms: u64 },
    #[error("{records} records of {bytes} bytes wait for the log already")]
    QueueFull { records: usize, bytes: usize },
    #[error("the log was left with {records} records missing, {waited_ms} ms after it was asked to end")]
    Unwritten { records: u64, waited_ms: u64 },
    #[error("the message is empty")]
    MsgEmpty,
    #[error("the message takes {bytes} bytes, the limit is {max}")]
    MsgTooLarge { bytes: usize, max: usize },
    #[error("the record takes {bytes} bytes, the limit is {max}")]
    RecordTooLarge { bytes: usize, max: usize },
    #[error("{field} {why}")]
    FieldInvalid { field: &'static str, why: &'static str },
    #[error("{field} takes {bytes} bytes, the limit is {max}")]
    FieldTooLong { field: &'static str, bytes: usize, max: usize },
    #[error("{what} is not UTF-8")]
    NotUtf8 { what: String },
    #[error("{place} is not a record: {why}")]
    LineMalformed { place: String, why: String },
    #[error("{place} takes {bytes} bytes, the limit is {max}")]
    LineTooLong { place: String, bytes: u64, max: usize },
    #[error("{place} ends after {bytes} bytes, in the middle of a record")]
    TornLine { place: String, bytes: u64 },
    #[error("{place} ended in the middle of a record")]
    TornTail { place: String },
    #[error("damaged places in `{}`: {places}", path.display())]
    Damaged { path: PathBuf, places: u64 },
    #[error("`{}` lost {files} of its files before they were read", path.display())]
    FollowGap { path: PathBuf, files: u64 },
    #[error("no record of `{}` matches", path.display())]
    NoMatch { path: PathBuf },
    #[error("logging is already set up")]
    InstalledTwice,
    #[error("cannot write the result: {source}")]
    Output { source: io::Error },
}

impl LogError {
    /// The error for a refused file operation. What the caller should do next decides the code, so the kinds of the
    /// operating system are grouped by that; what has no group of its own is quoted as it came.
    pub fn file(doing: &'static str, path: &Path, source: io::Error) -> Self {
        // lab:hole logger.classify-io
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => LogError::NotFound { doing, path },
            io::ErrorKind::PermissionDenied => LogError::PermissionDenied { doing, path },
            io::ErrorKind::IsADirectory => LogError::NotAFile { doing, path },
            // A symbolic link where the log should be; the standard library has no stable kind for it.
            _ if source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                LogError::NotAFile { doing, path }
            }
            io::ErrorKind::ReadOnlyFilesystem => LogError::ReadOnly { doing, path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                LogError::StorageFull { doing, path }
            }
            io::ErrorKind::FileTooLarge => LogError::FileSizeLimit { doing, path },
            _ => LogError::Io { doing, path, source },
        }
        // lab:stub todo!("logger.classify-io: one code for each thing that the caller can do about it")
        // lab:end
    }
}

impl Coded for LogError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            LogError::Usage { .. } => &USAGE,
            LogError::PathInvalid { .. } => &PATH_INVALID,
            LogError::PathTooLong { .. } => &PATH_TOO_LONG,
            LogError::NotFound { .. } => &NOT_FOUND,
            LogError::PermissionDenied { .. } => &PERMISSION_DENIED,
            LogError::NotAFile { .. } => &NOT_A_FILE,
            LogError::ReadOnly { .. } => &READ_ONLY,
            LogError::StorageFull { .. } => &STORAGE_FULL,
            LogError::FileSizeLimit { .. } => &FILE_SIZE_LIMIT,
            LogError::ShortWrite { .. } => &SHORT_WRITE,
            LogError::SyncFailed { .. } => &SYNC_FAILED,
            LogError::RotateFailed { .. } => &ROTATE_FAILED,
            LogError::Io { .. } => &IO,
            LogError::Busy { .. } => &BUSY,
            LogError::QueueFull { .. } => &QUEUE_FULL,
            LogError::Unwritten { .. } => &UNWRITTEN,
            LogError::MsgEmpty => &MSG_EMPTY,
            LogError::MsgTooLarge { .. } => &MSG_TOO_LARGE,
            LogError::RecordTooLarge { .. } => &RECORD_TOO_LARGE,
            LogError::FieldInvalid { .. } => &FIELD_INVALID,
            LogError::FieldTooLong { .. } => &FIELD_TOO_LONG,
            LogError::NotUtf8 { .. } => &NOT_UTF8,
            LogError::LineMalformed { .. } => &LINE_MALFORMED,
            LogError::LineTooLong { .. } => &LINE_TOO_LONG,
            LogError::TornLine { .. } => &TORN_LINE,
            LogError::TornTail { .. } => &TORN_TAIL,
            LogError::Damaged { .. } => &DAMAGED,
            LogError::FollowGap { .. } => &FOLLOW_GAP,
            LogError::NoMatch { .. } => &NO_MATCH,
            LogError::InstalledTwice => &INSTALLED_TWICE,
            LogError::Output { .. } => &OUTPUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(errno: Errno) -> &'static str {
        LogError::file("open", Path::new("app.log"), errno.into()).code().code
    }

    #[test]
    fn refusals_of_the_operating_system_are_grouped_by_what_the_caller_can_do() {
        for (errno, code) in [
            (Errno::NOENT, "LOG-NOT-FOUND"),
            (Errno::NOTDIR, "LOG-NOT-FOUND"),
            (Errno::ACCESS, "LOG-PERMISSION-DENIED"),
            (Errno::PERM, "LOG-PERMISSION-DENIED"),
            (Errno::ISDIR, "LOG-NOT-A-FILE"),
            (Errno::LOOP, "LOG-NOT-A-FILE"),
            (Errno::ROFS, "LOG-READ-ONLY"),
            (Errno::NOSPC, "LOG-STORAGE-FULL"),
            (Errno::DQUOT, "LOG-STORAGE-FULL"),
            (Errno::FBIG, "LOG-FILE-SIZE-LIMIT"),
            (Errno::IO, "LOG-IO"),
            (Errno::MFILE, "LOG-IO"),
        ] {
            assert_eq!(code_of(errno), code, "{errno}");
        }
    }

    #[test]
    fn what_has_no_code_of_its_own_is_quoted() {
        let error = LogError::file("open", Path::new("app.log"), Errno::MFILE.into());
        assert!(error.to_string().contains("Too many open files"), "{error}");
    }

    #[test]
    fn no_two_entries_of_the_catalog_share_a_code() {
        let mut codes: Vec<_> = CATALOG.iter().map(|entry| entry.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CATALOG.len());
    }
}
