//! Claim: in a workbench the judging commands judge the learner's code and write the learner's evidence. They could be
//! fooled by judging the reference, which always passes: so the gate is seen to fail first, on the learner's own hole.

mod tiny_course;

use std::fs;

use evidence::{Record, Verdict};
use tiny_course::TinyCourse;

const ADD: &str = r#"todo!("abacus.add: add, and refuse what the frame cannot show")"#;
const SUM: &str = r#"todo!("abacus.sum: read the parts and add them one by one")"#;

#[test]
fn a_gate_in_a_workbench_judges_the_learners_code_and_writes_the_learners_evidence() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    let bench = course.bench();
    let record = bench.join("evidence/week-01/gate.json");

    let open = course.lab_in(&bench, &["gate", "1"]);
    assert_eq!(open.status, 1, "{open:#?}");
    let failed = Record::read(&record).expect("a failed gate is on record too");
    assert_eq!((failed.workspace.as_str(), failed.finding.verdict), ("learner", Verdict::Failed));
    assert!(
        failed.finding.criteria.iter().all(|criterion| criterion.detail.contains("abacus.sum")),
        "{failed:#?}"
    );

    let source = bench.join("weeks/week-01-abacus/src/lib.rs");
    course.edit(&source, ADD, "total.checked_add(amount).filter(|sum| *sum <= TOTAL_MAX)");
    course.edit(
        &source,
        SUM,
        "text.split('+').try_fold(0, |total, part| add(total, part.trim().parse().ok()?))",
    );
    // From deep inside, as a shell in the learner's editor would.
    course.lab_in(&bench.join("weeks/week-01-abacus/src"), &["gate", "1"]).done();
    let passed = Record::read(&record).expect("the record is there");
    assert_eq!((passed.workspace.as_str(), passed.finding.verdict), ("learner", Verdict::Passed));
    assert!(passed.inputs.iter().any(|input| input.path == "weeks/week-01-abacus/src/lib.rs"), "{passed:#?}");
    assert!(
        !course.root().join("evidence").exists(),
        "the reference's evidence is not the learner's to write"
    );
    course.lab_in(&bench, &["verify"]).done();

    course.edit(&source, "*sum <= TOTAL_MAX", "*sum <= { TOTAL_MAX }");
    let stale = course.lab_in(&bench, &["verify", "--fresh"]);
    assert_eq!(stale.status, 1, "{stale:#?}");
}

#[test]
fn a_later_week_can_be_entered_first_and_its_gate_is_unlocked_by_the_reference() {
    let course = TinyCourse::new();
    course.lab(&["gate", "1"]).done();
    course.lab(&["start", "2"]).done();
    let bench = course.bench();
    let said = course.lab_in(&bench, &["gate", "2"]);
    assert_eq!(said.status, 1, "week 2 is open, not locked: {said:#?}");
    let record = Record::read(&bench.join("evidence/week-02/gate.json")).expect("the record is there");
    assert!(record.finding.criteria[0].detail.contains("till.sell"), "{record:#?}");
    let source =
        fs::read_to_string(bench.join("weeks/week-02-till/src/lib.rs")).expect("the learner's source");
    assert!(source.contains("todo!"), "judging changes nothing");
}

#[test]
fn a_page_that_shows_what_a_failed_gate_did_not_record_says_so_and_is_written() {
    let course = TinyCourse::new();
    let template = course.root().join("weeks/week-01-abacus/outputs/day1-frame.md");
    course.edit(&template, "# The frame\n", "# The frame\n\n{{#lab facts week-01/gate abacus.refusals}}\n");
    course.lab(&["start", "1"]).done();
    let said = course.lab_in(&course.bench(), &["gate", "1"]);
    assert_eq!(said.status, 1, "the verdict is the gate's and not the page's: {said:#?}");
    said.says("abacus.refusals failed: abacus.sum: read the parts");
    let page =
        fs::read_to_string(course.bench().join("evidence/week-01/day1-frame.md")).expect("it is written");
    assert!(page.contains("not shown: week-01/gate failed"), "{page}");
}
