//! `lab prove-gates`: gates and checks that prove themselves.
//!
//! A check that cannot fail is worse than none, because it is believed. So for every built week this is shown, on the
//! real sources, with real runs:
//!
//! | fact | how it is shown |
//! | --- | --- |
//! | data and source agree | every hole of `week.yaml` is marked, every marked hole is in `week.yaml`, every deliverable has a template |
//! | the skeleton compiles | `cargo check --all-targets` on what `lab start` lays down |
//! | the gate is its criteria | no test of `tests/gate.rs` goes without a criterion |
//! | the reference passes | every criterion and every named check, one by one |
//! | the gate fails on the skeleton | every criterion fails, and its output names the hole that it is expected at |
//! | every check guards its hole | with that hole alone open, each of its checks is red |
//! | every mistake is rejected | each wrong variant fails the check that is named beside it |
//!
//! **One build.** All runs but the first two use the same executables: the [switched](crate::markers::switched)
//! rendering decides at run time which body a hole has. The executables are run directly (`--exact`, one test a
//! process, which is how nextest runs them too): nextest would list every binary again for each of some dozen
//! variants, and there is nothing to schedule in a run of one test.
//!
//! **Scratch workspaces** lie below `target/prove/` and share the reference's build folder. What a week depends on is
//! taken from the reference by absolute path, so it is compiled once for the scratch workspaces of all weeks and not
//! once for each.

mod agree;
mod run;
mod scratch;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::course::{Course, Week};
use crate::error::{Failure, INTERRUPTED, NO_SUCH_WEEK, WEEK_DATA};
use crate::exec;
use crate::learn::checks::{Check, targets, why};
use crate::learn::start::built_week;
use crate::learn::tree::Rendering;
use crate::markers::{SKELETON, only};
use run::{Ended, Job, Outcome};

/// The fewest mistakes that a week's checks must be seen to reject.
pub const WRONG_VARIANTS_MIN: usize = 3;

/// One fact about a week, shown or not.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The week.
    pub week: u8,
    /// The fact, in words; a wrong variant's id for a mistake.
    pub fact: String,
    /// True when it was shown.
    pub shown: bool,
    /// What was seen.
    pub outcome: String,
    /// The long story, where it was not shown.
    pub detail: String,
    /// How long it took; the runs of one test each are counted where they belong.
    pub seconds: f64,
}

/// Who is told how the proof goes on.
pub trait Witness {
    /// A week is next, with so many runs after the builds.
    fn week(&mut self, week: &Week);
    /// Something takes time now.
    fn now(&mut self, what: &str);
    /// So many runs follow.
    fn runs(&mut self, count: usize);
    /// A run ended.
    fn ran(&mut self);
    /// A fact was settled.
    fn fact(&mut self, fact: &Fact);
}

/// The weeks to prove: the named ones, or all that are built.
pub fn weeks(course: &Course, named: &[u8]) -> Result<Vec<u8>, Failure> {
    if named.is_empty() {
        let built: Vec<u8> = course.weeks.iter().filter(|(_, w)| w.built).map(|(_, w)| w.week).collect();
        return if built.is_empty() {
            Err(Failure::new(&NO_SUCH_WEEK, "no week is built"))
        } else {
            Ok(built)
        };
    }
    named.iter().map(|number| built_week(course, *number).map(|_| *number)).collect()
}

/// Proves a week. What cannot even be tried is a fact that is not shown; only Ctrl-C ends the proof.
pub fn prove(
    reference: &Path,
    course: &Course,
    number: u8,
    witness: &mut dyn Witness,
) -> Result<Vec<Fact>, Failure> {
    let (name, week) = built_week(course, number)?;
    witness.week(week);
    let mut ledger = Ledger { week: number, facts: Vec::new(), witness };
    let folder = reference.join("weeks").join(&name);
    ledger.settle("data and source agree", |_| agree::agree(week, &folder))?;
    ledger.settle("the skeleton compiles", |witness| {
        witness.now("checking the skeleton");
        let root = scratch::lay(reference, &name, "skeleton", Rendering::Skeleton)?;
        exec::build(&root, &["check", "--all-targets", "-p", &week.library])?;
        Ok("all targets".into())
    })?;
    let mut built = None;
    ledger.settle("the variants compile", |witness| {
        witness.now("building the variants");
        built = Some(build(reference, &name, week)?);
        Ok(format!("reference, skeleton and {} mistakes in one build", week.wrong.len()))
    })?;
    if let Some(built) = built {
        settle_gate(week, &built, &mut ledger)?;
        settle_runs(week, &built, &mut ledger)?;
    }
    Ok(ledger.facts)
}

/// The facts of a week as they are settled.
struct Ledger<'a> {
    week: u8,
    facts: Vec<Fact>,
    witness: &'a mut dyn Witness,
}

impl Ledger<'_> {
    fn settle(
        &mut self,
        fact: &str,
        show: impl FnOnce(&mut dyn Witness) -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let (shown, outcome, detail) = match show(self.witness) {
            Ok(outcome) => (true, outcome, String::new()),
            Err(failure) if failure.code == &INTERRUPTED => return Err(failure),
            Err(failure) => (false, failure.what, failure.detail),
        };
        self.enter(fact.to_owned(), shown, outcome, detail, started.elapsed().as_secs_f64());
        Ok(())
    }

    fn enter(&mut self, fact: String, shown: bool, outcome: String, detail: String, seconds: f64) {
        let fact = Fact { week: self.week, fact, shown, outcome, detail, seconds };
        self.witness.fact(&fact);
        self.facts.push(fact);
    }

    /// A fact that is shown when nothing objects.
    fn enter_all(&mut self, fact: &str, seen: &[&Outcome], mut objections: Vec<String>, good: String) {
        if seen.is_empty() {
            objections.push("week.yaml names nothing to run: that shows nothing".into());
        }
        let outcome = match objections.first() {
            None => good,
            Some(first) if objections.len() == 1 => first.clone(),
            Some(first) => format!("{first} (and {} more)", objections.len() - 1),
        };
        let seconds = seconds(seen);
        self.enter(fact.to_owned(), objections.is_empty(), outcome, objections.join("\n"), seconds);
    }
}

/// The time that these runs took. (The sum of no floats is -0.0, which reads badly in a table.)
fn seconds(seen: &[&Outcome]) -> f64 {
    seen.iter().fold(0.0, |sum, outcome| sum + outcome.seconds)
}

/// A switched build.
struct Built {
    folder: PathBuf,
    executables: run::Executables,
}

fn build(reference: &Path, name: &str, week: &Week) -> Result<Built, Failure> {
    let checks = all_checks(week)?;
    let root = scratch::lay(reference, name, "switched", Rendering::Switched(&week.wrong))?;
    let folder = root.join("weeks").join(name);
    let args = targets(&checks, week, &folder);
    let args: Vec<&str> = ["test", "--no-run"].into_iter().chain(args.iter().map(String::as_str)).collect();
    let executables = run::Executables::of(exec::build(&root, &args)?, week);
    Ok(Built { folder, executables })
}

fn gate_checks(week: &Week) -> impl Iterator<Item = Check> {
    week.gate.criteria.iter().map(|criterion| Check::of_gate(&criterion.test))
}

/// Every check that the week names, each once.
fn all_checks(week: &Week) -> Result<BTreeSet<Check>, Failure> {
    let named =
        week.holes.iter().flat_map(|hole| &hole.checks).chain(week.wrong.iter().map(|w| &w.caught_by));
    let mut checks: BTreeSet<Check> = named.map(|text| Check::parse(text)).collect::<Result<_, _>>()?;
    checks.extend(gate_checks(week));
    Ok(checks)
}

/// Every test of the gate is a criterion: one that no criterion names would be run and reported nowhere.
fn settle_gate(week: &Week, built: &Built, ledger: &mut Ledger<'_>) -> Result<(), Failure> {
    ledger.settle("the gate is its criteria", |_| {
        let tests = built.executables.tests("gate", &built.folder)?;
        let named: BTreeSet<&str> =
            week.gate.criteria.iter().map(|criterion| criterion.test.as_str()).collect();
        match tests.iter().find(|test| !named.contains(test.as_str())) {
            Some(test) => Err(Failure::new(
                &WEEK_DATA,
                format!("no criterion names the test `{test}` of tests/gate.rs"),
            )),
            None => Ok(format!("{} tests", tests.len())),
        }
    })
}

/// Runs every variant against its checks, and enters what that shows.
fn settle_runs(week: &Week, built: &Built, ledger: &mut Ledger<'_>) -> Result<(), Failure> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut job = |variant: Option<String>, check: Check| {
        jobs.push(Job { variant, check });
    };
    all_checks(week)?.into_iter().for_each(|check| job(None, check));
    gate_checks(week).for_each(|check| job(Some(SKELETON.into()), check));
    for hole in &week.holes {
        for check in &hole.checks {
            job(Some(only(&hole.id)), Check::parse(check)?);
        }
    }
    for wrong in &week.wrong {
        job(Some(wrong.id.clone()), Check::parse(&wrong.caught_by)?);
    }
    ledger.witness.runs(jobs.len());
    let witness = &mut *ledger.witness;
    let outcomes = run::all(&jobs, &built.executables, &built.folder, &mut |_| witness.ran())?;
    let of = |variant: Option<&str>| -> Vec<&Outcome> {
        outcomes.iter().filter(|outcome| outcome.variant.as_deref() == variant).collect()
    };

    let reference = of(None);
    let objections = reference.iter().filter(|o| o.ended != Ended::Passed).map(|o| o.to_string()).collect();
    ledger.enter_all("the reference passes", &reference, objections, format!("{} checks", reference.len()));

    let skeleton = of(Some(SKELETON));
    let mut objections = Vec::new();
    for (criterion, outcome) in week.gate.criteria.iter().zip(&skeleton) {
        if outcome.ended != Ended::Failed {
            objections.push(format!("{}: {outcome}", criterion.id));
        } else if !outcome.output.contains(&criterion.hole) {
            let said = why(&outcome.output);
            objections.push(format!("{} fails without naming {}: {said}", criterion.id, criterion.hole));
        }
    }
    let good = format!("{} criteria, each at its hole", skeleton.len());
    ledger.enter_all("the gate fails on the skeleton", &skeleton, objections, good);

    let open: Vec<&Outcome> = week.holes.iter().flat_map(|hole| of(Some(&only(&hole.id)))).collect();
    let objections = open.iter().filter(|o| o.ended != Ended::Failed).map(|o| o.to_string()).collect();
    let good = format!("{} holes, {} red checks", week.holes.len(), open.len());
    ledger.enter_all("every check guards its hole", &open, objections, good);

    if week.wrong.len() < WRONG_VARIANTS_MIN {
        let outcome = format!("{} named, at least {WRONG_VARIANTS_MIN} are wanted", week.wrong.len());
        ledger.enter("wrong variants".into(), false, outcome, String::new(), 0.0);
    }
    for wrong in &week.wrong {
        let seen = of(Some(&wrong.id));
        let rejected = seen.iter().all(|outcome| outcome.ended == Ended::Failed);
        let outcome = if rejected {
            format!("rejected by {}", wrong.caught_by)
        } else {
            seen.iter().map(|outcome| outcome.to_string()).collect::<Vec<_>>().join(", ")
        };
        let detail = if rejected { String::new() } else { format!("the mistake: {}", wrong.mistake) };
        let seconds = seconds(&seen);
        ledger.enter(wrong.id.clone(), rejected, outcome, detail, seconds);
    }
    Ok(())
}
