//! `civictrust` may promise, and must not pretend. Every verb that is still to come says so on standard error, under one
//! code and an exit status that no script can take for a verdict. The tests run the real binary, and they read the
//! course's own data, so a promise that falls due turns them red.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use civictrust::promise::PROMISES;
use civictrust::{CATALOG, NOT_YET};
use logger::Exit;

fn civictrust(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_civictrust"))
        .args(args)
        .output()
        .expect("the binary was built for this test")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn week_folder(week: u8, library: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the capstone lies below the root");
    root.join(format!("weeks/week-{week:02}-{}", library.replace('_', "-")))
}

#[test]
fn a_verb_that_is_not_there_yet_names_its_week_and_is_refused() {
    for promise in PROMISES {
        let output = civictrust(&[promise.verb]);
        let expected = format!(
            "error[CIVIC-NOT-YET]: `civictrust {}` arrives in week {} with the library `{}`; {}\n",
            promise.verb, promise.week, promise.library, NOT_YET.way_out
        );
        assert_eq!(stderr(&output), expected);
        assert_eq!(output.status.code(), Some(7), "{}", promise.verb);
        assert!(output.stdout.is_empty(), "{}: a refusal has no result", promise.verb);
    }
}

#[test]
fn the_answer_is_the_same_whatever_follows_the_verb() {
    for arguments in
        [&["verify", "--offline", "bundle.tar"][..], &["verify", "--json"], &["verify", "--", "-x"]]
    {
        let output = civictrust(arguments);
        assert_eq!(output.status.code(), Some(7), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("error[CIVIC-NOT-YET]: `civictrust verify`"), "{}", stderr(&output));
    }
}

#[test]
fn not_yet_is_no_verdict() {
    let verdicts = [Exit::Done, Exit::Untrue, Exit::Integrity];
    for entry in CATALOG {
        assert!(
            !verdicts.contains(&entry.exit),
            "{} could be read as a verdict about a document",
            entry.code
        );
    }
}

#[test]
fn a_promise_that_is_due_cannot_stay_a_promise() {
    for promise in PROMISES {
        let file = week_folder(promise.week, promise.library).join("week.yaml");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert!(
            !text.lines().any(|line| line.trim_end() == "built: true"),
            "week {} is built, so `civictrust {}` has to be as well",
            promise.week,
            promise.verb
        );
    }
}

#[test]
fn help_lists_every_promised_verb_with_its_week() {
    let output = civictrust(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for promise in PROMISES {
        let week = format!("(arrives in week {})", promise.week);
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(promise.verb) && line.contains(&week)),
            "`{}` {week} is not in:\n{help}",
            promise.verb
        );
    }
}

#[test]
fn version_and_usage_follow_the_contract_of_week_1() {
    let version = civictrust(&["--version"]);
    assert_eq!(
        String::from_utf8_lossy(&version.stdout),
        format!("civictrust {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(version.status.code(), Some(0));
    for (arguments, what) in [(&["issu"][..], "unknown command `issu`"), (&[], "missing a command")] {
        let output = civictrust(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).starts_with(&format!("error[USAGE]: {what}; ")), "{}", stderr(&output));
    }
}

#[test]
fn every_code_is_documented_in_the_book_with_its_exit_code() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src/error-codes.md");
    let text = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    for entry in CATALOG {
        let row = format!("| `{}` | {} | {}", entry.code, entry.exit.number(), entry.meaning);
        assert!(text.contains(&row), "{} has no row `{row}`", page.display());
    }
}
