//! One command's worth of runs: the pieces that `gate`, `drill`, `bench` and `run` share.

use std::path::{Path, PathBuf};

use evidence::{Finding, Input, Kind, Record};
use jiff::Timestamp;
use serde_json::json;

use super::build::{Built, bench_name, build, demo_name, drill_name};
use super::inputs::Inputs;
use super::lock::Lock;
use super::seal::{self, Run, Scribe};
use super::{gate, process, summary, unfinished, unlock};
use crate::cli::{Console, Mark};
use crate::course::{Course, Week};
use crate::error::{Failure, INTERRUPTED, NO_FINDING, WEEK_NOT_BUILT};
use crate::exec::interrupt;
use crate::pages;
use crate::workspace::Workspace;

/// What a session works on and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// `quick`, `default` or `full`.
    pub profile: String,
    /// The evidence folder; the workspace's own without.
    pub evidence: Option<PathBuf>,
    /// The seed of drills and demos; each one's own without.
    pub seed: Option<u64>,
}

/// How often a build is begun anew because its sources moved meanwhile.
const BUILDS_MAX: u32 = 3;

/// A session: it holds the workspace's lock, and has looked at machine, commit and inputs.
#[derive(Debug)]
pub struct Session<'a> {
    workspace: &'a Workspace,
    course: &'a Course,
    console: &'a Console,
    scribe: Scribe<'a>,
    options: Options,
    evidence: PathBuf,
    _lock: Lock,
}

impl<'a> Session<'a> {
    /// Begins: takes the lock and makes sure that evidence can be written, before minutes are spent on a build.
    pub fn begin(
        workspace: &'a Workspace,
        course: &'a Course,
        console: &'a Console,
        options: Options,
    ) -> Result<Self, Failure> {
        let evidence = options.evidence.clone().unwrap_or_else(|| workspace.evidence());
        let evidence = std::path::absolute(&evidence).unwrap_or(evidence);
        let lock = Lock::take(&workspace.root)?;
        writable(&evidence)?;
        crate::cli::test::nextest(&workspace.root, console)?;
        let scribe = Scribe::new(workspace, &evidence, &options.profile);
        Ok(Session { workspace, course, console, scribe, options, evidence, _lock: lock })
    }

    /// The evidence folder.
    pub fn evidence(&self) -> &Path {
        &self.evidence
    }

    /// Builds, then runs these kinds for these weeks, week by week; every outcome is on record, and a failure does
    /// not keep the others from running.
    pub fn run(&self, weeks: &[u8], kinds: &[Kind]) -> Result<Vec<Record>, Failure> {
        let chosen: Vec<(&Path, &Week)> =
            weeks.iter().map(|week| self.built(*week)).collect::<Result<_, _>>()?;
        let (built, mut inputs) = self.build_as_it_is(&chosen, kinds)?;
        let mut records = Vec::new();
        for (folder, week) in chosen {
            for kind in week.kinds(kinds) {
                let inputs = inputs.take(week.week, kind);
                records.push(self.one(folder, week, kind, &built, inputs)?);
            }
        }
        Ok(records)
    }

    /// Writes what follows from the records (reports, charts, deliverables, the index) and the folder's manifest.
    pub fn publish(&self) -> Result<(), Failure> {
        interrupt::check()?;
        let step = self.console.step("evidence pages", None);
        match publish(self.workspace, self.course, &self.evidence) {
            Ok(()) => {
                step.done(Mark::Good, "reports, charts, deliverables, index, manifest");
                Ok(())
            }
            Err(failure) => {
                step.done(Mark::Bad, &failure.what);
                Err(self.console.told(failure))
            }
        }
    }

    /// Lets a week's gate run, or says what is in the way; see [`unlock::unlock`].
    pub fn unlock(&self, week: u8, skip: bool) -> Result<Option<Record>, Failure> {
        unlock::unlock(self.workspace, self.course, &self.scribe, &self.evidence, week, skip)
    }

    /// Refuses a week that is a brief only.
    pub fn must_be_built(&self, week: u8) -> Result<(), Failure> {
        self.built(week).map(drop)
    }

    fn built(&self, number: u8) -> Result<(&'a Path, &'a Week), Failure> {
        let (folder, week) = self.course.week(number)?;
        if week.built {
            return Ok((folder, week));
        }
        Err(Failure::new(&WEEK_NOT_BUILT, format!("week {number} is not built yet")))
    }

    /// Builds, and the digests of what was built. Sources may be saved while the compiler reads them, and cargo may
    /// itself bring the lock file up to date: then it is built again, until nothing moved meanwhile.
    fn build_as_it_is(&self, chosen: &[(&Path, &Week)], kinds: &[Kind]) -> Result<(Built, Inputs), Failure> {
        let weeks: Vec<&Week> = chosen.iter().map(|(_, week)| *week).collect();
        let mut before = self.inputs(&weeks, kinds)?;
        for _ in 1..BUILDS_MAX {
            let built = self.build(&weeks, kinds, &before)?;
            let after = self.inputs(&weeks, kinds)?;
            if before == after {
                return Ok((built, before));
            }
            before = after;
        }
        // Somebody saves faster than the compiler compiles: the digests of before are the honest ones.
        Ok((self.build(&weeks, kinds, &before)?, before))
    }

    fn inputs(&self, weeks: &[&Week], kinds: &[Kind]) -> Result<Inputs, Failure> {
        Inputs::of(self.workspace, self.course, weeks, kinds)
    }

    fn build(&self, weeks: &[&Week], kinds: &[Kind], inputs: &Inputs) -> Result<Built, Failure> {
        let step = self.console.step("build", None);
        let mut compiled = 0u32;
        let built = build(
            &self.workspace.root,
            weeks,
            &inputs.shown(self.workspace, self.course),
            kinds,
            &mut |name| {
                compiled += 1;
                step.now(&format!("{compiled} compiled, {name}"));
            },
        )?;
        let outcome = if compiled == 0 { "fresh".to_owned() } else { format!("{compiled} compiled") };
        self.console.event(&json!({ "event": "build", "compiled": compiled, "ms": millis(step.elapsed()) }));
        step.done(Mark::Good, &outcome);
        Ok(built)
    }

    fn one(
        &self,
        folder: &Path,
        week: &Week,
        kind: Kind,
        built: &Built,
        inputs: Vec<Input>,
    ) -> Result<Record, Failure> {
        let started = Timestamp::now();
        let parts = (kind == Kind::Gate).then_some(week.gate.criteria.len() as u64);
        let label = match week.closes_month().filter(|_| kind == Kind::Demo) {
            Some(month) => format!("month {month} {kind}"),
            None => format!("week {} {kind}", week.week),
        };
        let step = self.console.step(&label, parts);
        let found = match kind {
            Kind::Gate => self.gate(week, built, &step),
            _ => self.process(folder, week, kind, built, &step),
        };
        let finding = match found {
            Ok(finding) => finding,
            Err(failure) if failure.code == &INTERRUPTED => return Err(failure),
            Err(failure) => unfinished::finding(week, kind, &failure),
        };
        let run =
            Run { week: week.week, kind, command: self.command(week.week, kind, finding.seed), started };
        let (record, file) = self.scribe.write(&run, inputs, finding)?;
        let mark = summary::mark(record.finding.verdict);
        self.console.event(&summary::event(&record, &file, millis(step.elapsed())));
        step.done(mark, &summary::outcome(&record));
        for line in summary::reasons(&record) {
            self.console.say(format!("    {line}"));
        }
        Ok(record)
    }

    fn gate(&self, week: &Week, built: &Built, step: &crate::cli::Step<'_>) -> Result<Finding, Failure> {
        let tests = built.tests.as_ref().ok_or_else(|| missing(week, "gate"))?;
        gate::run(&self.workspace.root, week, tests, &self.options.profile, &mut |test| {
            step.advance();
            step.now(&test.name);
        })
    }

    fn process(
        &self,
        folder: &Path,
        week: &Week,
        kind: Kind,
        built: &Built,
        step: &crate::cli::Step<'_>,
    ) -> Result<Finding, Failure> {
        let (name, beside) = match (kind, week.closes_month()) {
            (Kind::Bench, _) => (bench_name(week.week), &built.release),
            (Kind::Demo, Some(month)) => (demo_name(month), &built.release),
            _ => (drill_name(week.week), &built.debug),
        };
        let exe =
            &beside.iter().find(|artifact| artifact.name == name).ok_or_else(|| missing(week, &name))?.exe;
        let seed = self.options.seed.filter(|_| takes_seed(kind));
        let plan = process::Plan { kind, exe, folder, beside, profile: &self.options.profile, seed };
        process::find(&plan, &mut |line| step.now(line))
    }

    /// The command that makes a record again, seed and all.
    fn command(&self, week: u8, kind: Kind, seed: Option<u64>) -> String {
        let mut command = seal::command(week, kind);
        if let Some(seed) = seed.filter(|_| takes_seed(kind)) {
            command.push_str(&format!(" --seed {seed}"));
        }
        if self.options.profile != "default" {
            command.push_str(&format!(" --profile {}", self.options.profile));
        }
        command
    }
}

/// Writes everything that follows from the records of a folder, and its manifest.
pub fn publish(workspace: &Workspace, course: &Course, evidence: &Path) -> Result<(), Failure> {
    let derived_from = pages::derive(workspace, course, evidence)?;
    evidence::manifest::write(evidence, &derived_from)?;
    Ok(())
}

/// Whether a kind of run makes random choices that a seed repeats.
fn takes_seed(kind: Kind) -> bool {
    matches!(kind, Kind::Drill | Kind::Demo)
}

fn missing(week: &Week, what: &str) -> Failure {
    Failure::new(&NO_FINDING, format!("week {}: `{what}` was not built", week.week))
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Makes the folder and tries a file in it.
fn writable(folder: &Path) -> Result<(), Failure> {
    let probe = folder.join(format!(".lab-probe-{}", std::process::id()));
    let tried = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&probe, b"probe"));
    let _ = std::fs::remove_file(&probe);
    tried.map_err(|e| Failure::new(&crate::error::EVIDENCE_FILE, format!("{}: {e}", folder.display())))
}
