//! The clients that are to notice nothing, and what they noticed.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Fact, Histogram, Measurement, Series};
use faults::drill::Trial;
use hdrhistogram::Histogram as Recorder;
use load::{Dialect, Group, LATENCY_NS_MAX, Load, LoadError, Outcome, Plan};

use crate::wire::Server;

/// The latency beside a slow reader may be this much of what it is without: more than the noise of a busy machine makes
/// of a median of windows, and far less than what waiting for a slow reader would cost.
const FACTOR_MAX: f64 = 5.0;
/// Differences below this are the scheduler's, whatever the factor.
const NOISE_NS: u64 = 5_000_000;

/// Clients at a fixed pace, and the count of what became of their requests.
pub(crate) struct Polite {
    load: Load,
    requests: u64,
    replies: u64,
    wrong: BTreeMap<String, u64>,
}

impl Polite {
    /// The first of the groups is the polite one.
    pub(crate) fn connect(server: &Server, seed: u64, groups: Vec<Group>) -> Result<Self, LoadError> {
        let plan = Plan { seed, ..Plan::to(server.address, Dialect::Echo) };
        let load = Load::connect(groups.into_iter().fold(plan, Plan::group))?;
        Ok(Polite { load, requests: 0, replies: 0, wrong: BTreeMap::new() })
    }

    /// One look: requests leave for this long, and all their answers are awaited.
    pub(crate) fn window(&mut self, time: Duration) -> Result<Outcome, LoadError> {
        self.load.run_for(time)?;
        let outcome = self.load.outcome();
        self.load.reset();
        let polite = &outcome.groups[0];
        self.requests += polite.requests;
        self.replies += polite.replies;
        for (class, times) in &polite.errors {
            *self.wrong.entry(class.to_string()).or_default() += times;
        }
        for (how, times) in &polite.corrupt {
            *self.wrong.entry(format!("wrong answer: {how}")).or_default() += times;
        }
        Ok(outcome)
    }

    /// Whether every request so far was answered, byte for byte.
    pub(crate) fn judge(&self, trial: &Trial, id: &str) {
        trial.invariant(
            id,
            "every request of the fifty polite clients is answered, byte for byte",
            self.requests == self.replies && self.wrong.is_empty() && self.replies > 0,
            format!("{} of {} were answered; {:?}", self.replies, self.requests, self.wrong),
            vec![Fact::count("requests", self.requests, ""), Fact::count("answered", self.replies, "")],
        );
    }
}

/// The latency of many windows of one kind.
pub(crate) struct Course {
    all: Recorder<u64>,
    p99_ns: Vec<u64>,
}

/// Windows beside a follower that reads, and in turns with them those beside one that does not (in the control run, it
/// reads then too).
pub(crate) struct Courses {
    pub(crate) reading: Course,
    pub(crate) beside: Course,
}

impl Course {
    fn new() -> Result<Self, hdrhistogram::CreationError> {
        Ok(Course { all: Recorder::new_with_bounds(1, LATENCY_NS_MAX, 2)?, p99_ns: Vec::new() })
    }

    pub(crate) fn add(&mut self, outcome: &Outcome) -> Result<(), hdrhistogram::AdditionError> {
        let latency = &outcome.groups[0].latency;
        self.p99_ns.push(latency.value_at_quantile(0.99));
        self.all.add(latency)
    }

    fn median_p99_ns(&self) -> u64 {
        let mut sorted = self.p99_ns.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }
}

impl Courses {
    pub(crate) fn new() -> Result<Self, hdrhistogram::CreationError> {
        Ok(Courses { reading: Course::new()?, beside: Course::new()? })
    }

    /// Compares the medians of both kinds of windows.
    pub(crate) fn report(&self, trial: &Trial) {
        let (beside, reading) = (self.beside.median_p99_ns(), self.reading.median_p99_ns());
        let factor = beside as f64 / reading.max(1) as f64;
        let alike = factor <= FACTOR_MAX || beside.saturating_sub(reading) <= NOISE_NS;
        trial.invariant(
            "event-loop.nobody-notices",
            "the median p99 of the polite clients is the same beside a slow reader and beside one that reads",
            !self.beside.p99_ns.is_empty() && alike,
            format!("{beside} ns beside a slow reader, {reading} ns beside one that reads"),
            vec![
                Fact::count("p99-beside-a-reader", reading, "ns"),
                Fact::count("p99-beside-a-slow-reader", beside, "ns"),
                Fact::real("factor", (factor * 100.0).round() / 100.0, "x"),
                Fact::count("windows", self.beside.p99_ns.len() as u64, ""),
            ],
        );
        let series = |name, course: &Course| Series::of(name, Histogram::from_hdr(&course.all));
        trial.measured(
            Measurement::of("polite-latency", "An answer to one of fifty polite clients", "ns")
                .series(series("the follower reads", &self.reading))
                .series(series("the follower does not read", &self.beside)),
        );
    }
}
