//! The error language that every tool of the lab speaks: one stable code and one exit code per failure path.

/// The exit codes, the same in all tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Checked and found untrue: not verified, not found.
    Untrue = 1,
    /// Wrong usage.
    Usage = 2,
    /// Malformed input.
    Malformed = 3,
    /// A file or a permission.
    File = 4,
    /// Network, unavailable or timed out.
    Network = 5,
    /// Integrity: corrupt or tampered.
    Integrity = 6,
    /// Refused by policy or limit.
    Refused = 7,
    /// A bug of ours.
    Bug = 70,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit as u8)
    }
}

/// One entry of a crate's error catalog.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The stable code, in words: `LOG-RECORD-TOO-LARGE`.
    pub code: &'static str,
    /// The exit code that it maps to.
    pub exit: Exit,
    /// What it means, one sentence.
    pub meaning: &'static str,
    /// What to do about it, one clause that can follow a semicolon.
    pub way_out: &'static str,
}

/// An error with an entry in a catalog.
pub trait Coded: std::error::Error {
    /// The catalog entry.
    fn code(&self) -> &'static ErrorCode;

    /// The line for stderr: `error[CODE]: what happened; what to do`.
    fn line(&self) -> String {
        format!("error[{}]: {self}; {}", self.code().code, self.code().way_out)
    }
}
