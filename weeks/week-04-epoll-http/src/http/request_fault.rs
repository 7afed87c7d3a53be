//! Everything that can be wrong with a request that comes in, and the status that says so.

use framing::Rule;
use logger::{Coded, ErrorCode};

use super::ParseError;
use crate::catalog;

/// Why a request was refused, or where it ended too early. After any of these nobody knows where the next request
/// begins, so the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// Not a method, a target and a version with one space between them.
    #[error("the request line is not a method, a target and a version with one space between them")]
    Line,
    /// A version that is neither 1.0 nor 1.1.
    #[error("the version is neither HTTP/1.1 nor HTTP/1.0")]
    Version,
    /// A target that is neither a path nor an `http` URL.
    #[error("the target is neither a path of visible characters nor an http URL")]
    Target,
    /// A target, or a request line, above its limit.
    #[error("the request line is too long: a target has at most {limit} bytes")]
    TargetTooLong {
        /// Limit of the target in bytes.
        limit: usize,
    },
    /// No Host field in a request of version 1.1, more than one in any, or one that is no host.
    #[error("a request has exactly one Host field, with a host and perhaps a port")]
    Host,
    /// More than one request id, or one outside of the alphabet.
    #[error("the request id is there twice, too long or outside of A-Z a-z 0-9 . _ -")]
    Id,
    /// A malformed line or field of the head.
    #[error(transparent)]
    Field(ParseError),
    /// The head is above a limit.
    #[error(transparent)]
    HeadTooLarge(ParseError),
    /// The length of the body is said twice or unclearly.
    #[error(transparent)]
    Length(ParseError),
    /// A body in a transfer coding.
    #[error("a body in a transfer coding is not taken here")]
    Coding,
    /// A body with a length.
    #[error("a body of {bytes} bytes is not taken here")]
    Body {
        /// Bytes announced.
        bytes: u64,
    },
}

/// The request was refused for its bytes; one rule for each class, so that logs can count them.
macro_rules! refusals {
    ($($name:ident = $class:literal, $code:ident;)*) => {
        $(static $name: Rule = Rule { class: $class, code: Some(&catalog::$code), told: true };)*
    };
}

refusals! {
    LINE = "bad-request-line", HTTP_REQUEST_LINE;
    VERSION = "unknown-version", HTTP_REQUEST_VERSION;
    TARGET = "bad-target", HTTP_REQUEST_TARGET;
    TARGET_TOO_LONG = "target-too-long", HTTP_REQUEST_TARGET_TOO_LONG;
    HOST = "bad-host", HTTP_REQUEST_HOST;
    ID = "bad-request-id", HTTP_REQUEST_ID;
    FIELD = "bad-field", HTTP_REQUEST_FIELD;
    HEAD_TOO_LARGE = "head-too-large", HTTP_REQUEST_HEAD_TOO_LARGE;
    LENGTH = "unclear-length", HTTP_REQUEST_LENGTH;
    CODING = "transfer-coding", HTTP_REQUEST_CODING;
    BODY = "body-refused", HTTP_REQUEST_BODY;
}

// ANCHOR: request-fault
impl RequestFault {
    /// The status of the answer (RFC 9110, section 15).
    pub fn status(&self) -> u16 {
        match self {
            RequestFault::Body { .. } => 413,
            RequestFault::TargetTooLong { .. } => 414,
            RequestFault::HeadTooLarge(_) => 431,
            RequestFault::Coding => 501,
            RequestFault::Version => 505,
            _ => 400,
        }
    }

    /// The rule under which the connection ends.
    pub fn rule(&self) -> &'static Rule {
        match self {
            RequestFault::Line => &LINE,
            RequestFault::Version => &VERSION,
            RequestFault::Target => &TARGET,
            RequestFault::TargetTooLong { .. } => &TARGET_TOO_LONG,
            RequestFault::Host => &HOST,
            RequestFault::Id => &ID,
            RequestFault::Field(_) => &FIELD,
            RequestFault::HeadTooLarge(_) => &HEAD_TOO_LARGE,
            RequestFault::Length(_) => &LENGTH,
            RequestFault::Coding => &CODING,
            RequestFault::Body { .. } => &BODY,
        }
    }
}
// ANCHOR_END: request-fault

impl Coded for RequestFault {
    fn code(&self) -> &'static ErrorCode {
        self.rule().code.unwrap_or(&catalog::HTTP_REQUEST_LINE)
    }
}
