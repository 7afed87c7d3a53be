//! Instruments: queue wait and run time for each class, as histograms.
//!
//! Each worker has histograms of its own behind a lock of its own, which nobody else wants but a reader now and then. So
//! recording costs no worker anything of another's, and a reader adds them up.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::budget::Cancelled;
use crate::queue::{Contention, Levels};
use crate::task::Outcome;

/// Longer times are recorded as this: two minutes.
pub const TIME_NS_MAX: u64 = 120_000_000_000;

/// Two significant digits: a percentile is right to a hundredth of itself, and a histogram is 36 KiB.
const DIGITS: u8 = 2;

// ANCHOR: class-meter
/// What one class did.
#[derive(Debug, Clone)]
pub struct ClassMeter {
    /// Nanoseconds from the acceptance to the start.
    pub wait: Histogram<u64>,
    /// Nanoseconds from the start to the end.
    pub run: Histogram<u64>,
    /// Tasks with an answer.
    pub finished: u64,
    /// Tasks that were told to stop because of their budget.
    pub over_budget: u64,
    /// Tasks whose caller had gone.
    pub unwanted: u64,
    /// Tasks that the shutdown's deadline cut short.
    pub cut_short: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Tasks, of all these, that took longer than their budget, asked or not.
    pub overran: u64,
}
// ANCHOR_END: class-meter

impl ClassMeter {
    pub(crate) fn new() -> Self {
        let histogram = || {
            // The bounds are constants that the library accepts.
            #[allow(clippy::unwrap_used, reason = "constant bounds, and a test makes one")]
            Histogram::new_with_bounds(1, TIME_NS_MAX, DIGITS).unwrap()
        };
        ClassMeter {
            wait: histogram(),
            run: histogram(),
            finished: 0,
            over_budget: 0,
            unwanted: 0,
            cut_short: 0,
            panicked: 0,
            overran: 0,
        }
    }

    /// Counts how a task ended.
    pub(crate) fn count<A>(&mut self, outcome: &Outcome<A>, overran: bool) {
        // lab:hole worker-pool.measure
        let counter = match outcome {
            Outcome::Finished(_) => &mut self.finished,
            Outcome::Cancelled(Cancelled::OverBudget) => &mut self.over_budget,
            Outcome::Cancelled(Cancelled::Unwanted) => &mut self.unwanted,
            Outcome::Cancelled(Cancelled::LastMoment) => &mut self.cut_short,
            Outcome::Panicked(_) => &mut self.panicked,
            Outcome::NeverStarted => return,
        };
        *counter += 1;
        self.overran += u64::from(overran);
        // lab:stub todo!("worker-pool.measure: a counter for each way to end, and the overruns beside them")
        // lab:end
    }

    /// Records how long a task waited and ran.
    pub(crate) fn record(&mut self, waited: Duration, ran: Duration) {
        self.wait.saturating_record(nanos(waited));
        self.run.saturating_record(nanos(ran));
    }

    /// Tasks that ended in any way.
    pub fn ended(&self) -> u64 {
        self.finished + self.over_budget + self.unwanted + self.cut_short + self.panicked
    }

    /// Adds another worker's.
    pub(crate) fn add(&mut self, other: &ClassMeter) {
        // Both have the same bounds, which is the one thing that could fail here.
        let _ = self.wait.add(&other.wait);
        let _ = self.run.add(&other.run);
        self.finished += other.finished;
        self.over_budget += other.over_budget;
        self.unwanted += other.unwanted;
        self.cut_short += other.cut_short;
        self.panicked += other.panicked;
        self.overran += other.overran;
    }
}

/// A whole pool at one moment.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// What each class did, in order.
    pub classes: Vec<ClassMeter>,
    /// What waits and runs, and the lock.
    pub levels: Levels,
}

impl Metrics {
    /// Tasks that ended in any way.
    pub fn ended(&self) -> u64 {
        self.classes.iter().map(ClassMeter::ended).sum()
    }

    /// Tasks that were refused for want of room.
    pub fn refused(&self) -> u64 {
        self.levels.classes.iter().map(|class| class.refused).sum()
    }

    /// The lock of the queue.
    pub fn contention(&self) -> Contention {
        self.levels.contention
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).clamp(1, TIME_NS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_counter_of_its_own() {
        let mut meter = ClassMeter::new();
        let outcomes = [
            Outcome::Finished(()),
            Outcome::Cancelled(Cancelled::OverBudget),
            Outcome::Cancelled(Cancelled::Unwanted),
            Outcome::Cancelled(Cancelled::LastMoment),
            Outcome::Panicked("x".into()),
        ];
        for outcome in &outcomes {
            meter.count(outcome, true);
        }
        meter.count(&Outcome::<()>::NeverStarted, true);
        let counts = [meter.finished, meter.over_budget, meter.unwanted, meter.cut_short, meter.panicked];
        assert_eq!(
            (counts, meter.ended(), meter.overran),
            ([1; 5], 5, 5),
            "what never started has not ended"
        );
    }

    #[test]
    fn times_beyond_the_bounds_are_recorded_at_them() {
        let mut meter = ClassMeter::new();
        meter.record(Duration::ZERO, Duration::from_secs(3600));
        assert_eq!(meter.wait.max(), 1);
        assert!(meter.run.max() >= TIME_NS_MAX, "{}", meter.run.max());
    }
}
