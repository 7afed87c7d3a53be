//! The commands around a verdict, on a course in miniature: all tests, the learner's gate, what machines read, and what
//! every command does when cargo, the course's data, the lock or the evidence folder is not as it should be.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod tiny_course;

use std::fs;

use evidence::Record;
use tiny_course::TinyCourse;

#[test]
fn all_tests_run_and_the_doc_tests_after_them() {
    let course = TinyCourse::new();
    let source = course.root().join("weeks/week-01-abacus/src/lib.rs");
    course.edit(
        &source,
        "/// Reads `1+2+3`",
        "/// ```\n/// assert_eq!(abacus::sum(\"1+2\"), Some(3));\n/// ```\n/// Reads `1+2+3`",
    );
    let said = course.lab(&["test"]);
    said.done().says("doc tests").says("1 passed").complains("tests run");
    let said = course.lab(&["test", "-p", "abacus", "--json"]);
    let events: Vec<serde_json::Value> =
        said.done().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.iter().filter(|event| event["event"] == "test").count(), 4, "{events:#?}");
    assert_eq!(events.last().unwrap()["event"], "done");

    course.edit(&source, "Some(3));", "Some(4));");
    course.lab(&["test"]).refused(1, "LAB-TESTS-FAILED").complains("the doc tests");
    course.lab(&["test", "totals"]).done().says("doc tests: left out");
    course.edit(&source, "text.split('+')", "text.split('-')");
    course.lab(&["test"]).refused(1, "LAB-TESTS-FAILED").complains("FAIL");
    course.lab(&["test", "no_such_test_at_all"]).refused(1, "LAB-TESTS-FAILED").complains("no test matched");
}

#[test]
fn a_missing_cargo_is_a_coded_failure() {
    let course = TinyCourse::new();
    let mut cmd = course.command(&["gate", "1"], &course.root());
    let said = tiny_course::Said::of(&cmd.env("CARGO", "/no/such/cargo").output().unwrap());
    assert!([4, 5].contains(&said.status), "{said:#?}");
    assert!(said.stderr.contains("error[LAB-"), "{said:#?}");
}

#[test]
fn a_broken_week_yaml_names_file_line_and_column_whatever_was_asked() {
    let course = TinyCourse::new();
    course.edit(&course.root().join("weeks/week-02-till/week.yaml"), "week: 2", "week: 2\nweak: 3");
    for args in [&["status"][..], &["gate", "1"], &["day", "1.1"], &["run"]] {
        course
            .lab(args)
            .refused(3, "LAB-WEEK-DATA")
            .complains("week-02-till/week.yaml:2:1: ")
            .complains("weak");
    }
}

#[test]
fn weeks_and_demos_that_are_not_built_are_refused_honestly() {
    let course = TinyCourse::new();
    course.lab(&["gate", "9"]).refused(7, "LAB-WEEK-NOT-BUILT").complains("week 9 is not built yet");
    course.lab(&["demo", "1"]).refused(7, "LAB-WEEK-NOT-BUILT").complains("arrives with week 4");
    course.lab(&["run", "--week", "9"]).refused(7, "LAB-WEEK-NOT-BUILT");
}

#[test]
fn only_one_process_writes_evidence_at_a_time() {
    let course = TinyCourse::new();
    fs::create_dir_all(course.root().join("target")).unwrap();
    let held = fs::File::create(course.root().join("target/lab.lock")).unwrap();
    held.lock().unwrap();
    course.lab(&["gate", "1"]).refused(5, "LAB-BUSY");
    drop(held);
    course.lab(&["gate", "1"]).done();
}

#[test]
fn the_learners_gate_judges_the_learners_code_and_writes_the_learners_evidence() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    let bench = course.bench();
    course.lab_in(&bench, &["gate", "1"]).refused(1, "LAB-NOT-PASSED").says("abacus.true-totals failed: ");
    let made = Record::read(&bench.join("evidence/week-01/gate.json")).unwrap();
    assert_eq!(made.workspace, "learner");
    let untouched = &made.finding.criteria[0].detail;
    assert!(untouched.contains("abacus.sum: read the parts"), "the open hole is not named: {untouched}");
    assert!(!course.root().join("evidence").exists(), "the reference's evidence was touched");

    let solution = "let mut total = 0;\n    for part in text.split('+') {\n        total = add(total, part.trim().parse().ok()?)?;\n    }\n    Some(total)";
    let source = bench.join("weeks/week-01-abacus/src/lib.rs");
    course.edit(&source, "todo!(\"abacus.sum: read the parts and add them one by one\")", solution);
    let add = "let sum = total.checked_add(amount)?;\n    (sum <= TOTAL_MAX).then_some(sum)";
    course.edit(&source, "todo!(\"abacus.add: add, and refuse what the frame cannot show\")", add);
    course.lab(&["gate", "1", "--dir", bench.to_str().unwrap()]).done().says("passed: 2 of 2 criteria");
    course.lab_in(&bench, &["verify", "--fresh"]).done();
    course.lab_in(&bench, &["status"]).done().says("6 of 144 days proven").says("(yours)");
}

#[test]
fn machines_read_one_event_a_line_and_people_read_stderr() {
    let course = TinyCourse::new();
    let said = course.lab(&["gate", "1", "--json"]);
    let events: Vec<serde_json::Value> =
        said.done().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let record = events.iter().find(|event| event["event"] == "record").unwrap();
    assert_eq!((record["id"].as_str(), record["verdict"].as_str()), (Some("week-01/gate"), Some("passed")));
    assert_eq!(record["criteria"].as_array().unwrap().len(), 2);
    said.complains("passed: 2 of 2 criteria");
}

#[test]
fn an_evidence_folder_that_cannot_be_written_is_refused_before_the_build() {
    let course = TinyCourse::new();
    fs::write(course.root().join("evidence"), "a file in the place of the folder").unwrap();
    course.lab(&["gate", "1"]).refused(4, "LAB-EVIDENCE-FILE").complains("evidence");
    assert!(!course.root().join("target/debug").exists(), "minutes of building before the refusal");
}
