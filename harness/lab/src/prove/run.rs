//! Runs single tests of a switched build: one process a test, as many at a time as there are cores.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::course::Week;
use crate::error::{Failure, WEEK_DATA};
use crate::exec::{self, Artifact};
use crate::learn::checks::{Check, why};
use crate::markers::VARIANT_ENV;

/// The longest that one test may take; a variant that makes its check hang is not rejected by it.
const TEST_DEADLINE: Duration = Duration::from_secs(120);

/// A test to run in a variant; without one, on the reference.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) variant: Option<String>,
    pub(super) check: Check,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The test passed.
    Passed,
    /// The test failed by its own judgement.
    Failed,
    /// There is no such test.
    Missing,
    /// The test did not come to an end.
    Hung,
    /// The test process died before it could judge.
    Died,
}

/// What a run showed.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) variant: Option<String>,
    pub(super) check: Check,
    pub(super) ended: Ended,
    pub(super) output: String,
    pub(super) seconds: f64,
}

impl fmt::Display for Outcome {
    /// The objection that this outcome is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = &self.check;
        let variant = self.variant.as_deref().map(|variant| format!(" with {variant}")).unwrap_or_default();
        match self.ended {
            Ended::Passed => write!(f, "{check} passes{variant}"),
            Ended::Failed => write!(f, "{check} fails{variant}: {}", why(&self.output)),
            Ended::Missing => write!(f, "no test is called `{check}`"),
            Ended::Hung => write!(f, "{check} hangs{variant}"),
            Ended::Died => write!(f, "{check} dies{variant}: {}", why(&self.output)),
        }
    }
}

/// The test executables of a week, by the name that `week.yaml` has for them.
#[derive(Debug)]
pub(super) struct Executables(BTreeMap<String, PathBuf>);

impl Executables {
    pub(super) fn of(artifacts: Vec<Artifact>, week: &Week) -> Self {
        let mut found = BTreeMap::new();
        for artifact in artifacts.into_iter().filter(|artifact| artifact.package == week.library) {
            // A tool is built twice: as itself, and (with a hash in its name) as its own unit tests.
            let is_tool = artifact.exe.file_stem().is_some_and(|stem| stem == artifact.name.as_str());
            if artifact.kind == "bin" && is_tool {
                continue;
            }
            let name = if artifact.kind == "lib" { week.library.clone() } else { artifact.name };
            found.insert(name, artifact.exe);
        }
        Executables(found)
    }

    /// The tests of an executable, as it lists them itself.
    pub(super) fn tests(&self, binary: &str, folder: &Path) -> Result<Vec<String>, Failure> {
        let Some(exe) = self.0.get(binary) else {
            return Err(Failure::new(&WEEK_DATA, format!("there is no test binary `{binary}`")));
        };
        let ran = exec::run(
            Command::new(exe).args(["--list", "--format", "terse"]).current_dir(folder),
            TEST_DEADLINE,
        )?;
        let listed = String::from_utf8_lossy(&ran.stdout);
        Ok(listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }
}

/// Runs all jobs; the outcomes are in the order of the jobs.
pub(super) fn all(
    jobs: &[Job],
    executables: &Executables,
    folder: &Path,
    on_done: &mut dyn FnMut(&Outcome),
) -> Result<Vec<Outcome>, Failure> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len().max(1));
    let next = AtomicUsize::new(0);
    let mut outcomes: Vec<Option<Outcome>> = jobs.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let outcome = one(job, executables, folder);
                    // Nobody listens any more once another run was interrupted.
                    if sender.send((index, outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (index, outcome) in done {
            let outcome = outcome?;
            on_done(&outcome);
            outcomes[index] = Some(outcome);
        }
        Ok::<(), Failure>(())
    })?;
    Ok(outcomes.into_iter().flatten().collect())
}

fn one(job: &Job, executables: &Executables, folder: &Path) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let ended = |ended, output: String| {
        let seconds = started.elapsed().as_secs_f64();
        Outcome { variant: job.variant.clone(), check: job.check.clone(), ended, output, seconds }
    };
    let Some(exe) = executables.0.get(&job.check.binary) else {
        return Ok(ended(Ended::Missing, String::new()));
    };
    let mut cmd = Command::new(exe);
    cmd.args(["--exact", &job.check.test, "--test-threads", "1"])
        .current_dir(folder)
        // What cargo and nextest set for a test, and what they would not.
        .env("CARGO_MANIFEST_DIR", folder)
        .env("RUST_BACKTRACE", "0")
        .env_remove("LAB_FACTS")
        .env_remove("LAB_FINDING");
    match &job.variant {
        Some(variant) => cmd.env(VARIANT_ENV, variant),
        None => cmd.env_remove(VARIANT_ENV),
    };
    let ran = exec::run(&mut cmd, TEST_DEADLINE)?;
    let output =
        format!("{}\n{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    Ok(ended(judge(&output, ran.status.code(), ran.timed_out), output))
}

/// libtest's exit status when a test failed.
const TESTS_FAILED: i32 = 101;

/// Reads libtest's own words beside its exit status: `--exact` with a wrong name runs nothing and exits with 0.
fn judge(output: &str, status: Option<i32>, timed_out: bool) -> Ended {
    let ran_one = output.contains("running 1 test\n");
    let counted =
        |words: &str| output.lines().any(|line| line.starts_with("test result: ") && line.contains(words));
    match status {
        _ if timed_out => Ended::Hung,
        Some(0) if ran_one && counted(" 1 passed;") => Ended::Passed,
        Some(0) => Ended::Missing,
        Some(TESTS_FAILED) if ran_one && counted(" 1 failed;") => Ended::Failed,
        _ => Ended::Died,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_test_that_ran_and_judged_counts() {
        let passed = "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed;";
        assert_eq!(judge(passed, Some(0), false), Ended::Passed);
        assert_eq!(judge("running 0 tests\n\ntest result: ok. 0 passed;", Some(0), false), Ended::Missing);
        let ignored = "running 1 test\ntest a ... ignored\n\ntest result: ok. 0 passed; 0 failed; 1 ignored;";
        assert_eq!(judge(ignored, Some(0), false), Ended::Missing);
        let failed = "running 1 test\ntest a ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed;";
        assert_eq!(judge(failed, Some(101), false), Ended::Failed);
        assert_eq!(judge("running 1 test\n", None, false), Ended::Died);
        assert_eq!(judge(failed, Some(101), true), Ended::Hung);
    }
}
