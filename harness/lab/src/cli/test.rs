//! `cargo lab test`: every test, through cargo-nextest, then the doc tests, which nextest does not run.

use std::path::Path;
use std::time::Duration;

use logger::Exit;
use serde_json::json;

use super::{Console, Context, Mark};
use crate::error::{BUILD_FAILED, Failure, NEXTEST_FAILED, TESTS_FAILED, TESTS_HUNG};
use crate::exec::cargo::cargo;
use crate::exec::{Ran, attached, run as captured};
use crate::nextest::{self, install};

/// The longest that all tests together may take, build included.
const DEADLINE: Duration = Duration::from_secs(3600);

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Passed on to `cargo nextest run`: packages, filters, targets
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    rest: Vec<String>,
}

/// Runs the tests.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    // Everything behind `test` goes to nextest, so clap leaves our own `--json` there as well.
    let ours = args.rest.iter().position(|word| word == "--json");
    let context =
        if ours.is_some() { &Context::new(context.dir().map(Path::to_path_buf), true) } else { context };
    let mut rest = args.rest.clone();
    if let Some(place) = ours {
        rest.remove(place);
    }
    let workspace = context.workspace()?;
    let root = &workspace.root;
    let console = context.console();
    nextest(root, console)?;
    if console.json() {
        reported(root, console, &rest)?;
    } else {
        // With a terminal on stdin nextest would wait for keys, which belong to us.
        let mut cmd = nextest::command(root)?;
        cmd.arg("run").arg("--no-input-handler").args(&rest).env_remove("CARGO_TERM_COLOR");
        judge(&attached(&mut cmd, DEADLINE)?)?;
    }
    match packages(&rest) {
        Some(packages) => doc_tests(root, console, &packages)?,
        None => console.say("doc tests: left out, since tests were picked; `cargo lab test` alone runs them"),
    }
    console.event(&json!({ "event": "done", "passed": true }));
    Ok(Exit::Done)
}

/// Makes sure that cargo-nextest is there: fetches and builds it once, with an honest word about the time.
pub fn nextest(root: &Path, console: &Console) -> Result<(), Failure> {
    if install::find(root).is_ok() {
        return Ok(());
    }
    console.note(format!(
        "cargo-nextest is not here: fetching {} through cargo and building it below target/tools.\n\
         This happens once. It compiles several hundred crates: minutes, the more the fewer cores there are.",
        install::VERSION
    ));
    let step = console.step("cargo-nextest", None);
    let mut lines = 0u32;
    install::fetch(root, &mut |line| {
        lines += 1;
        step.now(line);
        // A pipe shows no bar: a line now and then says that it is still alive.
        if lines.is_multiple_of(50) && !console.bars() {
            console.note(format!("cargo-nextest: {line}"));
        }
    })?;
    install::find(root)?;
    step.done(Mark::Good, "built");
    Ok(())
}

/// With `--json`: one event a test.
fn reported(root: &Path, console: &Console, rest: &[String]) -> Result<(), Failure> {
    let args: Vec<&str> = rest.iter().map(String::as_str).collect();
    let outcomes = nextest::run_args(root, &args, &[], &mut |test| {
        console.event(&json!({
            "event": "test", "binary": test.binary, "name": test.name, "passed": test.passed, "output": test.output,
        }));
    })?;
    let failed = outcomes.iter().filter(|test| !test.passed).count();
    console.event(&json!({ "event": "tests", "run": outcomes.len(), "failed": failed }));
    match (outcomes.len(), failed) {
        (0, _) => Err(Failure::new(&TESTS_FAILED, "no test matched")),
        (_, 0) => Ok(()),
        (all, failed) => Err(Failure::new(&TESTS_FAILED, format!("{failed} of {all} tests failed"))),
    }
}

fn judge(ran: &Ran) -> Result<(), Failure> {
    match ran.status.code() {
        _ if ran.timed_out => {
            Err(Failure::new(&TESTS_HUNG, format!("no end within {} s", DEADLINE.as_secs())))
        }
        Some(0) => Ok(()),
        Some(nextest::status::TESTS_FAILED) => Err(Failure::new(&TESTS_FAILED, "nextest named them above")),
        Some(nextest::status::NO_TESTS) => Err(Failure::new(&TESTS_FAILED, "no test matched")),
        Some(nextest::status::BUILD_FAILED) => {
            Err(Failure::new(&BUILD_FAILED, "cargo could not build the tests"))
        }
        _ => Err(Failure::new(&NEXTEST_FAILED, format!("cargo nextest: {}", ran.ending()))),
    }
}

fn doc_tests(root: &Path, console: &Console, packages: &[&str]) -> Result<(), Failure> {
    let mut cmd = cargo(root);
    cmd.args(["test", "--doc", "--quiet"]).args(packages);
    let step = console.step("doc tests", None);
    let ran = captured(&mut cmd, DEADLINE)?;
    if !ran.ok() {
        let words =
            [&ran.stdout, &ran.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
        return Err(
            Failure::new(&TESTS_FAILED, format!("the doc tests: {}", ran.ending())).with_detail(words)
        );
    }
    let out = String::from_utf8_lossy(&ran.stdout);
    let passed: u32 = out
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u32>().ok())
        .sum();
    console.event(&json!({ "event": "doc-tests", "passed": passed }));
    step.done(Mark::Good, &format!("{passed} passed"));
    Ok(())
}

/// The package selection among nextest's arguments; `None` when tests are picked in another way, which doc tests would
/// not follow.
fn packages(rest: &[String]) -> Option<Vec<&str>> {
    let mut selection = Vec::new();
    let mut words = rest.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-p" | "--package" | "--exclude" => selection.extend([word, words.next()?]),
            "--workspace" | "--all" => selection.push(word),
            _ if word.starts_with("-p")
                || word.starts_with("--package=")
                || word.starts_with("--exclude=") =>
            {
                selection.push(word);
            }
            _ => return None,
        }
    }
    Some(selection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Vec<String>> {
        let rest: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        packages(&rest).map(|words| words.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn doc_tests_follow_the_packages_and_nothing_else() {
        assert_eq!(of("").unwrap(), Vec::<String>::new());
        assert_eq!(of("-p framing --package=logger").unwrap(), ["-p", "framing", "--package=logger"]);
        assert_eq!(of("--workspace --exclude lab").unwrap(), ["--workspace", "--exclude", "lab"]);
        assert_eq!(of("oversize"), None);
        assert_eq!(of("-p framing --test gate"), None);
        assert_eq!(of("-p"), None);
    }
}
