//! How the visits went.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Death;

/// Unexpected visits that are kept with their reason; the others are counted.
pub const UNEXPECTED_KEPT_MAX: usize = 32;
/// Different codes of refusals that are told apart for one kind.
const CODES_MAX: usize = 32;

/// What came of a churn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// By kind of death.
    pub kinds: BTreeMap<Death, KindTally>,
    /// Visits that did not go as that kind has to.
    pub unexpected: u64,
    /// The first [`UNEXPECTED_KEPT_MAX`] of them.
    pub examples: Vec<Unexpected>,
    /// From the first connection to the end of the last one.
    pub elapsed: Duration,
}

/// What came of one kind of death.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindTally {
    /// Connections.
    pub connections: u64,
    /// Whole requests that were sent.
    pub requests: u64,
    /// Right replies that were read.
    pub replies: u64,
    /// Refusals that were read, by code.
    pub told: BTreeMap<String, u64>,
    /// How the connections ended, seen from here.
    pub ended: BTreeMap<End, u64>,
}

/// How a connection ended, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// We closed it.
    WeClosed,
    /// We reset it.
    WeReset,
    /// The server finished sending.
    PeerFinished,
    /// The server, or the kernel for it, reset it.
    PeerReset,
    /// It did not come to its end in time.
    TimedOut,
    /// It never stood.
    NotConnected,
    /// The socket failed in another way.
    Failed,
}

impl End {
    /// The stable word for tables and records.
    pub fn as_str(self) -> &'static str {
        match self {
            End::WeClosed => "we-closed",
            End::WeReset => "we-reset",
            End::PeerFinished => "peer-finished",
            End::PeerReset => "peer-reset",
            End::TimedOut => "timed-out",
            End::NotConnected => "not-connected",
            End::Failed => "failed",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A visit that did not go as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexpected {
    /// Which connection, counted from 0: the same seed makes it again.
    pub number: u64,
    /// Its kind.
    pub death: Death,
    /// How it ended.
    pub end: End,
    /// What was wrong with that.
    pub reason: String,
}

/// What one visit reports.
pub(super) struct Report {
    pub(super) number: u64,
    pub(super) death: Death,
    pub(super) requests: u64,
    pub(super) replies: u64,
    pub(super) told: Option<String>,
    pub(super) end: End,
    pub(super) wrong: Option<String>,
}

impl Tally {
    /// Connections of all kinds.
    pub fn connections(&self) -> u64 {
        self.kinds.values().map(|kind| kind.connections).sum()
    }

    pub(super) fn add(&mut self, report: Report) {
        let kind = self.kinds.entry(report.death).or_default();
        kind.connections += 1;
        kind.requests += report.requests;
        kind.replies += report.replies;
        *kind.ended.entry(report.end).or_default() += 1;
        if let Some(code) = report.told
            && (kind.told.len() < CODES_MAX || kind.told.contains_key(&code))
        {
            *kind.told.entry(code).or_default() += 1;
        }
        if let Some(reason) = report.wrong {
            self.unexpected += 1;
            if self.examples.len() < UNEXPECTED_KEPT_MAX {
                let Report { number, death, end, .. } = report;
                self.examples.push(Unexpected { number, death, end, reason });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_have_their_bound_and_the_count_goes_on_past_it() {
        let mut tally =
            Tally { kinds: BTreeMap::new(), unexpected: 0, examples: Vec::new(), elapsed: Duration::ZERO };
        for number in 0..=UNEXPECTED_KEPT_MAX as u64 {
            let (death, end) = (Death::Orderly, End::PeerReset);
            let (told, wrong) = (Some(format!("CODE-{number}")), Some("told off".into()));
            tally.add(Report { number, death, requests: 1, replies: 0, told, end, wrong });
        }
        assert_eq!((tally.unexpected, tally.examples.len()), (33, UNEXPECTED_KEPT_MAX));
        assert_eq!(tally.kinds[&Death::Orderly].told.len(), CODES_MAX);
        assert_eq!(tally.connections(), 33);
    }
}
