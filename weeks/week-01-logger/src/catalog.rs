//! The error language that every tool of the lab speaks: one stable code and one exit code per failure path.
//!
//! A failure has three readers, and each gets a part of its own. A shell script branches on the [exit code](Exit),
//! of which there are nine. A monitor counts the [stable code](ErrorCode::code), which never changes once it has
//! been released. A person reads the sentence, which may be reworded at any time and always ends in a way out.
//!
//! ```text
//!  error[LOG-NOT-FOUND]: cannot open `logs/app.log`: no such file or directory; create the directory first, …
//!  ^^^^^ ^^^^^^^^^^^^^   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
//!  tag   for machines    what happened this time, naming the thing              the way out, one per code
//! ```

// ANCHOR: exit
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
// ANCHOR_END: exit

impl Exit {
    /// All of them, ascending.
    pub const ALL: [Exit; 9] = [
        Exit::Done,
        Exit::Untrue,
        Exit::Usage,
        Exit::Malformed,
        Exit::File,
        Exit::Network,
        Exit::Integrity,
        Exit::Refused,
        Exit::Bug,
    ];

    /// The number that the shell sees.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit.number())
    }
}

// ANCHOR: error-code
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
// ANCHOR_END: error-code

// ANCHOR: coded
/// An error with an entry in a catalog.
pub trait Coded: std::error::Error {
    /// The catalog entry.
    fn code(&self) -> &'static ErrorCode;

    /// The line for stderr: `error[CODE]: what happened; what to do`.
    fn line(&self) -> String {
        format!("error[{}]: {self}; {}", self.code().code, self.code().way_out)
    }

    /// The same line for something that was noticed and survived.
    fn warning(&self) -> String {
        format!("warning[{}]: {self}; {}", self.code().code, self.code().way_out)
    }
}
// ANCHOR_END: coded

/// Declares a crate's catalog: one documented static per code, and `CATALOG`, the list of all of them.
///
/// ```
/// logger::catalog! {
///     /// Every failure of the tea kettle.
///     CATALOG;
///     TOO_HOT = "KETTLE-TOO-HOT", Refused, "The water is above 100 °C.", "wait until it has cooled";
/// }
/// assert_eq!(TOO_HOT.exit.number(), 7);
/// assert_eq!(CATALOG.len(), 1);
/// ```
#[macro_export]
macro_rules! catalog {
    ($(#[$doc:meta])* $list:ident; $($name:ident = $code:literal, $exit:ident, $meaning:literal, $way_out:literal;)*) => {
        $(
            #[doc = $meaning]
            pub static $name: $crate::ErrorCode = $crate::ErrorCode {
                code: $code,
                exit: $crate::Exit::$exit,
                meaning: $meaning,
                way_out: $way_out,
            };
        )*
        $(#[$doc])*
        pub static $list: &[&$crate::ErrorCode] = &[$(&$name),*];
    };
}
