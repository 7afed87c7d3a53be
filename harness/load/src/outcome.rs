//! What came of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is told apart from longer ones: a minute, in nanoseconds.
pub const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// What came of all groups.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// In the order of the plan.
    pub groups: Vec<GroupOutcome>,
}

impl Outcome {
    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<&GroupOutcome> {
        self.groups.iter().find(|group| group.name == name)
    }
}

/// What came of one group, since the beginning or the last reset.
///
/// Nothing gets lost in the counting: requests that were in flight before, plus `requests`, are `replies`, plus wrong
/// replies, plus errors, plus what is in flight now.
#[derive(Debug, Clone)]
pub struct GroupOutcome {
    /// Its name.
    pub name: String,
    /// Connections that stand now.
    pub connections: usize,
    /// Requests that left, or were to leave.
    pub requests: u64,
    /// Replies that were right, byte for byte.
    pub replies: u64,
    /// Requests without a reply, by what happened to their connection.
    pub errors: BTreeMap<ErrorClass, u64>,
    /// Connections that ended, or could not be made again, by why.
    pub ends: BTreeMap<ErrorClass, u64>,
    /// Refusals that the server sent, by code ([`Dialect::Echo`](crate::Dialect::Echo) only).
    pub refusals: BTreeMap<String, u64>,
    /// Replies that were wrong, by how.
    pub corrupt: BTreeMap<Corruption, u64>,
    /// Requests without an answer of any kind so far.
    pub in_flight: u64,
    /// Nanoseconds from a request to its right reply: from the moment it was due to leave. Two significant digits, up to
    /// [`LATENCY_NS_MAX`].
    pub latency: Histogram<u64>,
    /// Time in which requests left or replies were still awaited.
    pub elapsed: Duration,
    /// The series over time, where the plan asks for one.
    pub intervals: Vec<Interval>,
}

impl GroupOutcome {
    /// Right replies a second.
    pub fn throughput(&self) -> f64 {
        self.replies as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Requests without a reply, whatever the class.
    pub fn errors_total(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Wrong replies, however wrong.
    pub fn corrupt_total(&self) -> u64 {
        self.corrupt.values().sum()
    }
}

/// One point of the series over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its end, in seconds since the counting began.
    pub at_seconds: f64,
    /// Right replies in it.
    pub replies: u64,
    /// Requests that failed in it, and replies that were wrong.
    pub errors: u64,
    /// Median latency of its replies, in nanoseconds; 0 without any.
    pub p50_ns: u64,
    /// 95th percentile.
    pub p95_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// Why a request got no reply, or a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// Nobody listens there.
    ConnectRefused,
    /// The connection did not stand in time, or could not be made for another reason.
    ConnectFailed,
    /// The server finished sending.
    Closed,
    /// The server reset the connection.
    Reset,
    /// No reply within the request deadline.
    TimedOut,
    /// The server sent a refusal.
    Refused,
    /// A wrong reply after which the rest of the stream could not be told apart.
    OutOfStep,
    /// Never sent: no connection stood, or more waited than a connection may have waiting.
    Unsent,
    /// The socket failed in another way.
    Socket,
}

impl ErrorClass {
    /// The stable word for tables and records.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorClass::ConnectRefused => "connect-refused",
            ErrorClass::ConnectFailed => "connect-failed",
            ErrorClass::Closed => "closed",
            ErrorClass::Reset => "reset",
            ErrorClass::TimedOut => "timed-out",
            ErrorClass::Refused => "refused",
            ErrorClass::OutOfStep => "out-of-step",
            ErrorClass::Unsent => "unsent",
            ErrorClass::Socket => "socket",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// In which way a reply was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Corruption {
    /// Another length than the request's. The connection is given up.
    Length,
    /// The answer to a request that was answered before. The connection is given up.
    Repeated,
    /// The answer to a later request than the oldest one. The connection is given up.
    OutOfOrder,
    /// An answer that this connection did not ask for. The connection is given up.
    Unasked,
    /// The right length and sequence number, and other bytes. The connection goes on.
    Bytes,
}

impl Corruption {
    /// The stable word for tables and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Corruption::Length => "length",
            Corruption::Repeated => "repeated",
            Corruption::OutOfOrder => "out-of-order",
            Corruption::Unasked => "unasked",
            Corruption::Bytes => "bytes",
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
