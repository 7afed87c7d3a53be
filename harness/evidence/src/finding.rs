//! What one gate, drill, measurement or demo found: the part of a record that the measured process writes itself.

use serde::{Deserialize, Serialize};

use crate::Histogram;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The claim held.
    Passed,
    /// The claim did not hold.
    Failed,
    /// Nothing was shown either way: the fault did not happen, or the steady state was never reached.
    Inconclusive,
    /// Not run, on purpose and on record (`--skip-gate`).
    Skipped,
}

/// A finding: everything a measured process reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What is claimed, as one sentence that could be false.
    pub claim: String,
    /// The verdict over all criteria.
    pub verdict: Verdict,
    /// The seed of every random choice, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What was checked, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
    /// The account of a drill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillAccount>,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<Measurement>,
    /// Subject against peer, measured in the same run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratios: Vec<Ratio>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// A word id (`framing.reject-oversize`), stable across runs.
    pub id: String,
    /// The claim, as a sentence.
    pub claim: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, where it did not pass; empty where it did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Numbers that back the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
}

/// A named number (or word) with its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// A word id, unique within its list.
    pub name: String,
    /// The value.
    pub value: Value,
    /// The unit (`ns`, `records`, `records/s`, `bytes`, `x`); empty for words and plain counts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// A value of a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Count(u64),
    /// A real number.
    Real(f64),
    /// A word.
    Text(String),
}

/// A group of series that belong on one chart: same quantity, same unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// A word id, unique within the finding (`append`, `echo-latency`).
    pub id: String,
    /// The chart's title.
    pub title: String,
    /// Unit of the histogram values (`ns`) or of the `points` values.
    pub unit: String,
    /// What the first number of a point is, with its unit, where it is not seconds since the start
    /// (`offered load, times capacity`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The contestants or configurations.
    pub series: Vec<Series>,
}

/// One contestant or configuration of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// A short name that fits a legend, unique within the measurement.
    pub name: String,
    /// True for what we are compared with, false for ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub peer: bool,
    /// Throughput, success rate, spread: named numbers of this series.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The distribution, never an average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// A course over time: (seconds since start, value); over [`Measurement::x`] where the measurement names one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<(f64, f64)>,
}

/// Subject over peer, from interleaved rounds of one run; above 1 the subject is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// A word id, unique within the finding.
    pub id: String,
    /// What is compared, as a sentence.
    pub claim: String,
    /// Ours.
    pub subject: String,
    /// What a user would pick instead.
    pub peer: String,
    /// The median of the rounds' ratios.
    pub median: f64,
    /// The lowest round.
    pub low: f64,
    /// The highest round.
    pub high: f64,
    /// How many rounds.
    pub rounds: u32,
    /// The bar that the median must reach, where one is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bar: Option<f64>,
}

/// The account of a drill: the hypothesis, then what happened without and with the fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillAccount {
    /// What normal looks like, measurably.
    pub steady_state: String,
    /// What is broken on purpose.
    pub fault: String,
    /// What may suffer while the fault lasts, and how.
    pub degraded_mode: String,
    /// What ends the fault, or who repairs it.
    pub recovery_trigger: String,
    /// The longest that recovery may take.
    pub recovery_within_ms: u64,
    /// The run without the fault.
    pub control: Trial,
    /// The run with the fault.
    pub experiment: Trial,
    /// The command that replays this run, seed included.
    pub replay: String,
}

/// One run of a drill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// How often the fault really happened; 0 in a control run.
    pub faults_injected: u64,
    /// Time from the recovery trigger to the steady state, where the trial has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_ms: Option<u64>,
    /// The invariants, one by one.
    pub invariants: Vec<Criterion>,
    /// What happened when: (milliseconds since start, event).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<(u64, String)>,
}
