//! Claim: what a measured process hands back arrives as it was meant, or is refused with its reason.
//!
//! The process is this test binary, started again with the variables that the harness sets.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use evidence::run::{self, Profile};
use evidence::{Criterion, EvidenceError, Fact, Finding, Verdict};

fn finding() -> Finding {
    let rate = Fact::real("rate", 0.1 + 0.2, "records/s");
    Finding::of("it holds")
        .seed(run::seed_or(7))
        .criterion(Criterion::check("c", "it holds", true, "").fact(rate))
}

/// Runs one of the `as_a_process_*` tests below in a process of its own.
fn process(test: &str, variables: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("LAB_SEED", "41")
        .env("LAB_PROFILE", "quick");
    command
        .env_remove("LAB_FINDING")
        .env_remove("LAB_FACTS")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn as_a_process_hand_back() {
    assert_eq!(Profile::current(), Profile::Quick);
    run::hand_back(&finding()).unwrap();
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn as_a_process_hand_back_a_contradiction() {
    let mut finding = finding().criterion(Criterion::check("d", "it holds", false, "it does not"));
    finding.verdict = Verdict::Passed;
    let error = run::hand_back(&finding).unwrap_err();
    assert!(error.to_string().contains("adds up to failed"), "{error}");
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn as_a_process_give_facts() {
    let threads: Vec<_> = (0..8)
        .map(|thread: u64| {
            std::thread::spawn(move || {
                for n in 0..200 {
                    run::fact(&format!("c{thread}"), Fact::count(&format!("n{n}"), n, "records"));
                    run::fact(&format!("c{thread}"), Fact::count("last", n, "records"));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn as_a_process_give_no_number() {
    run::fact("c", Fact::real("rate", f64::NAN, ""));
}

#[test]
fn a_finding_arrives_as_it_was_handed_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("finding.json");
    let output = process("as_a_process_hand_back", &[("LAB_FINDING", &path)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(run::read_finding(&path).unwrap(), finding().seed(41));
}

#[test]
fn without_a_harness_a_finding_is_printed() {
    let output = process("as_a_process_hand_back", &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\"claim\": \"it holds\""), "{said}");
}

#[test]
fn a_contradiction_is_refused_where_it_arises_and_nothing_is_handed_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("finding.json");
    let output = process("as_a_process_hand_back_a_contradiction", &[("LAB_FINDING", &path)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!path.exists());
}

#[test]
fn a_finding_from_a_process_is_believed_no_more_than_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("finding.json");
    let refused = |text: &str| {
        fs::write(&path, text).unwrap();
        run::read_finding(&path).unwrap_err()
    };
    assert!(matches!(refused("{\"claim\": \"x\""), EvidenceError::Malformed { .. }));
    assert!(matches!(
        refused(r#"{"claim": "x", "verdict": "passed", "bonus": 1}"#),
        EvidenceError::Malformed { .. }
    ));
    assert!(matches!(refused(r#"{"claim": "x", "verdict": "passed"}"#), EvidenceError::Unsound { .. }));
    fs::remove_file(&path).unwrap();
    assert!(matches!(run::read_finding(&path), Err(EvidenceError::File { .. })));
}

#[test]
fn facts_given_at_the_same_time_all_arrive_and_the_last_of_a_name_counts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("facts");
    let output = process("as_a_process_give_facts", &[("LAB_FACTS", &path)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let facts = run::read_facts(&path).unwrap();
    assert_eq!(facts.len(), 8);
    for given in facts.values() {
        assert_eq!(given.len(), 201);
        assert!(given.contains(&Fact::count("last", 199, "records")));
    }
}

#[test]
fn no_facts_are_no_error_and_torn_ones_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("facts");
    assert!(run::read_facts(&path).unwrap().is_empty());
    fs::write(&path, "{\"criterion\":\"c\",\"fact\":{\"name\":\"n\",\"value\":1}}\n{\"criterion\":\"c\"")
        .unwrap();
    let error = run::read_facts(&path).unwrap_err().to_string();
    assert!(error.contains("line 2: "), "{error}");
}

#[test]
fn a_fact_that_is_no_number_or_cannot_be_kept_fails_the_gate_test() {
    let dir = tempfile::tempdir().unwrap();
    let output = process("as_a_process_give_no_number", &[("LAB_FACTS", &dir.path().join("facts"))]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("fact `rate` of `c` is NaN"), "{said}");
    let output = process("as_a_process_give_facts", &[("LAB_FACTS", dir.path())]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("cannot append to LAB_FACTS"), "{said}");
}
