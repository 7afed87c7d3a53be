//! The capstone's own failures, in the error language of week 1.

use logger::{Coded, ErrorCode};

use crate::promise::Promise;

logger::catalog! {
    /// Every failure of `civictrust` itself; the weeks that it composes bring their own.
    CATALOG;
    NOT_YET = "CIVIC-NOT-YET", Refused, "The verb belongs to a week that is not built yet; nothing was done.",
        "nothing was read, written or sent; `cargo lab status` shows what works today";
}

/// A failure of the capstone.
#[derive(Debug, thiserror::Error)]
pub enum CivicError {
    /// A verb that later weeks bring.
    ///
    /// The exit code is 7, refused, and not 1: a script that asks `civictrust verify` for a verdict must never take
    /// “I cannot do this yet” for “the document is not genuine”. It is not 5 either, because waiting does not help.
    #[error("`civictrust {}` arrives in week {} with the library `{}`", .0.verb, .0.week, .0.library)]
    NotYet(&'static Promise),
}

impl Coded for CivicError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            CivicError::NotYet(_) => &NOT_YET,
        }
    }
}
