//! What is counted while a group runs.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::outcome::{GroupOutcome, Interval};
use super::retry::Why;
use crate::LoadError;
use crate::outcome::{Corruption, ErrorClass, LATENCY_NS_MAX};
use crate::plan::INTERVALS_MAX;

/// Different codes that are told apart; a server has a handful. The rest is counted as [`OTHER_CODES`].
const CODES_MAX: usize = 64;
const OTHER_CODES: &str = "other";

/// The counters of one group.
pub(super) struct Tally {
    pub(super) requests: u64,
    pub(super) late: u64,
    pub(super) wrong: u64,
    pub(super) out_of_order: u64,
    pub(super) answers_out_of_order: u64,
    pub(super) late_replies: u64,
    pub(super) retries_dropped: u64,
    /// How often it was reset: what was settled in an earlier counting cannot be settled otherwise in this one.
    pub(super) counting: u32,
    carried: u64,
    timed_out: u64,
    rejected: BTreeMap<String, u64>,
    failed: BTreeMap<ErrorClass, u64>,
    codes: BTreeMap<String, u64>,
    corrupt: BTreeMap<Corruption, u64>,
    ends: BTreeMap<ErrorClass, u64>,
    latency: Histogram<u64>,
    /// The running interval, where a series is wanted.
    current: Option<Histogram<u64>>,
    so_far: Counts,
    /// The same at the last point of the series.
    marked: Counts,
    intervals: Vec<Interval>,
}

/// What the series over time is made of.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    first: u64,
    retries: u64,
    right: u64,
    rejected: u64,
    timed_out: u64,
}

impl Tally {
    pub(super) fn new(series: bool) -> Result<Self, LoadError> {
        let histogram = || {
            Histogram::new_with_bounds(1, LATENCY_NS_MAX, 2)
                .map_err(|e| LoadError::system("making a histogram", std::io::Error::other(e.to_string())))
        };
        Ok(Tally::of(histogram()?, if series { Some(histogram()?) } else { None }))
    }

    fn of(latency: Histogram<u64>, current: Option<Histogram<u64>>) -> Self {
        Tally {
            requests: 0,
            late: 0,
            wrong: 0,
            out_of_order: 0,
            answers_out_of_order: 0,
            late_replies: 0,
            retries_dropped: 0,
            counting: 0,
            carried: 0,
            timed_out: 0,
            rejected: BTreeMap::new(),
            failed: BTreeMap::new(),
            codes: BTreeMap::new(),
            corrupt: BTreeMap::new(),
            ends: BTreeMap::new(),
            latency,
            current,
            so_far: Counts::default(),
            marked: Counts::default(),
            intervals: Vec::new(),
        }
    }

    /// Everything back to zero, with so many requests in flight.
    pub(super) fn reset(&mut self, in_flight: u64) {
        let (mut latency, mut current) = (self.latency.clone(), self.current.take());
        latency.reset();
        current.iter_mut().for_each(|current| current.reset());
        let counting = self.counting.wrapping_add(1);
        *self = Tally { counting, carried: in_flight, ..Tally::of(latency, current) };
    }

    /// An attempt left.
    pub(super) fn sent(&mut self, attempt: u32) {
        let count = if attempt == 1 { &mut self.so_far.first } else { &mut self.so_far.retries };
        *count += 1;
    }

    /// A request got its right reply in time.
    pub(super) fn right(&mut self, latency_ns: u64) {
        self.so_far.right += 1;
        // A histogram has no bucket for 0, and one clock tick is the least that can be known.
        let latency_ns = latency_ns.max(1);
        self.latency.saturating_record(latency_ns);
        if let Some(current) = &mut self.current {
            current.saturating_record(latency_ns);
        }
    }

    /// An attempt failed, for good or not.
    pub(super) fn attempt_failed(&mut self, why: &Why) {
        match why {
            Why::Rejected { .. } => self.so_far.rejected += 1,
            Why::TimedOut => self.so_far.timed_out += 1,
            Why::Ended(_) => {}
        }
    }

    /// A request failed for good.
    pub(super) fn failed(&mut self, why: &Why) {
        match why {
            Why::Rejected { code, .. } => count(&mut self.rejected, code),
            Why::TimedOut => self.timed_out += 1,
            Why::Ended(class) => *self.failed.entry(*class).or_default() += 1,
        }
    }

    /// A request that was given up for good, in that counting, has got its right reply after all.
    pub(super) fn came_late(&mut self, counting: u32) {
        if counting == self.counting {
            self.timed_out -= 1;
            self.late += 1;
        }
    }

    /// A refusal or rejection, of whatever.
    pub(super) fn code(&mut self, code: &str) {
        count(&mut self.codes, code);
    }

    pub(super) fn corrupt(&mut self, how: Corruption) {
        *self.corrupt.entry(how).or_default() += 1;
    }

    /// A connection ended, or could not be made.
    pub(super) fn ended(&mut self, class: ErrorClass) {
        *self.ends.entry(class).or_default() += 1;
    }

    /// Writes down a point of the series.
    pub(super) fn mark(&mut self, at_seconds: f64) {
        let Some(current) = &mut self.current else { return };
        let (now, before) = (self.so_far, self.marked);
        if self.intervals.len() < INTERVALS_MAX {
            self.intervals.push(Interval {
                at_seconds,
                first: now.first - before.first,
                retries: now.retries - before.retries,
                right: now.right - before.right,
                rejected: now.rejected - before.rejected,
                timed_out: now.timed_out - before.timed_out,
                p99_ns: current.value_at_quantile(0.99),
            });
        }
        self.marked = now;
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
            carried: self.carried,
            attempts: self.so_far.first + self.so_far.retries,
            retries: self.so_far.retries,
            right: self.so_far.right,
            late: self.late,
            rejected: self.rejected.clone(),
            timed_out: self.timed_out,
            failed: self.failed.clone(),
            wrong: self.wrong,
            in_flight,
            codes: self.codes.clone(),
            corrupt: self.corrupt.clone(),
            out_of_order: self.out_of_order,
            answers_out_of_order: self.answers_out_of_order,
            late_replies: self.late_replies,
            ends: self.ends.clone(),
            retries_dropped: self.retries_dropped,
            latency: self.latency.clone(),
            elapsed,
            intervals: self.intervals.clone(),
        }
    }
}

fn count(codes: &mut BTreeMap<String, u64>, code: &str) {
    if let Some(count) = codes.get_mut(code) {
        *count += 1;
        return;
    }
    let code = if codes.len() < CODES_MAX { code } else { OTHER_CODES };
    *codes.entry(code.to_owned()).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_its_bound_and_the_totals_go_on_past_it() {
        let mut tally = Tally::new(true).unwrap();
        for second in 0..=INTERVALS_MAX {
            tally.right(1000);
            tally.mark(second as f64 + 1.0);
        }
        let outcome = tally.outcome("g", 1, 0, Duration::ZERO);
        assert_eq!((outcome.intervals.len(), outcome.right), (INTERVALS_MAX, INTERVALS_MAX as u64 + 1));
        assert!(outcome.intervals.iter().all(|point| point.right == 1));
    }

    #[test]
    fn codes_have_their_bound_and_no_request_is_lost_past_it() {
        let mut tally = Tally::new(false).unwrap();
        for code in 0..=CODES_MAX {
            tally.failed(&Why::Rejected { code: format!("CODE-{code}"), retry_after: None });
        }
        let outcome = tally.outcome("g", 1, 0, Duration::ZERO);
        assert_eq!((outcome.rejected_total(), outcome.rejected["other"]), (CODES_MAX as u64 + 1, 1));
        assert_eq!(outcome.rejected["CODE-0"], 1);
    }

    #[test]
    fn what_timed_out_before_a_reset_is_not_late_after_it() {
        let mut tally = Tally::new(false).unwrap();
        tally.failed(&Why::TimedOut);
        let before = tally.counting;
        tally.reset(3);
        tally.came_late(before);
        let outcome = tally.outcome("g", 1, 3, Duration::ZERO);
        assert_eq!((outcome.late, outcome.timed_out, outcome.carried), (0, 0, 3));
    }
}
