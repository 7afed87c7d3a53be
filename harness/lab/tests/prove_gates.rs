//! Claim: `prove-gates` shows the facts of a sound week, and refuses to show any that is not so. It could be fooled by
//! a proof that never looks; so each kind of unsound week is made here on purpose, from the sound one.

mod tiny_course;

use std::collections::BTreeMap;

use tiny_course::{Said, TinyCourse};

/// The facts by name: shown, and what was seen.
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
fn facts(said: &Said) -> BTreeMap<String, (bool, String)> {
    let lines = said.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .filter(|line| line["fact"].is_string())
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            (text("fact"), (line["shown"].as_bool().unwrap(), text("outcome")))
        })
        .collect()
}

/// Proves week 1 after an edit, and returns the facts that were not shown.
#[track_caller]
fn not_shown(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let course = TinyCourse::new();
    course.edit(&course.root().join("weeks/week-01-abacus").join(file), from, to);
    let said = course.lab(&["prove-gates", "1", "--json"]);
    assert_eq!(said.status, 1, "{said:#?}");
    facts(&said).into_iter().filter(|(_, (shown, _))| !shown).map(|(fact, (_, seen))| (fact, seen)).collect()
}

#[track_caller]
fn only(not_shown: &BTreeMap<String, String>, fact: &str, seen: &str) {
    assert_eq!(not_shown.keys().collect::<Vec<_>>(), [fact], "{not_shown:#?}");
    assert!(not_shown[fact].contains(seen), "{not_shown:#?}");
}

#[test]
fn sound_weeks_are_proved_and_the_table_says_how() {
    let course = TinyCourse::new();
    let said = course.lab(&["prove-gates"]);
    said.done().says("all shown").says("the gate fails on the skeleton").says("2 criteria, each at its hole");
    said.says("rejected by gate sales_are_counted");
    let again = course.lab(&["prove-gates", "--json"]);
    let facts = facts(again.done());
    assert_eq!(
        facts["abacus.wraps-around"].1,
        "rejected by abacus tests::a_total_beyond_the_machine_is_refused"
    );
    assert!(facts.values().all(|(shown, _)| *shown));
    assert!(!again.stderr.contains("Compiling"), "nothing is compiled twice: {again:#?}");
}

#[test]
fn a_week_that_is_not_built_has_nothing_to_prove() {
    TinyCourse::new().lab(&["prove-gates", "5"]).refused(7, "LAB-WEEK-NOT-BUILT");
}

#[test]
fn a_gate_that_cannot_fail_is_found() {
    let honest = r#"assert_eq!(abacus("1+2+3"), (Some(0), "6".to_owned()));"#;
    let found = not_shown("tests/gate.rs", honest, "assert_eq!(1 + 2 + 3, 6);");
    assert_eq!(
        found["the gate fails on the skeleton"],
        "abacus.true-totals: gate totals_are_true passes with skeleton"
    );
    assert_eq!(found["every check guards its hole"], "gate totals_are_true passes with only:abacus.sum");
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[test]
fn a_week_without_criteria_or_mistakes_shows_nothing() {
    let course = TinyCourse::new();
    let file = course.root().join("weeks/week-01-abacus/week.yaml");
    let text = std::fs::read_to_string(&file).expect("the week's data");
    let (before, rest) = text.split_once("  criteria:\n").expect("criteria");
    let (_, rest) = rest.split_once("drill:\n").expect("a drill");
    let (rest, _) = rest.split_once("wrong:\n").expect("wrong variants");
    std::fs::write(&file, format!("{before}drill:\n{rest}")).expect("written");
    let said = course.lab(&["prove-gates", "1", "--json"]);
    // The loader may refuse such a week outright; where it does not, the facts are not shown.
    assert!([1, 3].contains(&said.status), "{said:#?}");
}

#[test]
fn a_gate_test_without_a_criterion_is_found() {
    let found =
        not_shown("tests/gate.rs", "#[test]\nfn totals", "#[test]\nfn stray() {}\n\n#[test]\nfn totals");
    only(&found, "the gate is its criteria", "no criterion names the test `stray`");
}

#[test]
fn a_criterion_that_fails_at_another_hole_is_found() {
    let found = not_shown("week.yaml", "      hole: abacus.sum\ndrill", "      hole: abacus.add\ndrill");
    only(&found, "the gate fails on the skeleton", "abacus.refusals fails without naming abacus.add");
}

#[test]
fn a_mistake_that_no_check_notices_is_found() {
    let found = not_shown("week.yaml", "with: sum >= TOTAL_MAX", "with: sum > { TOTAL_MAX }");
    only(&found, "abacus.limit-off-by-one", "passes with abacus.limit-off-by-one");
}

#[test]
fn a_check_that_does_not_guard_its_hole_is_found() {
    let list = "      - abacus tests::a_total_beyond_the_machine_is_refused\n    hints";
    let more =
        "      - abacus tests::a_total_beyond_the_machine_is_refused\n      - abacus tests::free\n    hints";
    let course = TinyCourse::new();
    let folder = course.root().join("weeks/week-01-abacus");
    course.edit(&folder.join("week.yaml"), list, more);
    course.edit(&folder.join("src/lib.rs"), "mod tests {", "mod tests {\n    #[test]\n    fn free() {}\n");
    let said = course.lab(&["prove-gates", "1", "--json"]);
    assert_eq!(said.status, 1, "{said:#?}");
    let facts = facts(&said);
    assert_eq!(
        facts["every check guards its hole"],
        (false, "abacus tests::free passes with only:abacus.add".into())
    );
}

#[test]
fn a_reference_that_fails_its_own_check_is_found() {
    let found = not_shown("src/lib.rs", "    Some(sum)\n", "    Some(sum + 1)\n");
    assert!(
        found["the reference passes"].contains("the_largest_total_fits_and_one_more_does_not"),
        "{found:#?}"
    );
}

#[test]
fn a_check_that_does_not_exist_is_found() {
    let found = not_shown(
        "week.yaml",
        "    caught_by: gate what_does_not_fit_is_refused",
        "    caught_by: gate nobody",
    );
    assert_eq!(found["abacus.saturates"], "no test is called `gate nobody`");
}

#[test]
fn a_hole_that_only_one_side_knows_is_found() {
    let id = "abacus.sum";
    let found = not_shown("src/lib.rs", id, "abacus.total");
    assert_eq!(found["data and source agree"], "the hole `abacus.sum` is marked nowhere");
    let stray = "/// Adds, or says";
    let marked = "/// Stray.\npub fn stray() {\n    // lab:hole abacus.stray\n    // lab:stub todo!(\"abacus.stray: x\")\n    // lab:end\n}\n\n/// Adds, or says";
    only(&not_shown("src/lib.rs", stray, marked), "data and source agree", "`abacus.stray` of src/lib.rs:8");
}

#[test]
fn a_replacement_that_does_not_fit_its_hole_is_found() {
    let found = not_shown("week.yaml", "replace: sum > TOTAL_MAX", "replace: sum < TOTAL_MAX");
    only(&found, "the variants compile", "occurs 0 times in the hole `abacus.add`");
}

#[test]
fn a_skeleton_that_does_not_compile_is_found() {
    let stub = r#"todo!("abacus.add: add, and refuse what the frame cannot show")"#;
    let found = not_shown("src/lib.rs", stub, &format!("let () = 1; {stub}"));
    assert!(found.contains_key("the skeleton compiles"), "{found:#?}");
}

#[test]
fn a_deliverable_without_a_template_is_found() {
    let found = not_shown("week.yaml", "day2-note.md", "day2-other.md");
    only(&found, "data and source agree", "outputs/day2-other.md");
}
