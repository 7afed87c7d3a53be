//! Runs a week's quality gate: one verdict per criterion of `week.yaml`.

use std::collections::BTreeMap;
use std::path::Path;

use evidence::{Criterion, Fact, Finding, Verdict, run::read_facts};

use crate::course::{GateCriterion, Week};
use crate::error::{EVIDENCE_FILE, Failure, GATE_MISMATCH};
use crate::nextest::{Prebuilt, TestOutcome};

/// How much of a failed test's words a record keeps.
const DETAIL_BYTES_MAX: usize = 4096;

/// Runs the gate of a week whose tests are built, and judges it. `on_test` is called as each test ends.
///
/// # Errors
/// A test that no criterion names, or a fact for a criterion that is not there: then `week.yaml` and the tests have
/// drifted apart, and nothing can be said. A criterion whose test did not run is a failed criterion.
pub fn run(
    root: &Path,
    week: &Week,
    tests: &Prebuilt,
    profile: &str,
    on_test: &mut dyn FnMut(&TestOutcome),
) -> Result<Finding, Failure> {
    let scratch = tempfile::tempdir().map_err(|e| Failure::new(&EVIDENCE_FILE, e.to_string()))?;
    let facts = scratch.path().join("facts.jsonl");
    let env = [("LAB_FACTS", &*facts.to_string_lossy()), ("LAB_PROFILE", profile)];
    let filter = format!("package(={}) & binary(=gate)", week.library);
    let outcomes = tests.run(root, &filter, &env, on_test)?;
    judge(week, &outcomes, read_facts(&facts)?)
}

/// Holds what ran against what was claimed.
fn judge(
    week: &Week,
    outcomes: &[TestOutcome],
    facts: BTreeMap<String, Vec<Fact>>,
) -> Result<Finding, Failure> {
    let mismatch = |what: String| Failure::new(&GATE_MISMATCH, format!("week {}: {what}", week.week));
    let criteria = &week.gate.criteria;
    if let Some(extra) =
        outcomes.iter().find(|ran| criteria.iter().all(|criterion| criterion.test != ran.name))
    {
        return Err(mismatch(format!(
            "tests/gate.rs has the test `{}`, which no criterion names",
            extra.name
        )));
    }
    let mut found: Vec<Criterion> = criteria.iter().map(|criterion| verdict(criterion, outcomes)).collect();
    for (criterion, facts) in facts {
        let backed = found.iter_mut().find(|found| found.id == criterion).ok_or_else(|| {
            mismatch(format!("a gate test backs the criterion `{criterion}`, which is not there"))
        })?;
        backed.facts.extend(facts);
    }
    let finding = Finding::of(&week.gate.claim).criteria(found);
    finding.check().map_err(mismatch)?;
    Ok(finding)
}

fn verdict(criterion: &GateCriterion, outcomes: &[TestOutcome]) -> Criterion {
    let GateCriterion { id, claim, test, .. } = criterion;
    match outcomes.iter().find(|ran| ran.name == *test) {
        Some(ran) => Criterion::check(id, claim, ran.passed, detail(&ran.output)),
        None => Criterion::of(id, claim, Verdict::Failed, format!("the test `{test}` did not run")),
    }
}

/// What a failed test said, from its first panic on, bounded, and never empty.
fn detail(output: &str) -> String {
    let from =
        output.find("panicked at").and_then(|at| output[..at].rfind('\n')).map_or(0, |newline| newline + 1);
    let noise = |line: &&str| !line.starts_with("note: run with `RUST_BACKTRACE");
    let said = output[from..].lines().filter(noise).collect::<Vec<_>>().join("\n");
    let said = said.trim();
    if said.is_empty() {
        return "the test ended without a word".to_owned();
    }
    if said.len() <= DETAIL_BYTES_MAX {
        return said.to_owned();
    }
    // The claim stands at the beginning of a panic message, what a child process said at its end.
    let head = floor(said, DETAIL_BYTES_MAX / 2);
    let tail = floor(said, said.len() - DETAIL_BYTES_MAX / 2);
    format!("{}\n[…]\n{}", &said[..head], &said[tail..])
}

/// The last place not beyond `at` where a text may be cut.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week() -> Week {
        let mut text = String::from(
            "week: 2\nlibrary: framing\ntitle: t\ntheme: t\nwhy: w\nnew: n\nreinforces: r\ndays: []\n\
             checkpoint: { show: [], reflect: [] }\ndrill: { id: a.b, claim: c }\ngate:\n  claim: every failure has a class\n  criteria:\n",
        );
        for name in ["oversize", "zero"] {
            text.push_str(&format!(
                "    - {{ id: framing.{name}, claim: c, test: {name}_is_refused, hole: framing.limit }}\n"
            ));
        }
        serde_yaml::from_str(&text).unwrap()
    }

    fn ran(name: &str, passed: bool, output: &str) -> TestOutcome {
        TestOutcome { binary: "gate".into(), name: name.into(), passed, output: output.into() }
    }

    #[test]
    fn a_gate_passes_when_each_criterion_has_a_test_that_passed() {
        let facts = BTreeMap::from([("framing.zero".to_owned(), vec![Fact::count("cases", 12, "")])]);
        let finding =
            judge(&week(), &[ran("oversize_is_refused", true, ""), ran("zero_is_refused", true, "")], facts)
                .unwrap();
        assert_eq!(finding.verdict, Verdict::Passed);
        assert_eq!(finding.criteria[1].facts, [Fact::count("cases", 12, "")]);
    }

    #[test]
    fn a_criterion_whose_test_did_not_run_has_failed() {
        let finding = judge(&week(), &[ran("oversize_is_refused", true, "")], BTreeMap::new()).unwrap();
        assert_eq!(finding.verdict, Verdict::Failed);
        assert_eq!(finding.criteria[1].detail, "the test `zero_is_refused` did not run");
        assert_eq!(judge(&week(), &[], BTreeMap::new()).unwrap().verdict, Verdict::Failed);
    }

    #[test]
    fn a_failed_test_leaves_its_panic_message_as_the_detail() {
        let output = "starting\n\nthread 'x' panicked at tests/gate.rs:3:5:\nframing.limit: left open\nnote: run with `RUST_BACKTRACE=1` for more\n";
        let finding = judge(
            &week(),
            &[ran("oversize_is_refused", false, output), ran("zero_is_refused", true, "")],
            BTreeMap::new(),
        )
        .unwrap();
        assert_eq!(finding.verdict, Verdict::Failed);
        assert_eq!(
            finding.criteria[0].detail,
            "thread 'x' panicked at tests/gate.rs:3:5:\nframing.limit: left open"
        );
    }

    #[test]
    fn a_test_or_a_fact_without_a_criterion_is_an_error() {
        let extra = judge(&week(), &[ran("forgotten", true, "")], BTreeMap::new()).unwrap_err();
        assert!(extra.what.contains("`forgotten`"), "{extra}");
        let facts = BTreeMap::from([("framing.gone".to_owned(), vec![Fact::count("n", 1, "")])]);
        assert_eq!(judge(&week(), &[], facts).unwrap_err().code.code, "LAB-GATE-MISMATCH");
    }

    #[test]
    fn a_long_detail_keeps_its_beginning_and_its_end() {
        let said = format!("panicked at begin {} end", "é".repeat(DETAIL_BYTES_MAX));
        let detail = detail(&said);
        assert!(detail.len() <= DETAIL_BYTES_MAX + 10, "{}", detail.len());
        assert!(detail.starts_with("panicked at begin") && detail.ends_with(" end"));
    }
}
