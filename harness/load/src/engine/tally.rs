//! What is counted while a group runs.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::LoadError;
use crate::outcome::{Corruption, ErrorClass, GroupOutcome, Interval, LATENCY_NS_MAX};
use crate::plan::INTERVALS_MAX;

/// Different refusal codes that are told apart; a server has a handful.
const CODES_MAX: usize = 64;

/// The counters of one group.
pub(super) struct Tally {
    pub(super) requests: u64,
    pub(super) replies: u64,
    pub(super) errors: BTreeMap<ErrorClass, u64>,
    pub(super) ends: BTreeMap<ErrorClass, u64>,
    refusals: BTreeMap<String, u64>,
    corrupt: BTreeMap<Corruption, u64>,
    latency: Histogram<u64>,
    /// The running interval, where a series is wanted.
    current: Option<Histogram<u64>>,
    /// Replies and errors at the last point of the series.
    marked: (u64, u64),
    intervals: Vec<Interval>,
}

impl Tally {
    pub(super) fn new(series: bool) -> Result<Self, LoadError> {
        let histogram = || {
            Histogram::new_with_bounds(1, LATENCY_NS_MAX, 2)
                .map_err(|e| LoadError::system("making a histogram", std::io::Error::other(e.to_string())))
        };
        Ok(Tally {
            requests: 0,
            replies: 0,
            errors: BTreeMap::new(),
            ends: BTreeMap::new(),
            refusals: BTreeMap::new(),
            corrupt: BTreeMap::new(),
            latency: histogram()?,
            current: if series { Some(histogram()?) } else { None },
            marked: (0, 0),
            intervals: Vec::new(),
        })
    }

    /// Everything back to zero.
    pub(super) fn reset(&mut self) {
        (self.requests, self.replies, self.marked) = (0, 0, (0, 0));
        self.errors.clear();
        self.ends.clear();
        self.refusals.clear();
        self.corrupt.clear();
        self.intervals.clear();
        self.latency.reset();
        if let Some(current) = &mut self.current {
            current.reset();
        }
    }

    /// So many right replies that took so long, each.
    pub(super) fn answered(&mut self, count: u64, latency_ns: u64) {
        self.replies += count;
        // A histogram has no bucket for 0, and one clock tick is the least that can be known.
        let latency_ns = latency_ns.max(1);
        self.latency.saturating_record_n(latency_ns, count);
        if let Some(current) = &mut self.current {
            current.saturating_record_n(latency_ns, count);
        }
    }

    /// A connection that ended, with the requests that it took along.
    pub(super) fn ended(&mut self, class: ErrorClass, requests: u64) {
        *self.ends.entry(class).or_default() += 1;
        self.lost(class, requests);
    }

    /// Requests that get no reply.
    pub(super) fn lost(&mut self, class: ErrorClass, requests: u64) {
        if requests > 0 {
            *self.errors.entry(class).or_default() += requests;
        }
    }

    pub(super) fn corrupt(&mut self, how: Corruption) {
        *self.corrupt.entry(how).or_default() += 1;
    }

    pub(super) fn refused(&mut self, code: String) {
        if self.refusals.len() < CODES_MAX || self.refusals.contains_key(&code) {
            *self.refusals.entry(code).or_default() += 1;
        }
    }

    /// Writes down a point of the series.
    pub(super) fn mark(&mut self, at_seconds: f64) {
        let errors = self.errors.values().sum::<u64>() + self.corrupt.values().sum::<u64>();
        let Some(current) = &mut self.current else { return };
        if self.intervals.len() < INTERVALS_MAX {
            self.intervals.push(Interval {
                at_seconds,
                replies: self.replies - self.marked.0,
                errors: errors - self.marked.1,
                p50_ns: current.value_at_quantile(0.5),
                p95_ns: current.value_at_quantile(0.95),
                p99_ns: current.value_at_quantile(0.99),
                max_ns: current.max(),
            });
        }
        self.marked = (self.replies, errors);
        current.reset();
    }

    pub(super) fn outcome(
        &self,
        name: &str,
        connections: usize,
        in_flight: u64,
        elapsed: Duration,
    ) -> GroupOutcome {
        GroupOutcome {
            name: name.to_owned(),
            connections,
            requests: self.requests,
            replies: self.replies,
            errors: self.errors.clone(),
            ends: self.ends.clone(),
            refusals: self.refusals.clone(),
            corrupt: self.corrupt.clone(),
            in_flight,
            latency: self.latency.clone(),
            elapsed,
            intervals: self.intervals.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_its_bound_and_the_totals_go_on_past_it() {
        let mut tally = Tally::new(true).unwrap();
        for second in 0..=INTERVALS_MAX {
            tally.answered(2, 1000);
            tally.mark(second as f64 + 1.0);
        }
        let outcome = tally.outcome("g", 1, 0, Duration::from_secs(1));
        assert_eq!(outcome.intervals.len(), INTERVALS_MAX);
        assert!(outcome.intervals.iter().all(|point| point.replies == 2));
        assert_eq!(outcome.replies, 2 * (INTERVALS_MAX as u64 + 1));
    }

    #[test]
    fn codes_of_refusals_have_their_bound_and_known_ones_are_counted_past_it() {
        let mut tally = Tally::new(false).unwrap();
        for code in 0..=CODES_MAX {
            tally.refused(format!("CODE-{code}"));
        }
        tally.refused("CODE-0".into());
        assert_eq!((tally.refusals.len(), tally.refusals["CODE-0"]), (CODES_MAX, 2));
    }
}
