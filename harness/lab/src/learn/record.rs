//! What the last check of a day found, with the digests of what it ran on.
//!
//! It lies in the workbench's `.lab/checks/2.3.json` and not among the evidence: a check is the learner's own fast
//! loop and proves nothing to anybody else, which is the gate's task. It counts nothing either: how a day stands is
//! computed from the tests' outcome and from whether their inputs are still the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evidence::{Input, inputs};
use serde::{Deserialize, Serialize};

use super::day::StartedWeek;
use super::deliverable::{self, Deliverable};
use super::tree::file_failure;
use crate::course::Day;
use crate::course::DayId;
use crate::error::{Failure, WORKBENCH_FILE};
use crate::workspace::Workspace;

/// The outcome of a day's check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayCheck {
    /// The day, `2.3`.
    pub day: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// Each test as in `week.yaml`, and whether it passed.
    pub tests: BTreeMap<String, bool>,
    /// Each deliverable, and whether it was written.
    pub deliverables: BTreeMap<String, bool>,
    /// What the tests ran on and what was read.
    pub inputs: Vec<Input>,
}

/// How a day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Never checked, or the last check is unreadable.
    Unchecked,
    /// Everything passed, on what is there now.
    Green,
    /// Something did not pass.
    Red,
    /// It was green, and something has changed since.
    Stale,
}

impl DayCheck {
    fn path(bench: &Workspace, id: DayId) -> PathBuf {
        bench.root.join(".lab/checks").join(format!("{id}.json"))
    }

    /// The last check of a day.
    pub fn read(bench: &Workspace, id: DayId) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(Self::path(bench, id)).ok()?).ok()
    }

    /// Keeps it as the last check of its day.
    pub fn write(&self, bench: &Workspace, id: DayId) -> Result<(), Failure> {
        let path = Self::path(bench, id);
        let folder = path.parent().unwrap_or(&bench.root);
        std::fs::create_dir_all(folder).map_err(file_failure(folder))?;
        let text =
            serde_json::to_string_pretty(self).map_err(std::io::Error::other).map_err(file_failure(&path))?;
        let new = path.with_extension("new");
        std::fs::write(&new, text).map_err(file_failure(&new))?;
        std::fs::rename(&new, &path).map_err(file_failure(&path))
    }

    /// True when every test passed and every deliverable was written.
    pub fn green(&self) -> bool {
        self.tests.values().chain(self.deliverables.values()).all(|good| *good)
    }
}

/// What a day's check depends on: the package, and the deliverables. Taken between build and run, so that an edit
/// during the run makes the outcome stale and not wrong.
pub fn inputs_of(
    bench: &Workspace,
    week: &StartedWeek<'_>,
    deliverables: &[Deliverable],
) -> Result<Vec<Input>, Failure> {
    let mut found = inputs::of_package(&bench.root, &week.folder, &[])
        .map_err(|e| Failure::new(&WORKBENCH_FILE, e.to_string()))?;
    for deliverable in deliverables.iter().filter(|deliverable| deliverable.exists) {
        let path = relative(&bench.root, &deliverable.path);
        let bytes = std::fs::read(&deliverable.path).map_err(file_failure(&deliverable.path))?;
        found.push(Input { path, sha256: evidence::canonical::sha256(&bytes) });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

/// How a day stands, from its last check and from what is there now.
pub fn standing(
    bench: &Workspace,
    week: &StartedWeek<'_>,
    id: DayId,
    day: &Day,
) -> Result<Standing, Failure> {
    let Some(check) = DayCheck::read(bench, id) else { return Ok(Standing::Unchecked) };
    if !check.green() {
        return Ok(Standing::Red);
    }
    let deliverables = deliverable::of_day(week, day)?;
    let now = inputs_of(bench, week, &deliverables)?;
    let same = inputs::compare(&check.inputs, &now).is_empty();
    Ok(if same { Standing::Green } else { Standing::Stale })
}
