//! `fixtures/failures.yaml`, and what becomes of each of its scenarios.

use logger::CATALOG;
use serde::Deserialize;

use super::provoke::provoke;
use super::{Ran, fixture};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "scenario and by are for people; the deliverable shows them")]
pub(crate) struct Failure {
    pub(crate) code: String,
    scenario: String,
    by: String,
    pub(crate) exit: i32,
    line: String,
}

pub(crate) fn all() -> Vec<Failure> {
    serde_yaml::from_str(&fixture("failures.yaml")).unwrap()
}

pub(crate) fn codes_in_file() -> Vec<String> {
    let mut codes: Vec<_> = all().into_iter().map(|failure| failure.code).collect();
    codes.sort();
    codes
}

pub(crate) fn codes_in_catalog() -> Vec<String> {
    let mut codes: Vec<_> = CATALOG.iter().map(|entry| entry.code.to_string()).collect();
    codes.sort();
    codes
}

/// Provokes the failures that are chosen, and says which did not end as promised.
pub(crate) fn check(chosen: impl Fn(&Failure) -> bool) -> Vec<String> {
    all()
        .iter()
        .filter(|failure| chosen(failure))
        .filter_map(|failure| fault_in(failure, &provoke(&failure.code)))
        .collect()
}

fn fault_in(failure: &Failure, ran: &Ran) -> Option<String> {
    let errors: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("error[")).collect();
    let expected_errors = usize::from(failure.line.starts_with("error["));
    let fault = if ran.exit != failure.exit {
        format!("exit {} instead of {}", ran.exit, failure.exit)
    } else if errors.len() != expected_errors {
        format!("{} error lines instead of {expected_errors}", errors.len())
    } else if !ran.stderr.lines().any(|line| line == failure.line) {
        format!("no line {:?}", failure.line)
    } else {
        return None;
    };
    Some(format!("{}: {fault}; standard error was:\n{}", failure.code, ran.stderr))
}
