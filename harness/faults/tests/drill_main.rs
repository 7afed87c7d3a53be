//! A drill as the harness runs it: a process with an exit code, a finding in a file, and the way to replay it.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::time::Duration;

use evidence::{Finding, Verdict};
use faults::process::{Ended, Launch};

/// Runs the example of this crate, which cargo builds beside its tests.
fn smallest_drill(environment: &[(&str, &str)]) -> (Ended, Finding) {
    let me = std::env::current_exe().unwrap();
    let example = me.ancestors().nth(2).unwrap().join("examples/smallest-drill");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("finding.json");
    let mut launch = Launch::of(example).env("LAB_FINDING", &path);
    for (name, value) in environment {
        launch = launch.env(name, value);
    }
    let ended = launch.spawn().unwrap().wait_with_deadline(Duration::from_secs(60)).unwrap();
    let finding = std::fs::read(&path).unwrap_or_else(|e| panic!("{e}; stderr: {}", ended.stderr_text()));
    (ended, serde_json::from_slice(&finding).unwrap())
}

#[test]
fn a_drill_that_passes_is_quiet_and_exits_with_0() {
    let (ended, finding) = smallest_drill(&[("LAB_SEED", "7")]);
    assert_eq!((ended.code(), ended.stderr_text().as_str()), (Some(0), ""));
    assert_eq!((finding.verdict, finding.seed), (Verdict::Passed, Some(7)));
}

#[test]
fn a_drill_that_fails_prints_the_seed_and_the_command_and_exits_with_1() {
    let (ended, finding) = smallest_drill(&[("LAB_SEED", "7"), ("SUM", "wrong")]);
    assert_eq!((ended.code(), finding.verdict), (Some(1), Verdict::Failed));
    let stderr = ended.stderr_text();
    assert!(stderr.contains("adder.loses-nothing: Failed"), "{stderr}");
    assert!(stderr.contains("seed 7; replay with `cargo lab drill 1 --seed 7`"), "{stderr}");
}

#[test]
fn a_drill_whose_fault_did_not_happen_is_inconclusive_and_exits_with_1() {
    let (ended, finding) = smallest_drill(&[("LAB_SEED", "7"), ("FAULT", "none")]);
    assert_eq!((ended.code(), finding.verdict), (Some(1), Verdict::Inconclusive));
    assert!(ended.stderr_text().contains("the fault did not happen"), "{}", ended.stderr_text());
}

#[test]
fn the_same_seed_makes_the_same_run_and_another_seed_another() {
    let sum = |seed| {
        let (_, finding) = smallest_drill(&[("LAB_SEED", seed)]);
        finding.criteria.into_iter().find(|c| c.id == "adder.loses-nothing").unwrap().facts
    };
    let (first, again, other) = (sum("11"), sum("11"), sum("12"));
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn a_finding_that_cannot_be_written_is_exit_4_with_the_way_out() {
    let me = std::env::current_exe().unwrap();
    let example = me.ancestors().nth(2).unwrap().join("examples/smallest-drill");
    let mut drill = Launch::of(example).env("LAB_FINDING", "/dev/null/finding.json").spawn().unwrap();
    let ended = drill.wait_with_deadline(Duration::from_secs(60)).unwrap();
    assert_eq!(ended.code(), Some(4));
    assert!(ended.stderr_text().contains("make LAB_FINDING writable"), "{}", ended.stderr_text());
}
