//! The lab's own failures, in the error language of week 1.

use logger::{Coded, ErrorCode, Exit};

/// A failure with a catalog entry and what happened this time.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// The catalog entry.
    pub code: &'static ErrorCode,
    /// What happened, naming the thing and the place.
    pub what: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(code: &'static ErrorCode, what: impl Into<String>) -> Self {
        Failure { code, what: what.into() }
    }
}

impl Coded for Failure {
    fn code(&self) -> &'static ErrorCode {
        self.code
    }
}

/// Declares the catalog: one constant per code, and the list of all.
macro_rules! catalog {
    ($($name:ident = $code:literal, $exit:ident, $meaning:literal, $way_out:literal;)*) => {
        $(
            #[doc = $meaning]
            pub static $name: ErrorCode =
                ErrorCode { code: $code, exit: Exit::$exit, meaning: $meaning, way_out: $way_out };
        )*
        /// Every failure of the `lab` command.
        pub static CATALOG: &[&ErrorCode] = &[$(&$name),*];
    };
}

catalog! {
    WEEK_DATA = "LAB-WEEK-DATA", Malformed, "A week.yaml does not fit the schema.",
        "fix the named line; the schema is in harness/lab/src/course";
    NO_SUCH_WEEK = "LAB-NO-SUCH-WEEK", Usage, "There is no such week or day.",
        "weeks are 1 to 24 and days 1 to 6, as in `cargo lab day 3.2`";
}
