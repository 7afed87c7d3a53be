//! What became of the requests.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{Corruption, ErrorClass};

/// What became of the requests of all groups.
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

/// What became of the requests of one group, since the beginning or the last reset.
///
/// A *request* is what a user wants, an *attempt* one sending of it. Every request becomes exactly one thing:
/// `requests + carried` is [`settled`](GroupOutcome::settled) plus `in_flight`.
#[derive(Debug, Clone)]
pub struct GroupOutcome {
    /// Its name.
    pub name: String,
    /// Connections that stand now.
    pub connections: usize,
    /// Requests that were due.
    pub requests: u64,
    /// Requests that were in flight at the last reset.
    pub carried: u64,
    /// Attempts that left, the first ones and the later ones.
    pub attempts: u64,
    /// Those of them that were not the first of their request.
    pub retries: u64,
    /// Requests with the right reply within the deadline of its attempt.
    pub right: u64,
    /// Requests that were given up for good, and whose right reply came after all.
    pub late: u64,
    /// Requests that were refused or rejected, and not sent again, by code.
    pub rejected: BTreeMap<String, u64>,
    /// Requests that were given up for good, and have no answer so far.
    pub timed_out: u64,
    /// Requests that failed otherwise: by how their connection ended, and [`ErrorClass::Unsent`] for those that could
    /// not leave.
    pub failed: BTreeMap<ErrorClass, u64>,
    /// Requests that got another reply than the expected one.
    pub wrong: u64,
    /// Requests with an attempt in flight, or waiting for their next one.
    pub in_flight: u64,
    /// Refusals and rejections of attempts and of connections, by code; of those, too, that were sent again.
    pub codes: BTreeMap<String, u64>,
    /// Answers that were wrong, by how. All but [`Corruption::Bytes`] end the connection.
    pub corrupt: BTreeMap<Corruption, u64>,
    /// Replies that came after the reply to a later request of their connection.
    pub out_of_order: u64,
    /// The same over replies, refusals and rejections together.
    pub answers_out_of_order: u64,
    /// Right replies to attempts that had been given up: work for nobody. Those that make a request `late` are a part.
    pub late_replies: u64,
    /// Connections that ended, or could not be made again, by why.
    pub ends: BTreeMap<ErrorClass, u64>,
    /// Retries that the policy wanted and [`RETRIES_WAITING_MAX`](super::RETRIES_WAITING_MAX) did not allow.
    pub retries_dropped: u64,
    /// Nanoseconds from when a request was due to its right reply in time, through all its attempts. Two significant
    /// digits, up to [`LATENCY_NS_MAX`](crate::LATENCY_NS_MAX).
    pub latency: Histogram<u64>,
    /// Time from the first push to the last answer, without rests.
    pub elapsed: Duration,
    /// The series over time, where the plan asks for one.
    pub intervals: Vec<Interval>,
}

impl GroupOutcome {
    /// Requests that have become something.
    pub fn settled(&self) -> u64 {
        self.right + self.late + self.timed_out + self.wrong + self.rejected_total() + self.failed_total()
    }

    /// Right replies in time, a second.
    pub fn goodput(&self) -> f64 {
        self.right as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Requests that were refused or rejected for good, whatever the code.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Requests that failed, whatever the class.
    pub fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Requests that could not leave: no connection stood, or it had as much in flight as it may.
    pub fn unsent(&self) -> u64 {
        self.failed.get(&ErrorClass::Unsent).copied().unwrap_or(0)
    }
}

/// One point of the series over time. What is counted here are attempts, but for `right`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its end, in seconds since the counting began.
    pub at_seconds: f64,
    /// First attempts that left in it.
    pub first: u64,
    /// Later attempts that left in it.
    pub retries: u64,
    /// Requests that got their right reply in time.
    pub right: u64,
    /// Attempts that were refused or rejected.
    pub rejected: u64,
    /// Attempts that were given up.
    pub timed_out: u64,
    /// 99th percentile of the latency of `right`, in nanoseconds; 0 without any.
    pub p99_ns: u64,
}
