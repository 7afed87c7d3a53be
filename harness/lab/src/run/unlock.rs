//! A week is unlocked by the gate before it.

use std::path::Path;

use evidence::{Criterion, EvidenceError, Finding, Kind, Record, Verdict};
use jiff::Timestamp;

use super::freshness::Freshness;
use super::seal::{Run, Scribe, record_id};
use crate::course::{Course, Week};
use crate::error::{Failure, LOCKED};
use crate::workspace::Workspace;

/// How the gate of a week stands on record.
#[derive(Debug)]
pub enum Standing {
    /// It passed; the code may have moved on since.
    Passed,
    /// It was skipped, on record.
    Skipped,
    /// It has not passed: no record, or one that says so.
    Open(Option<Box<Record>>),
}

/// Reads a record of the evidence folder; `None` when there is none.
pub fn recorded(evidence: &Path, id: &str) -> Result<Option<Record>, Failure> {
    match Record::read(&evidence.join(format!("{id}.json"))) {
        Ok(record) => Ok(Some(record)),
        Err(EvidenceError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// How a week's gate stands. A passed gate whose inputs have moved on still unlocks: who goes back to improve week 2
/// is not thrown out of week 3.
///
/// In a learner's workspace a week that is a link is the reference's, and so is its proof: any week can be begun
/// with.
pub fn standing(
    workspace: &Workspace,
    evidence: &Path,
    folder: &Path,
    week: u8,
) -> Result<Standing, Failure> {
    let id = record_id(week, Kind::Gate);
    let mut record = recorded(evidence, &id)?;
    if record.is_none() && folder.is_symlink() {
        record = recorded(&workspace.reference.join("evidence"), &id)?;
    }
    Ok(match record {
        Some(record) if record.finding.verdict == Verdict::Passed => Standing::Passed,
        Some(record) if record.finding.verdict == Verdict::Skipped => Standing::Skipped,
        other => Standing::Open(other.map(Box::new)),
    })
}

/// Lets a week's gate run, or says what is in the way. With `skip`, the gate before is recorded as skipped.
///
/// Returns the record of the skip, where one was made.
pub fn unlock(
    workspace: &Workspace,
    course: &Course,
    scribe: &Scribe<'_>,
    evidence: &Path,
    week: u8,
    skip: bool,
) -> Result<Option<Record>, Failure> {
    let Some(before) = week.checked_sub(1).filter(|before| *before > 0) else { return Ok(None) };
    let (folder, data) = course.week(before)?;
    match standing(workspace, evidence, folder, before)? {
        Standing::Passed | Standing::Skipped => Ok(None),
        Standing::Open(_) if !skip => Err(Failure::new(
            &LOCKED,
            format!("week {week} is locked: the gate of week {before} has not passed"),
        )),
        Standing::Open(record) => {
            let run = Run {
                week: before,
                kind: Kind::Gate,
                command: format!("cargo lab gate {week} --skip-gate"),
                started: Timestamp::now(),
            };
            let inputs = Freshness::of(workspace, course).inputs(before, Kind::Gate)?;
            Ok(Some(scribe.write(&run, inputs, skipped(data, record.as_deref()))?.0))
        }
    }
}

/// The finding of a gate that was skipped: nothing was run, and what had failed before is not forgotten.
fn skipped(week: &Week, before: Option<&Record>) -> Finding {
    let mut finding = Finding::of(&week.gate.claim);
    for criterion in &week.gate.criteria {
        let earlier = before
            .and_then(|record| record.finding.criteria.iter().find(|earlier| earlier.id == criterion.id))
            .filter(|earlier| earlier.verdict == Verdict::Failed);
        let detail = match earlier {
            Some(earlier) => format!("skipped on request; it had failed: {}", earlier.detail),
            None => "skipped on request; not run".to_owned(),
        };
        finding = finding.criterion(Criterion::of(&criterion.id, &criterion.claim, Verdict::Skipped, detail));
    }
    finding
}
