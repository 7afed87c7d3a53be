//! `fixtures/arguments.yaml`, and what becomes of each of its cases.

use serde::Deserialize;

use super::{Folder, Ran, fixture};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) case: String,
    pub(crate) kind: String,
    args: Vec<String>,
    pub(crate) exit: i32,
    stdout: String,
    stderr: String,
}

pub(crate) fn cases() -> Vec<Case> {
    serde_yaml::from_str(&fixture("arguments.yaml")).unwrap()
}

/// Runs the cases that are chosen, and says which did not end as promised.
pub(crate) fn check(chosen: impl Fn(&Case) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases().into_iter().filter(chosen) {
        let ran = Folder::with_three_records().run(&case.args);
        let promised = Ran { exit: case.exit, stdout: case.stdout, stderr: case.stderr };
        if ran != promised {
            wrong.push(format!("{}: promised {promised:#?}, but got {ran:#?}", case.case));
        }
    }
    wrong
}
