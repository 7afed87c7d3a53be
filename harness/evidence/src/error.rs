//! What can be wrong with a piece of evidence, and where.

use std::io;
use std::path::PathBuf;

/// How a tool should answer an [`EvidenceError`]: the tools map it to their exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A file or folder could not be read or written.
    File,
    /// The bytes are not what the schema asks for.
    Malformed,
    /// The bytes are well formed and do not fit their digest.
    Integrity,
    /// A bound was reached before the work was done.
    Limit,
}

/// Everything that reading, writing or checking evidence can run into. The message names the file and the place.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", .path.display())]
    File {
        /// What was tried: `read`, `write`, `list`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is larger than anything that we would have written.
    #[error("{} has {bytes} bytes; at most {max} are read", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// A folder holds more than the walk will visit.
    #[error("{} holds more than {max} {what}", .path.display())]
    TooMany {
        /// The folder where the walk began.
        path: PathBuf,
        /// What there is too much of: `files`, `levels of folders`.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// A file that must be text is not.
    #[error("{} is not UTF-8 at byte {at}", .path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that does not decode.
        at: usize,
    },
    /// A file name that no record could spell.
    #[error("the name of {} is not UTF-8, so no digest can be listed for it", .path.display())]
    NameNotUtf8 {
        /// The file, as the operating system spells it.
        path: PathBuf,
    },
    /// Not the JSON, TOML or lock file that it should be: truncated, a wrong type, an unknown or missing field.
    #[error("{} does not parse: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What and where, with line and column where the parser knows them.
        why: String,
    },
    /// Written by a newer (or unknown) version of the schema.
    #[error("{} has schema version {found}; this build reads up to {known}", .path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
        /// What this build knows.
        known: u32,
    },
    /// It parses, but says something that cannot be so: a passed verdict over a failed criterion, a bucket that no
    /// histogram has, inputs out of order.
    #[error("{}: {what}", .path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What contradicts what.
        what: String,
    },
    /// The content was changed after it was closed.
    #[error("{} is closed by {recorded}, but its content digests to {computed}", .path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// The digest that it carries.
        recorded: String,
        /// The digest of what it says.
        computed: String,
    },
    /// A package that the build needs is not where its manifest says.
    #[error("{} does not describe its inputs: {why}", .path.display())]
    Package {
        /// The manifest or lock file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
}

impl EvidenceError {
    /// How a tool should answer.
    pub fn class(&self) -> Class {
        match self {
            EvidenceError::File { .. } => Class::File,
            EvidenceError::TooLarge { .. } | EvidenceError::TooMany { .. } => Class::Limit,
            EvidenceError::Digest { .. } => Class::Integrity,
            EvidenceError::NotUtf8 { .. }
            | EvidenceError::NameNotUtf8 { .. }
            | EvidenceError::Malformed { .. }
            | EvidenceError::SchemaVersion { .. }
            | EvidenceError::Unsound { .. }
            | EvidenceError::Package { .. } => Class::Malformed,
        }
    }
}

/// Wraps an I/O error with what was tried on which file.
pub(crate) fn file(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> EvidenceError {
    let path = path.to_path_buf();
    move |source| EvidenceError::File { doing, path, source }
}
