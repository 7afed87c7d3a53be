//! Findings, put together where they are found: in gates, drills and benches.
//!
//! ```
//! use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Ratio, Series, Verdict};
//!
//! let ours = Histogram::of_values([900, 1_000, 1_100]);
//! let finding = Finding::of("appending is at least as fast as the peer")
//!     .seed(7)
//!     .criterion(
//!         Criterion::check("logger.nothing-lost", "every record is read back", true, "")
//!             .fact(Fact::count("records", 3, "records")),
//!     )
//!     .measurement(
//!         Measurement::of("append", "One append", "ns")
//!             .series(Series::of("logger", ours).fact(Fact::real("rate", 1e6, "records/s"))),
//!     )
//!     .ratio(Ratio::of_rounds("append", "appends a second", "logger", "peer", &[1.2, 1.1, 1.4], Some(1.0)));
//!
//! assert_eq!(finding.verdict, Verdict::Passed);
//! assert_eq!(finding.ratios[0].median, 1.2);
//! ```
//!
//! [`Finding::verdict`] follows from the parts after every step, so there is no last call to forget.

use crate::{
    Criterion, DrillAccount, Fact, Finding, Histogram, Measurement, Ratio, Series, Trial, Value, Verdict,
};

impl Fact {
    /// A whole number with its unit.
    pub fn count(name: &str, value: u64, unit: &str) -> Self {
        Fact { name: name.into(), value: Value::Count(value), unit: unit.into() }
    }

    /// A real number with its unit. It must be finite: JSON has no other, and [`Finding::check`] refuses it.
    pub fn real(name: &str, value: f64, unit: &str) -> Self {
        Fact { name: name.into(), value: Value::Real(value), unit: unit.into() }
    }

    /// A word.
    pub fn text(name: &str, value: &str) -> Self {
        Fact { name: name.into(), value: Value::Text(value.into()), unit: String::new() }
    }
}

impl Criterion {
    /// A criterion with its verdict; `detail` says why, where it did not pass, and is dropped where it did.
    pub fn of(id: &str, claim: &str, verdict: Verdict, detail: impl Into<String>) -> Self {
        let detail = match (verdict, detail.into()) {
            (Verdict::Passed, _) => String::new(),
            (_, detail) if detail.is_empty() => "no reason was given".into(),
            (_, detail) => detail,
        };
        Criterion { id: id.into(), claim: claim.into(), verdict, detail, facts: Vec::new() }
    }

    /// Passed when `holds`, else failed for the reason in `detail`.
    pub fn check(id: &str, claim: &str, holds: bool, detail: impl Into<String>) -> Self {
        Criterion::of(id, claim, if holds { Verdict::Passed } else { Verdict::Failed }, detail)
    }

    /// Backs the verdict with a number.
    #[must_use]
    pub fn fact(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }
}

impl Measurement {
    /// A chart without series yet.
    pub fn of(id: &str, title: &str, unit: &str) -> Self {
        Measurement { id: id.into(), title: title.into(), unit: unit.into(), x: None, series: Vec::new() }
    }

    /// Names the horizontal axis of a chart that is no course over time, with its unit: its points are then (x, value).
    #[must_use]
    pub fn over(mut self, x: &str) -> Self {
        self.x = Some(x.into());
        self
    }

    /// Adds a contestant.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }
}

impl Series {
    /// A contestant with its distribution.
    pub fn of(name: &str, histogram: Histogram) -> Self {
        Series { histogram: Some(histogram), ..Series::named(name) }
    }

    /// A curve over the axis that its measurement names with [`Measurement::over`]: (x, value), in the order of x.
    pub fn curve(name: &str, points: Vec<(f64, f64)>) -> Self {
        Series { points, ..Series::named(name) }
    }

    /// A course over time: (seconds since start, value).
    pub fn over_time(name: &str, points: Vec<(f64, f64)>) -> Self {
        Series { points, ..Series::named(name) }
    }

    /// A contestant of which only facts are known (a throughput, a size).
    pub fn named(name: &str) -> Self {
        Series { name: name.into(), peer: false, facts: Vec::new(), histogram: None, points: Vec::new() }
    }

    /// Marks what we are compared with.
    #[must_use]
    pub fn peer(mut self) -> Self {
        self.peer = true;
        self
    }

    /// Adds a named number of this series.
    #[must_use]
    pub fn fact(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }
}

impl Ratio {
    /// Subject over peer from the ratios of interleaved rounds.
    ///
    /// The median of an even number of rounds is the mean of the middle two.
    ///
    /// # Panics
    /// Without rounds, or with a ratio that is not finite: that measured nothing, and no number may stand for it.
    pub fn of_rounds(
        id: &str,
        claim: &str,
        subject: &str,
        peer: &str,
        rounds: &[f64],
        bar: Option<f64>,
    ) -> Self {
        assert!(!rounds.is_empty(), "ratio {id}: no rounds were measured");
        assert!(rounds.iter().all(|ratio| ratio.is_finite()), "ratio {id}: not finite in {rounds:?}");
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        let upper = sorted[sorted.len() / 2];
        let lower = sorted[(sorted.len() - 1) / 2];
        Ratio {
            id: id.into(),
            claim: claim.into(),
            subject: subject.into(),
            peer: peer.into(),
            // Not (lower + upper) / 2, which can overflow; for an odd count this is exactly the middle.
            median: lower + (upper - lower) / 2.0,
            low,
            high,
            rounds: u32::try_from(rounds.len()).unwrap_or(u32::MAX),
            bar,
        }
    }
}

impl Trial {
    /// A trial in which the fault happened so often (0 in a control run).
    pub fn of(faults_injected: u64) -> Self {
        Trial { faults_injected, recovery_ms: None, invariants: Vec::new(), timeline: Vec::new() }
    }

    /// The time from the recovery trigger to the steady state.
    #[must_use]
    pub fn recovered_in_ms(mut self, recovery_ms: u64) -> Self {
        self.recovery_ms = Some(recovery_ms);
        self
    }

    /// Adds an invariant as it was found.
    #[must_use]
    pub fn invariant(mut self, invariant: Criterion) -> Self {
        self.invariants.push(invariant);
        self
    }

    /// Adds an event, in milliseconds since the start.
    #[must_use]
    pub fn event(mut self, at_ms: u64, event: impl Into<String>) -> Self {
        self.timeline.push((at_ms, event.into()));
        self
    }
}

impl Finding {
    /// A claim of which nothing is shown yet: inconclusive.
    pub fn of(claim: &str) -> Self {
        Finding {
            claim: claim.into(),
            verdict: Verdict::Inconclusive,
            seed: None,
            criteria: Vec::new(),
            drill: None,
            measurements: Vec::new(),
            ratios: Vec::new(),
        }
    }

    /// A claim that was not put to the test, on purpose and on record.
    pub fn skipped(claim: &str) -> Self {
        Finding { verdict: Verdict::Skipped, ..Finding::of(claim) }
    }

    /// The seed of every random choice.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Adds something that was checked.
    #[must_use]
    pub fn criterion(mut self, criterion: Criterion) -> Self {
        self.criteria.push(criterion);
        self.concluded()
    }

    /// Adds several things that were checked.
    #[must_use]
    pub fn criteria(mut self, criteria: impl IntoIterator<Item = Criterion>) -> Self {
        self.criteria.extend(criteria);
        self.concluded()
    }

    /// Gives the account of a drill.
    #[must_use]
    pub fn drill(mut self, drill: DrillAccount) -> Self {
        self.drill = Some(drill);
        self.concluded()
    }

    /// Adds something that was measured.
    #[must_use]
    pub fn measurement(mut self, measurement: Measurement) -> Self {
        self.measurements.push(measurement);
        self.concluded()
    }

    /// Adds a comparison.
    #[must_use]
    pub fn ratio(mut self, ratio: Ratio) -> Self {
        self.ratios.push(ratio);
        self.concluded()
    }

    /// The same finding with the verdict that follows from its parts.
    #[must_use]
    pub fn concluded(mut self) -> Self {
        self.verdict = self.conclusion();
        self
    }
}
