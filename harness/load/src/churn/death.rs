//! The ways in which a connection may end.

use std::fmt;

use crate::Dialect;

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Death {
    /// A few requests, all answers read, closed.
    Orderly,
    /// A few requests, the sending side closed, the answers read to the end of the stream.
    HalfClose,
    /// A few requests, all answers read, reset.
    Reset,
    /// A few requests and reset in the same breath: the answers meet nobody.
    ResetAtOnce,
    /// A header and a part of its payload, and no more.
    MidFrame,
    /// A part of a header, and no more.
    MidHeader,
    /// A header that promises 4 GiB.
    Oversize,
    /// A whole frame that is not a message ([`Dialect::Echo`] only: in the other one everything is).
    Malformed,
    /// Connected, said nothing for some milliseconds, closed.
    Silent,
    /// A few requests; closed when the answers were there, without reading them, which the kernel makes a reset.
    Unread,
    /// Closed as soon as it stood.
    Immediate,
}

impl Death {
    /// Every kind.
    pub const ALL: [Death; 11] = [
        Death::Orderly,
        Death::HalfClose,
        Death::Reset,
        Death::ResetAtOnce,
        Death::MidFrame,
        Death::MidHeader,
        Death::Oversize,
        Death::Malformed,
        Death::Silent,
        Death::Unread,
        Death::Immediate,
    ];

    /// The stable word for tables and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Death::Orderly => "orderly",
            Death::HalfClose => "half-close",
            Death::Reset => "reset",
            Death::ResetAtOnce => "reset-at-once",
            Death::MidFrame => "mid-frame",
            Death::MidHeader => "mid-header",
            Death::Oversize => "oversize",
            Death::Malformed => "malformed",
            Death::Silent => "silent",
            Death::Unread => "unread",
            Death::Immediate => "immediate",
        }
    }

    /// True where there is such a thing.
    pub fn exists_in(self, dialect: Dialect) -> bool {
        self != Death::Malformed || dialect == Dialect::Echo
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
