//! `lab check`: the fast loop. Builds and runs only the tests of the day's holes, and reads its deliverables.
//!
//! A red test is judged before it is shown. While a hole is open its tests are red by design, and so is every other
//! test that runs into it; those are *expected*. Only a red test without an open hole behind it is news. The
//! judgement reads the source and the test's own words (the stub of a hole names it) and keeps no score.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::checks::{Check, OPEN_HOLE, filter, targets, why};
use super::day::{HoleState, StartedWeek};
use super::deliverable::{self, Deliverable};
use super::record::{DayCheck, inputs_of};
use crate::course::Day;
use crate::course::DayId;
use crate::error::{Failure, WEEK_DATA};
use crate::exec;
use crate::nextest::{self, TestOutcome};
use crate::workspace::Workspace;

/// What a check of one day found.
#[derive(Debug)]
pub struct DayReport {
    /// The day.
    pub id: DayId,
    /// Its title.
    pub title: String,
    /// Its holes, each with its tests.
    pub holes: Vec<HoleReport>,
    /// What was written.
    pub deliverables: Vec<Deliverable>,
}

/// A hole and how its tests went.
#[derive(Debug)]
pub struct HoleReport {
    /// The hole's id.
    pub id: String,
    /// `weeks/week-02-framing/src/decoder.rs`, with the stub's line while it is open.
    pub place: String,
    /// True while the stub is there.
    pub open: bool,
    /// Its tests.
    pub tests: Vec<TestReport>,
}

/// One test of a hole.
#[derive(Debug)]
pub struct TestReport {
    /// The test.
    pub check: Check,
    /// True when it passed.
    pub passed: bool,
    /// Why it is red, one line.
    pub why: String,
    /// The open hole that makes this red expected.
    pub waits_for: Option<String>,
}

impl DayReport {
    fn tests(&self) -> impl Iterator<Item = &TestReport> {
        self.holes.iter().flat_map(|hole| &hole.tests)
    }

    /// How many tests are red.
    pub fn red(&self) -> usize {
        self.tests().filter(|test| !test.passed).count()
    }

    /// How many of them are expected to be.
    pub fn expected(&self) -> usize {
        self.tests().filter(|test| !test.passed && test.waits_for.is_some()).count()
    }

    /// True when every test passed and every deliverable is written.
    pub fn green(&self) -> bool {
        self.red() == 0 && self.deliverables.iter().all(Deliverable::written)
    }

    /// The holes that the red tests wait for.
    pub fn waits_for(&self) -> BTreeSet<&str> {
        self.tests().filter_map(|test| test.waits_for.as_deref()).collect()
    }

    /// The report for machines.
    pub fn json(&self) -> Value {
        let tests = |hole: &HoleReport| -> Vec<Value> {
            let each = hole.tests.iter().map(|test| {
                json!({ "test": test.check.to_string(), "passed": test.passed, "why": test.why,
                        "waits_for": test.waits_for })
            });
            each.collect()
        };
        json!({
            "check": self.id.to_string(), "green": self.green(), "red": self.red(), "expected": self.expected(),
            "holes": self.holes.iter().map(|hole| json!({
                "id": hole.id, "place": hole.place, "open": hole.open, "tests": tests(hole),
            })).collect::<Vec<_>>(),
            "deliverables": self.deliverables.iter().map(|file| json!({
                "name": file.name, "path": file.path, "written": file.written(), "missing": file.missing(),
            })).collect::<Vec<_>>(),
        })
    }
}

/// Who is told how the check goes on.
pub trait Watcher {
    /// The tests are built next; so many will run.
    fn building(&mut self, tests: usize);
    /// A crate was compiled.
    fn compiled(&mut self, name: &str);
    /// A test ended.
    fn ran(&mut self, outcome: &TestOutcome);
}

/// Checks some days of a week in one build and one run, and keeps what was found.
pub fn check(
    bench: &Workspace,
    week: &StartedWeek<'_>,
    days: &[u8],
    watcher: &mut dyn Watcher,
) -> Result<Vec<DayReport>, Failure> {
    let mut plans = Vec::new();
    for (id, day) in days.iter().filter_map(|number| week.day(*number)) {
        plans.push((id, day, week.holes(day)?));
    }
    let wanted: BTreeSet<&Check> =
        plans.iter().flat_map(|(_, _, holes)| holes).flat_map(|hole| &hole.checks).collect();
    watcher.building(wanted.len());
    let args = targets(wanted.iter().copied(), week.week, &week.folder);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if !wanted.is_empty() {
        let build: Vec<&str> = ["test", "--no-run"].iter().chain(&args).copied().collect();
        exec::cargo::build_watched(&bench.root, &build, &mut |name| watcher.compiled(name))?;
    }
    let mut days = Vec::new();
    for (id, day, holes) in &plans {
        let deliverables = deliverable::of_day(week, day)?;
        let inputs = inputs_of(bench, week, &deliverables)?;
        days.push((*id, *day, holes, deliverables, inputs));
    }
    let outcomes = run(bench, &args, &wanted, watcher)?;
    let open = week.open_holes()?;
    let mut reports = Vec::new();
    for (id, day, holes, deliverables, inputs) in days {
        let report = judge(week, id, day, holes, deliverables, &outcomes, &open);
        let kept = DayCheck {
            day: id.to_string(),
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            tests: report.tests().map(|test| (test.check.to_string(), test.passed)).collect(),
            deliverables: report.deliverables.iter().map(|d| (d.name.clone(), d.written())).collect(),
            inputs,
        };
        kept.write(bench, id)?;
        reports.push(report);
    }
    Ok(reports)
}

/// Runs the tests. One that is named and not there is a defect of the course, and never a pass.
fn run(
    bench: &Workspace,
    args: &[&str],
    wanted: &BTreeSet<&Check>,
    watcher: &mut dyn Watcher,
) -> Result<BTreeMap<Check, TestOutcome>, Failure> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filter = filter(wanted.iter().copied());
    let args: Vec<&str> = args.iter().copied().chain(["-E", filter.as_str()]).collect();
    let outcomes = nextest::run_args(&bench.root, &args, &[], &mut |outcome| watcher.ran(outcome))?;
    let outcomes: BTreeMap<Check, TestOutcome> = outcomes
        .into_iter()
        .map(|outcome| (Check { binary: outcome.binary.clone(), test: outcome.name.clone() }, outcome))
        .collect();
    match wanted.iter().find(|check| !outcomes.contains_key(*check)) {
        Some(missing) => Err(Failure::new(&WEEK_DATA, format!("no test is called `{missing}`"))),
        None => Ok(outcomes),
    }
}

fn judge(
    week: &StartedWeek<'_>,
    id: DayId,
    day: &Day,
    holes: &[HoleState<'_>],
    deliverables: Vec<Deliverable>,
    outcomes: &BTreeMap<Check, TestOutcome>,
    open: &[&str],
) -> DayReport {
    let holes = holes.iter().map(|state| {
        let file = format!("weeks/{}/{}", week.name, state.hole.file);
        let tests = state.checks.iter().filter_map(|check| outcomes.get(check).map(|o| (check, o)));
        HoleReport {
            id: state.hole.id.clone(),
            place: state.open_at.map_or(file.clone(), |line| format!("{file}:{line}")),
            open: state.open_at.is_some(),
            tests: tests
                .map(|(check, outcome)| TestReport {
                    check: check.clone(),
                    passed: outcome.passed,
                    why: if outcome.passed { String::new() } else { why(&outcome.output) },
                    waits_for: waits_for(state, outcome, open),
                })
                .collect(),
        }
    });
    DayReport { id, title: day.title.clone(), holes: holes.collect(), deliverables }
}

/// The open hole behind a red test: one that the test ran into, else its own.
fn waits_for(state: &HoleState<'_>, outcome: &TestOutcome, open: &[&str]) -> Option<String> {
    if outcome.passed {
        return None;
    }
    let met = open.iter().find(|id| outcome.output.contains(&format!("{OPEN_HOLE}{id}: ")));
    match met {
        Some(id) => Some((*id).to_owned()),
        None => state.open_at.map(|_| state.hole.id.clone()),
    }
}
