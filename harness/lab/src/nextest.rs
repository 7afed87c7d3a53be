//! Runs tests through cargo-nextest and reads what it reports.
//!
//! We read nextest's libtest-style JSON lines and not its JUnit file. The lines arrive as each test ends, which is
//! what a progress bar needs; a nextest that dies halfway leaves the lines it wrote, where JUnit is written at the end
//! or not at all; and no profile has to be configured in the workspace that is judged. The format is marked as
//! experimental, so nothing is taken on trust: its version is asked for by number, the outcomes are held against
//! nextest's own exit status, and a run that reports no test at all is an error and never a pass.

pub mod install;
mod prebuilt;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::error::{BUILD_FAILED, Failure, NEXTEST_FAILED, TESTS_HUNG};
use crate::exec::{Pipe, cargo::tail, stream};

pub use prebuilt::Prebuilt;

/// The longest that one run of tests may take.
const TESTS_DEADLINE: Duration = Duration::from_secs(1800);

/// How much of a failed test's output is kept.
const OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// The test binary as `week.yaml` writes it: `gate` for `tests/gate.rs`, the library's name for unit tests.
    pub binary: String,
    /// The test's path in the binary (`oversize_is_refused`, `decoder::tests::splits`).
    pub name: String,
    /// True when it ran and passed.
    pub passed: bool,
    /// What it wrote, both pipes as they came, bounded; empty for a passed test.
    pub output: String,
}

/// Runs a package's tests that match a nextest filterset (`binary(gate) & test(=oversize_is_refused)`; empty for all).
///
/// `on_test` is called as each test ends. Ignored tests are no outcome: nobody looked.
pub fn run_tests(
    root: &Path,
    package: &str,
    filter: &str,
    env: &[(&str, &str)],
    on_test: &mut dyn FnMut(&TestOutcome),
) -> Result<Vec<TestOutcome>, Failure> {
    let mut args = vec!["-p", package];
    if !filter.is_empty() {
        args.extend(["-E", filter]);
    }
    run_args(root, &args, env, on_test)
}

/// [`run_tests`] with nextest's own arguments: targets, packages, prebuilt binaries.
pub fn run_args(
    root: &Path,
    args: &[&str],
    env: &[(&str, &str)],
    on_test: &mut dyn FnMut(&TestOutcome),
) -> Result<Vec<TestOutcome>, Failure> {
    let mut cmd = command(root)?;
    cmd.args(["run", "--no-fail-fast", "--retries", "0", "--color", "never"])
        .args(["--message-format", "libtest-json-plus", "--message-format-version", "0.1"])
        .args(args)
        .env("NEXTEST_EXPERIMENTAL_LIBTEST_JSON", "1")
        // A gate's detail is the panic message; forty lines of frames would push it out of sight.
        .env("RUST_BACKTRACE", "0")
        .envs(env.iter().copied());
    let mut outcomes = Vec::new();
    let ran = stream(&mut cmd, TESTS_DEADLINE, &mut |pipe, line| {
        if pipe == Pipe::Stdout
            && let Some(outcome) = outcome(line)
        {
            on_test(&outcome);
            outcomes.push(outcome);
        }
    })?;
    let failed = |code, what: String| {
        let words = tail(&String::from_utf8_lossy(&ran.stderr), OUTPUT_BYTES_MAX);
        Err(Failure::new(code, what).with_detail(words))
    };
    if ran.timed_out {
        return failed(&TESTS_HUNG, format!("the tests did not end within {} s", TESTS_DEADLINE.as_secs()));
    }
    let red = outcomes.iter().any(|o| !o.passed);
    match ran.status.code() {
        Some(0) if !outcomes.is_empty() && !red => Ok(outcomes),
        Some(status::TESTS_FAILED) if red => Ok(outcomes),
        // Nothing matched: the caller knows which tests it wanted, and says which are missing.
        Some(status::NO_TESTS) if outcomes.is_empty() => Ok(outcomes),
        Some(status::BUILD_FAILED) => failed(&BUILD_FAILED, "cargo could not build the tests".to_owned()),
        _ => {
            failed(&NEXTEST_FAILED, format!("cargo nextest: {} after {} tests", ran.ending(), outcomes.len()))
        }
    }
}

/// nextest's exit statuses, as far as they tell verdicts apart.
pub mod status {
    /// No test matched.
    pub const NO_TESTS: i32 = 4;
    /// A test failed.
    pub const TESTS_FAILED: i32 = 100;
    /// Cargo could not build the tests.
    pub const BUILD_FAILED: i32 = 101;
}

/// `cargo nextest`, or the one that [`install`] put below the workspace's target folder.
pub fn command(root: &Path) -> Result<Command, Failure> {
    match install::find(root)? {
        install::Nextest::OfCargo => {
            let mut cmd = crate::exec::cargo::cargo(root);
            cmd.arg("nextest");
            Ok(cmd)
        }
        install::Nextest::Own(exe) => {
            let cargo = crate::exec::cargo::cargo(root);
            let mut cmd = Command::new(exe);
            cmd.arg("nextest").current_dir(root);
            for (name, value) in cargo.get_envs() {
                match value {
                    Some(value) => cmd.env(name, value),
                    None => cmd.env_remove(name),
                };
            }
            Ok(cmd)
        }
    }
}

/// Reads one line of the report; `None` for what is not the end of a test.
fn outcome(line: &str) -> Option<TestOutcome> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    if event["type"] != "test" {
        return None;
    }
    let passed = match event["event"].as_str()? {
        "ok" => true,
        "failed" | "timeout" => false,
        _ => return None,
    };
    let (binary, name) = event["name"].as_str()?.split_once('$')?;
    let binary = binary.rsplit("::").next().unwrap_or(binary);
    let output = if passed { "" } else { event["stdout"].as_str().unwrap_or("") };
    let reason = event["reason"].as_str().map(|reason| format!("{reason}\n")).unwrap_or_default();
    Some(TestOutcome {
        binary: binary.to_owned(),
        name: name.to_owned(),
        passed,
        output: tail(&format!("{reason}{output}"), OUTPUT_BYTES_MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_test_is_read_and_other_lines_are_not() {
        let passed =
            outcome(r#"{"type":"test","event":"ok","name":"framing::gate$splits","exec_time":0.1}"#).unwrap();
        assert_eq!((passed.binary.as_str(), passed.name.as_str(), passed.passed), ("gate", "splits", true));
        for line in [
            r#"{"type":"suite","event":"started","test_count":6}"#,
            r#"{"type":"test","event":"started","name":"framing::gate$splits"}"#,
            r#"{"type":"test","event":"ignored","name":"framing::gate$splits"}"#,
            "not json",
        ] {
            assert_eq!(outcome(line), None, "{line}");
        }
    }

    #[test]
    fn a_failed_unit_test_keeps_its_module_path_and_its_words() {
        let line = r#"{"type":"test","event":"failed","name":"framing$decoder::tests::splits","stdout":"left: 1\n"}"#;
        let failed = outcome(line).unwrap();
        assert_eq!((failed.binary.as_str(), failed.name.as_str()), ("framing", "decoder::tests::splits"));
        assert!(!failed.passed);
        assert_eq!(failed.output, "left: 1");
    }
}
