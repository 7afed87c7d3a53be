//! The records that pages show: what is recorded, what is stale, and what was never recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evidence::{Criterion, Fact, Kind, Record, Value};

use super::nearest::suggestion;
use super::quantity::{self, quantity};
use crate::course::Course;
use crate::error::Failure;
use crate::run::seal::{command, record_id};

/// One record on the shelf.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The record.
    pub record: Record,
    /// Inputs that are no longer what they were; empty for a current record.
    pub stale: Vec<String>,
}

/// Why a record cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absent {
    /// There is no such record in the course: a mistake of the page.
    Unknown(String),
    /// The record belongs to the course and was not made yet: a matter of running the command.
    NotRecorded {
        /// `week-02/gate`.
        id: String,
        /// `cargo lab gate 2`.
        command: String,
    },
}

/// Every record of an evidence folder.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    entries: BTreeMap<String, Entry>,
    /// Ids that a built week may have, with the command that makes each.
    expected: BTreeMap<String, String>,
}

impl Shelf {
    /// Reads the records below an evidence folder. `stale_inputs` says which inputs of a record have moved on.
    pub(crate) fn read(
        evidence: &Path,
        course: &Course,
        mut stale_inputs: impl FnMut(&Record) -> Result<Vec<String>, Failure>,
    ) -> Result<Self, Failure> {
        let mut shelf = Shelf { entries: BTreeMap::new(), expected: expected(course) };
        for id in shelf.expected.keys() {
            let path = evidence.join(format!("{id}.json"));
            if !path.is_file() {
                continue;
            }
            let record = Record::read(&path)?;
            let stale = stale_inputs(&record)?;
            shelf.entries.insert(id.clone(), Entry { record, stale });
        }
        Ok(shelf)
    }

    /// The record, or why there is none to show.
    pub(crate) fn get(&self, id: &str) -> Result<&Entry, Absent> {
        if let Some(entry) = self.entries.get(id) {
            return Ok(entry);
        }
        match self.expected.get(id) {
            Some(command) => Err(Absent::NotRecorded { id: id.into(), command: command.clone() }),
            None => {
                let names: BTreeSet<&str> = self.expected.keys().map(String::as_str).collect();
                Err(Absent::Unknown(format!("no record `{id}`; {}", suggestion(id, names))))
            }
        }
    }

    /// Every record, by id.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(id, entry)| (id.as_str(), entry))
    }

    /// Records that a built week should have and has not, with the command that makes each.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        self.expected
            .iter()
            .filter(|(id, _)| !self.entries.contains_key(*id))
            .map(|(id, command)| (id.as_str(), command.as_str()))
    }
}

/// The records that built weeks and their month demos may have, each with its command.
fn expected(course: &Course) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (_, week) in course.weeks.iter().filter(|(_, w)| w.built) {
        for kind in week.kinds(&Kind::ALL) {
            out.insert(record_id(week.week, kind), command(week.week, kind));
        }
    }
    out
}

/// Every value that a page may name, with its text: the vocabulary of the `value` directive.
pub(crate) fn values(record: &Record) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let finding = &record.finding;
    out.insert("claim".into(), finding.claim.clone());
    out.insert("verdict".into(), finding.verdict.to_string());
    out.insert("profile".into(), record.profile.clone());
    out.insert("started_at".into(), record.started_at.clone());
    out.insert("commit".into(), short_commit(&record.commit.id).into());
    if let Some(seed) = finding.seed {
        out.insert("seed".into(), seed.to_string());
    }
    for criterion in &finding.criteria {
        criterion_values(&mut out, "", criterion);
    }
    if let Some(drill) = &finding.drill {
        out.insert("drill.recovery_within".into(), quantity(drill.recovery_within_ms as f64, "ms"));
        for (name, trial) in [("control", &drill.control), ("experiment", &drill.experiment)] {
            out.insert(format!("{name}.faults_injected"), quantity::grouped(trial.faults_injected));
            if let Some(ms) = trial.recovery_ms {
                out.insert(format!("{name}.recovery"), quantity(ms as f64, "ms"));
            }
            for invariant in &trial.invariants {
                criterion_values(&mut out, &format!("{name}/"), invariant);
            }
        }
    }
    for measurement in &finding.measurements {
        for series in &measurement.series {
            let base = format!("{}/{}", measurement.id, series.name);
            facts(&mut out, &base, &series.facts);
            if let Some(histogram) = &series.histogram {
                let unit = &measurement.unit;
                for (name, p) in PERCENTILES {
                    out.insert(format!("{base}.{name}"), quantity(histogram.quantile(p) as f64, unit));
                }
                out.insert(format!("{base}.min"), quantity(histogram.min as f64, unit));
                out.insert(format!("{base}.max"), quantity(histogram.max as f64, unit));
                out.insert(format!("{base}.samples"), quantity::grouped(histogram.count()));
            }
        }
    }
    for ratio in &finding.ratios {
        for (name, value) in [("median", ratio.median), ("low", ratio.low), ("high", ratio.high)] {
            out.insert(format!("{}.{name}", ratio.id), quantity(value, "x"));
        }
        out.insert(format!("{}.rounds", ratio.id), ratio.rounds.to_string());
        if let Some(bar) = ratio.bar {
            out.insert(format!("{}.bar", ratio.id), quantity(bar, "x"));
        }
    }
    out
}

/// The percentiles that tables show.
pub(crate) const PERCENTILES: [(&str, f64); 4] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

fn criterion_values(out: &mut BTreeMap<String, String>, prefix: &str, criterion: &Criterion) {
    let base = format!("{prefix}{}", criterion.id);
    out.insert(format!("{base}.verdict"), criterion.verdict.to_string());
    facts(out, &base, &criterion.facts);
}

fn facts(out: &mut BTreeMap<String, String>, base: &str, facts: &[Fact]) {
    for fact in facts {
        // A word may hold what Markdown would read as markup; a number never does.
        let text = match &fact.value {
            Value::Text(word) => word.clone(),
            _ => quantity::fact(fact),
        };
        out.insert(format!("{base}.{}", fact.name), text);
    }
}

/// The first twelve characters of a commit id.
pub(crate) fn short_commit(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
