//! Stress scenarios as data: what is expected is written down before anything is broken.

use std::collections::BTreeSet;

use logger::{Coded, ErrorCode};
use serde::Deserialize;

use crate::catalog;
use crate::range::{OutOfRange, within};

/// The scenarios of the week, as they were compiled in.
pub const STRESS_DEFAULT: &str = include_str!("../fixtures/stress.yaml");

/// A matrix has this many scenarios.
pub const SCENARIOS: usize = 5;

/// A scenario's connections end here.
pub const LOAD_CONNECTIONS_MAX: u64 = 10_000;

/// A scenario's offered load ends here, in requests a second.
pub const LOAD_REQUESTS_PER_SECOND_MAX: u64 = 1_000_000;

/// The body of a request ends here: 1 MiB.
pub const LOAD_BODY_BYTES_MAX: u64 = 1 << 20;

/// A scenario ends here: ten minutes.
pub const LOAD_SECONDS_MAX: u64 = 600;

/// One experiment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A word by which reports name it (`slow-senders`).
    pub id: String,
    /// What is believed.
    pub hypothesis: String,
    /// The one thing that is broken.
    pub fault: String,
    /// What is offered meanwhile.
    pub load: Load,
    /// What should be seen.
    pub expect: String,
    /// What decides.
    pub gate: Gate,
}

/// What is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Connections that behave.
    pub polite: u64,
    /// Connections that do not.
    pub offending: u64,
    /// Requests a second, over all polite connections.
    pub requests_per_second: u64,
    /// The body of each request.
    pub body_bytes: u64,
    /// How long.
    pub seconds: u64,
}

impl Load {
    fn check(&self) -> Result<(), OutOfRange> {
        within("load.polite", self.polite, 1..=LOAD_CONNECTIONS_MAX)?;
        within("load.offending", self.offending, 0..=LOAD_CONNECTIONS_MAX)?;
        within("load.requests_per_second", self.requests_per_second, 1..=LOAD_REQUESTS_PER_SECOND_MAX)?;
        within("load.body_bytes", self.body_bytes, 0..=LOAD_BODY_BYTES_MAX)?;
        within("load.seconds", self.seconds, 1..=LOAD_SECONDS_MAX).map(|_| ())
    }
}

/// What can be measured in a run. A scenario that names anything else is no experiment: nobody would measure it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Offending connections that the server closed by a rule, of all of them.
    OffendersClosed,
    /// Resident memory at its highest, above that before the fault.
    MemoryGrowth,
    /// Requests answered within their deadline, of those that the server could have worked off.
    Goodput,
    /// From the end of the fault until goodput is back at nine tenths of what it was.
    Recovery,
    /// Polite requests that were answered within their deadline, of all of them.
    PoliteAnswered,
}

impl Metric {
    /// The unit in which it is measured.
    pub fn unit(self) -> Unit {
        match self {
            Metric::OffendersClosed | Metric::Goodput | Metric::PoliteAnswered => Unit::Percent,
            Metric::MemoryGrowth => Unit::Mib,
            Metric::Recovery => Unit::Ms,
        }
    }
}

/// What a bound is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Hundredths.
    Percent,
    /// Mebibytes.
    Mib,
    /// Milliseconds.
    Ms,
}

/// One metric and its bound: exactly one of `at_most` and `at_least`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is measured.
    pub metric: Metric,
    /// The most that it may be.
    pub at_most: Option<f64>,
    /// The least that it has to be.
    pub at_least: Option<f64>,
    /// In what it is counted.
    pub unit: Unit,
}

impl Gate {
    /// Whether what was observed passes. The bound itself does, and what is not a number does not.
    pub fn holds(&self, observed: f64) -> bool {
        match (self.at_most, self.at_least) {
            (Some(most), None) => observed <= most,
            (None, Some(least)) => observed >= least,
            _ => false,
        }
    }
}

/// Why there is no matrix.
#[derive(Debug, thiserror::Error)]
pub enum StressError {
    /// The text has not the shape of scenarios.
    #[error("the stress scenarios cannot be read: {0}")]
    Unreadable(String),
    /// Too few or too many.
    #[error("there are {0} stress scenarios, not {SCENARIOS}")]
    Count(usize),
    /// Something in one of them.
    #[error("stress scenario `{id}`: {what}")]
    Scenario {
        /// Which one.
        id: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Coded for StressError {
    fn code(&self) -> &'static ErrorCode {
        &catalog::STRESS_INVALID
    }
}

/// The scenarios in this text.
///
/// # Errors
/// [`StressError`] where the text is not [`SCENARIOS`] scenarios of this shape (unknown keys and metrics are errors),
/// where an id is not a word of its own, where a text is empty, a load out of range, or a gate without exactly one
/// finite bound in its metric's unit.
pub fn parse(text: &str) -> Result<Vec<Scenario>, StressError> {
    let scenarios: Vec<Scenario> =
        serde_yaml::from_str(text).map_err(|error| StressError::Unreadable(error.to_string()))?;
    if scenarios.len() != SCENARIOS {
        return Err(StressError::Count(scenarios.len()));
    }
    let mut ids = BTreeSet::new();
    for scenario in &scenarios {
        let fault =
            fault_of(scenario).or((!ids.insert(&scenario.id)).then(|| "the id is there twice".into()));
        if let Some(what) = fault {
            return Err(StressError::Scenario { id: scenario.id.clone(), what });
        }
    }
    Ok(scenarios)
}

fn fault_of(scenario: &Scenario) -> Option<String> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if scenario.id.is_empty() || !scenario.id.chars().all(word) {
        return Some("the id is not a word of a-z, 0-9 and -".into());
    }
    let texts =
        [("hypothesis", &scenario.hypothesis), ("fault", &scenario.fault), ("expect", &scenario.expect)];
    if let Some((key, _)) = texts.into_iter().find(|(_, text)| text.trim().is_empty()) {
        return Some(format!("`{key}` says nothing"));
    }
    if let Err(error) = scenario.load.check() {
        return Some(error.to_string());
    }
    let gate = &scenario.gate;
    match (gate.at_most, gate.at_least) {
        (Some(bound), None) | (None, Some(bound)) if bound.is_finite() && bound >= 0.0 => {}
        _ => return Some("the gate needs one bound, `at_most` or `at_least`, from 0 up".into()),
    }
    let unit = gate.metric.unit();
    (gate.unit != unit).then(|| format!("the gate's unit is {:?}, and its metric's is {unit:?}", gate.unit))
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
