//! A record in one line, in a few, and as an event for machines.

use std::path::Path;

use evidence::{Criterion, Kind, Record, Verdict};
use serde_json::json;

use crate::cli::Mark;
use crate::learn::checks::OPEN_HOLE;

/// How many reasons are listed before the rest is counted.
const REASONS_MAX: usize = 8;

/// The mark of a verdict.
pub fn mark(verdict: Verdict) -> Mark {
    match verdict {
        Verdict::Passed => Mark::Good,
        Verdict::Failed => Mark::Bad,
        Verdict::Inconclusive | Verdict::Skipped => Mark::Open,
    }
}

/// What came out, in one line.
pub fn outcome(record: &Record) -> String {
    let finding = &record.finding;
    let passed = |criteria: &[Criterion]| criteria.iter().filter(|c| c.verdict == Verdict::Passed).count();
    let counted = match (&finding.drill, record.kind) {
        (Some(drill), _) => {
            let invariants = &drill.experiment.invariants;
            let held = passed(invariants);
            format!(
                "{held} of {} invariants held, {} faults",
                invariants.len(),
                drill.experiment.faults_injected
            )
        }
        (None, Kind::Bench) => {
            let ratio = |r: &evidence::Ratio| format!("{} {:.2}x of {}", r.subject, r.median, r.peer);
            // Of many, those that are judged are the ones that the measurement was made for.
            let (judged, shown): (Vec<_>, Vec<_>) = finding.ratios.iter().partition(|r| r.bar.is_some());
            let ratios: Vec<String> = judged.into_iter().chain(shown).take(2).map(ratio).collect();
            if ratios.is_empty() {
                format!("{} measurements", finding.measurements.len())
            } else {
                ratios.join(", ")
            }
        }
        _ => format!("{} of {} criteria", passed(&finding.criteria), finding.criteria.len()),
    };
    format!("{}: {counted}", finding.verdict)
}

/// Why it did not pass: one line for each thing that did not hold, the first line of what it said.
pub fn reasons(record: &Record) -> Vec<String> {
    let finding = &record.finding;
    if finding.verdict == Verdict::Passed {
        return Vec::new();
    }
    let trials = finding.drill.iter().flat_map(|drill| {
        let control = drill.control.invariants.iter().map(|invariant| ("control run, ", invariant));
        control.chain(drill.experiment.invariants.iter().map(|invariant| ("", invariant)))
    });
    let mut reasons: Vec<String> = finding
        .criteria
        .iter()
        .map(|criterion| ("", criterion))
        .chain(trials)
        .filter(|(_, criterion)| criterion.verdict != Verdict::Passed)
        .map(|(place, criterion)| {
            format!("{place}{} {}: {}", criterion.id, criterion.verdict, gist(&criterion.detail))
        })
        .collect();
    reasons.extend(finding.ratios.iter().filter(|ratio| !ratio.holds()).map(|ratio| {
        let bar = ratio.bar.unwrap_or_default();
        format!("{} failed: {:.3}x of {}, asked for {bar:.3}x", ratio.id, ratio.median, ratio.peer)
    }));
    if let Some(drill) = finding.drill.as_ref().filter(|drill| drill.experiment.faults_injected == 0) {
        reasons.push(format!("the fault never happened: {}", drill.fault));
    }
    if finding.drill.is_some() {
        reasons.push(format!("replay: {}", record.command));
    }
    let more = reasons.len().saturating_sub(REASONS_MAX);
    reasons.truncate(REASONS_MAX);
    if more > 0 {
        reasons.push(format!("and {more} more, in {}.json", record.id));
    }
    reasons
}

/// The line of a detail that says most: a panic's message stands below the line that says where it happened.
///
/// Where a hole of the week is still open, that says more than what it led to.
fn gist(detail: &str) -> String {
    let mut lines = detail.lines();
    let first = lines.next().unwrap_or("");
    let line = match detail.split_once(OPEN_HOLE) {
        Some((_, open)) => open.split(['\n', '\\']).next().unwrap_or(open),
        None if first.contains("panicked at") => lines.next().unwrap_or(first),
        None => first,
    };
    line.chars().take(200).collect()
}

/// The event of a record that was written.
pub fn event(record: &Record, file: &Path, ms: u64) -> serde_json::Value {
    let criteria: Vec<_> = record
        .finding
        .criteria
        .iter()
        .map(|c| json!({ "id": c.id, "verdict": c.verdict, "detail": c.detail }))
        .collect();
    json!({
        "event": "record", "id": record.id, "verdict": record.finding.verdict, "file": file,
        "ms": ms, "criteria": criteria, "seed": record.finding.seed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gist_of_a_panic_is_its_message() {
        assert_eq!(gist("thread 'x' panicked at a.rs:1:1:\nleft open\nmore"), "left open");
        assert_eq!(gist("one\ntwo"), "one");
        assert_eq!(gist("no answer\nstderr: not yet implemented: a.hole: do\nmore"), "a.hole: do");
        assert_eq!(gist(""), "");
    }
}
