//! Gates, drills and measurements end to end, on a course in miniature: what is put on record, and how each way of
//! failing is told apart. The drills are plain programs that write their finding by hand, so what is held here is the
//! contract itself and not the crate that makes it convenient.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod tiny_course;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use evidence::{Record, Value, Verdict};
use tiny_course::TinyCourse;

/// A course whose first week has a drill and a bench with these bodies.
fn course(drill: &str, bench: &str) -> TinyCourse {
    let course = TinyCourse::new();
    let week = course.root().join("weeks/week-01-abacus");
    let targets = "\n[[example]]\nname = \"week-01-drill\"\npath = \"drill/main.rs\"\n\n\
                   [[bench]]\nname = \"week-01-bench\"\npath = \"benches/main.rs\"\nharness = false\n";
    course.edit(&week.join("Cargo.toml"), "[lints]", &format!("{targets}\n[lints]"));
    for (folder, body) in [("drill", drill), ("benches", bench)] {
        fs::create_dir_all(week.join(folder)).unwrap();
        let text = format!(
            "#[allow(unused)]\nfn hand_back(text: &str) {{\n    let path = std::env::var(\"LAB_FINDING\").expect(\"LAB_FINDING is set\");\n    \
             std::fs::write(path, text).expect(\"writable\");\n}}\n\nfn main() {{\n{body}\n}}\n"
        );
        fs::write(week.join(folder).join("main.rs"), text).unwrap();
    }
    course
}

/// A drill that found this verdict after this many faults.
fn drill(verdict: &str, faults: u32) -> String {
    let invariant = |verdict: &str| {
        let detail = if verdict == "passed" { "" } else { r#","detail":"a bead fell off""# };
        format!(r#"{{"id":"abacus.intact","claim":"beads stay","verdict":"{verdict}"{detail}}}"#)
    };
    format!(
        r##"    let seed: u64 = std::env::var("LAB_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
    let tool = std::env::var("CARGO_BIN_EXE_abacus").expect("the tool beside the drill");
    assert!(std::path::Path::new(&tool).is_file());
    hand_back(&r#"{{"claim":"it bends","verdict":"{verdict}","seed":SEED,"drill":{{
      "steady_state":"s","fault":"the frame is shaken","degraded_mode":"d","recovery_trigger":"r","recovery_within_ms":10,
      "replay":"cargo lab drill 1 --seed SEED",
      "control":{{"faults_injected":0,"invariants":[{control}]}},
      "experiment":{{"faults_injected":{faults},"invariants":[{experiment}]}}}}}}"#.replace("SEED", &seed.to_string()));"##,
        control = invariant("passed"),
        experiment = invariant(if verdict == "inconclusive" { "passed" } else { verdict }),
    )
}

/// A bench that found a ratio.
const BENCH: &str = r##"    assert!(std::env::args().any(|arg| arg == "--bench"));
    assert!(!cfg!(debug_assertions), "a measurement of an unoptimised build is worth nothing");
    let profile = std::env::var("LAB_PROFILE").expect("LAB_PROFILE is set");
    hand_back(&format!(r#"{{"claim":"sums a second","verdict":"passed",
      "criteria":[{{"id":"abacus.profile","claim":"runs as asked","verdict":"passed",
        "facts":[{{"name":"profile","value":"{profile}"}}]}}],
      "ratios":[{{"id":"sum","claim":"sums","subject":"abacus","peer":"plain","median":1.5,"low":1.4,"high":1.7,"rounds":5}}]}}"#));"##;

fn record(course: &TinyCourse, id: &str) -> Record {
    Record::read(&course.root().join(format!("evidence/{id}.json"))).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_gate_on_record_makes_its_days_proven_until_the_code_changes() {
    let course = TinyCourse::new();
    course.lab(&["gate", "1"]).done().says("passed: 2 of 2 criteria").says("evidence/week-01/report.md");
    let made = record(&course, "week-01/gate");
    assert_eq!(made.finding.verdict, Verdict::Passed);
    assert_eq!((made.workspace.as_str(), made.command.as_str()), ("reference", "cargo lab gate 1"));
    assert!(
        made.inputs.iter().any(|input| input.path == "weeks/week-01-abacus/src/lib.rs"),
        "{:?}",
        made.inputs
    );
    assert!(made.inputs.iter().any(|input| input.path.ends_with("week.yaml#gate")), "{:?}", made.inputs);
    course.lab(&["verify", "--fresh"]).done();
    course.lab(&["status"]).done().says("6 of 144 days proven");

    let source = course.root().join("weeks/week-01-abacus/src/lib.rs");
    course.edit(&source, "//! Sums that refuse to lie.", "//! Sums that refuse to lie, ever.");
    course
        .lab(&["status"])
        .done()
        .says("0 of 144 days proven")
        .says("weeks/week-01-abacus/src/lib.rs has changed");
    course.lab(&["verify"]).done().says("1 stale");
    course.lab(&["verify", "--fresh"]).refused(1, "LAB-STALE");
}

#[test]
fn a_failed_gate_is_on_record_with_what_the_test_said_and_locks_the_next_week() {
    let course = TinyCourse::new();
    let source = course.root().join("weeks/week-01-abacus/src/lib.rs");
    course.edit(&source, "text.split('+')", "text.split('-')");
    course
        .lab(&["gate", "1"])
        .refused(1, "LAB-NOT-PASSED")
        .says("failed: 1 of 2 criteria")
        .says("abacus.true-totals failed: assertion `left == right` failed");
    let totals = record(&course, "week-01/gate").finding.criteria.remove(0);
    assert_eq!((totals.id.as_str(), totals.verdict), ("abacus.true-totals", Verdict::Failed));
    assert!(totals.detail.contains("tests/gate.rs:"), "{}", totals.detail);
    course.lab(&["verify", "--fresh"]).done().says("1 failed");

    course.lab(&["gate", "2"]).refused(7, "LAB-LOCKED").complains("gate of week 1").complains("--skip-gate");
    assert!(!course.root().join("evidence/week-02/gate.json").exists());
    course.lab(&["gate", "2", "--skip-gate"]).done().says("week-01/gate is on record as skipped");
    let skipped = record(&course, "week-01/gate");
    assert_eq!(skipped.finding.verdict, Verdict::Skipped);
    assert!(
        skipped.finding.criteria[0].detail.starts_with("skipped on request; it had failed: "),
        "{skipped:#?}"
    );
    assert_eq!(record(&course, "week-02/gate").finding.verdict, Verdict::Passed);
    course.lab(&["status"]).done().says("skipped").says("6 of 144 days proven");
}

#[test]
fn a_gate_test_that_is_gone_or_crashes_fails_its_criterion() {
    let course = TinyCourse::new();
    let tests = course.root().join("weeks/week-01-abacus/tests/gate.rs");
    course.edit(&tests, "#[test]\nfn totals_are_true", "#[test]\n#[ignore]\nfn totals_are_true");
    course.edit(&tests, "assert_eq!(abacus(\"999+1\").0, Some(3));", "std::process::abort();");
    course.lab(&["gate", "1"]).refused(1, "LAB-NOT-PASSED").says("the test `totals_are_true` did not run");
    let criteria = record(&course, "week-01/gate").finding.criteria;
    assert!(criteria.iter().all(|criterion| criterion.verdict == Verdict::Failed), "{criteria:#?}");
}

#[test]
fn a_gate_test_that_no_criterion_names_is_no_pass() {
    let course = TinyCourse::new();
    let tests = course.root().join("weeks/week-01-abacus/tests/gate.rs");
    course.edit(&tests, "fn totals_are_true", "fn forgotten() {}\n\n#[test]\nfn totals_are_true");
    course.lab(&["gate", "1"]).refused(1, "LAB-NOT-PASSED").says("LAB-GATE-MISMATCH").says("`forgotten`");
}

#[test]
fn code_that_does_not_compile_leaves_no_record_and_shows_the_compilers_words() {
    let course = TinyCourse::new();
    let source = course.root().join("weeks/week-01-abacus/src/lib.rs");
    course.edit(&source, "pub const TOTAL_MAX: u32 = 999;", "pub const TOTAL_MAX: u32 = \"999\";");
    course.lab(&["gate", "1"]).refused(1, "LAB-BUILD-FAILED").complains("mismatched types");
    assert!(!course.root().join("evidence/week-01").exists());
}

#[test]
fn a_drill_is_on_record_with_its_seed_and_the_command_that_replays_it() {
    let course = course(&drill("passed", 3), BENCH);
    course.lab(&["drill", "1", "--seed", "41"]).done().says("passed: 1 of 1 invariants held, 3 faults");
    let made = record(&course, "week-01/drill");
    assert_eq!((made.finding.seed, made.command.as_str()), (Some(41), "cargo lab drill 1 --seed 41"));
    course.lab(&["drill", "1"]).done();
    assert_eq!(record(&course, "week-01/drill").finding.seed, Some(7));
}

#[test]
fn a_drill_whose_fault_did_not_happen_is_inconclusive_and_never_passed() {
    let course = course(&drill("inconclusive", 0), BENCH);
    course
        .lab(&["drill", "1"])
        .refused(1, "LAB-NOT-PASSED")
        .says("the fault never happened: the frame is shaken");
    assert_eq!(record(&course, "week-01/drill").finding.verdict, Verdict::Inconclusive);
    course.edit(
        &course.root().join("weeks/week-01-abacus/drill/main.rs"),
        "\"verdict\":\"inconclusive\"",
        "\"verdict\":\"passed\"",
    );
    course.lab(&["drill", "1"]).refused(1, "LAB-NOT-PASSED").says("LAB-NO-FINDING");
    assert_eq!(
        record(&course, "week-01/drill").finding.verdict,
        Verdict::Failed,
        "a claimed pass is not believed"
    );
}

#[test]
fn a_drill_that_dies_replaces_an_old_pass_by_a_failure() {
    let course = course(&drill("passed", 1), BENCH);
    course.lab(&["drill", "1"]).done();
    course.edit(
        &course.root().join("weeks/week-01-abacus/drill/main.rs"),
        "fn main() {",
        "fn main() {\n    eprintln!(\"the frame broke\"); std::process::abort();",
    );
    course.lab(&["drill", "1"]).refused(1, "LAB-NOT-PASSED").says("killed by signal 6");
    let made = record(&course, "week-01/drill");
    assert_eq!(made.finding.verdict, Verdict::Failed);
    assert!(made.finding.criteria[0].detail.contains("the frame broke"), "{made:#?}");
}

#[test]
fn a_bench_runs_optimised_in_the_profile_that_was_asked_for() {
    let course = course(&drill("passed", 1), BENCH);
    course.lab(&["bench", "1", "--profile", "quick"]).done().says("abacus 1.50x of plain");
    let made = record(&course, "week-01/bench");
    assert_eq!(
        (made.profile.as_str(), made.command.as_str()),
        ("quick", "cargo lab bench 1 --profile quick")
    );
    assert_eq!(made.finding.criteria[0].facts[0].value, Value::Text("quick".into()));
}

#[test]
fn a_run_goes_on_after_a_failure_and_ends_with_what_failed_and_the_page_to_open() {
    let course = course(&drill("failed", 2), BENCH);
    // The course in miniature has no book, so the run cannot end well; what was judged is on record all the same.
    let said = course.lab(&["run", "--week", "1", "--profile", "quick", "--json"]);
    said.refused(1, "LAB-NOT-PASSED")
        .complains("1 of 3 did not pass:")
        .complains("week-01/drill failed  again: cargo lab drill 1 --seed 7 --profile quick")
        .complains("abacus.intact failed: a bead fell off")
        .complains("2 of 3 passed")
        .complains("evidence/index.html");
    let done: serde_json::Value = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|e: &serde_json::Value| e["event"] == "done")
        .unwrap();
    assert_eq!((done["passed"].as_u64(), done["not_passed"][0].as_str()), (Some(2), Some("week-01/drill")));
    for kind in ["gate", "drill", "bench"] {
        record(&course, &format!("week-01/{kind}"));
    }
    course.lab(&["verify", "--fresh"]).done().says("2 passed, 1 failed");
    assert!(!course.root().join("evidence/week-02").exists(), "only the week that was asked for");

    let elsewhere = course.outside("elsewhere");
    course.lab(&["run", "--week", "1", "--evidence", elsewhere.to_str().unwrap()]);
    course.lab(&["verify", elsewhere.to_str().unwrap(), "--fresh"]).done();
}

#[test]
fn a_source_that_is_saved_during_the_build_is_built_again_and_the_record_is_of_what_ran() {
    let course = TinyCourse::new();
    // The build itself plays the person who saves a file while the compiler is at work, once.
    let save = "fn main() {\n    let text = std::fs::read_to_string(\"src/lib.rs\").unwrap();\n    \
                if !text.contains(\"saved meanwhile\") {\n        std::fs::write(\"src/lib.rs\", text + \"// saved meanwhile\\n\").unwrap();\n    }\n}\n";
    fs::write(course.root().join("weeks/week-01-abacus/build.rs"), save).unwrap();
    let said = course.lab(&["gate", "1"]);
    assert_eq!(said.done().stdout.matches(" build ").count(), 2, "{said:#?}");
    course.lab(&["verify", "--fresh"]).done();
}

#[test]
fn a_failed_gate_does_not_keep_its_report_from_being_written_and_a_wrong_page_is_still_found() {
    let course = TinyCourse::new();
    let week = course.root().join("weeks/week-01-abacus");
    let note = week.join("outputs/day1-frame.md");
    course.edit(
        &note,
        "# The frame",
        "# The frame\n\nCases: {{#lab value week-01/gate abacus.true-totals.cases}}.",
    );
    let source = week.join("src/lib.rs");
    course.edit(&source, "text.split('+')", "text.split('-')");
    course.lab(&["gate", "1"]).refused(1, "LAB-NOT-PASSED");
    let filed = fs::read_to_string(course.root().join("evidence/week-01/day1-frame.md")).unwrap();
    assert!(filed.contains("not shown: week-01/gate failed"), "{filed}");
    course.lab(&["verify"]).done();

    course.edit(&source, "text.split('-')", "text.split('+')");
    course
        .lab(&["gate", "1"])
        .refused(1, "LAB-BOOK-BROKEN")
        .complains("outputs/day1-frame.md:3")
        .says("2 of 2 criteria");
}

#[test]
fn a_full_disk_is_a_coded_failure_and_the_old_record_stays_whole() {
    let course = course(&drill("passed", 1), BENCH);
    course.lab(&["drill", "1"]).done();
    let before = fs::read(course.root().join("evidence/week-01/drill.json")).unwrap();
    // A limit on the size of files stands in for the full disk: writing fails halfway through, just as there.
    let script = format!("trap '' XFSZ; ulimit -f 2; exec '{}' drill 1", env!("CARGO_BIN_EXE_lab"));
    let mut cmd = std::process::Command::new("sh");
    let output =
        cmd.args(["-c", &script]).current_dir(course.root()).env_remove("CARGO_TARGET_DIR").output().unwrap();
    tiny_course::Said::of(&output).refused(4, "LAB-EVIDENCE-FILE").complains("drill.json");
    assert_eq!(fs::read(course.root().join("evidence/week-01/drill.json")).unwrap(), before);
    let left: Vec<_> = fs::read_dir(course.root().join("evidence/week-01")).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with('.')), "{left:?}");
    course.lab(&["verify"]).done();
}

/// The pids of processes whose command line has this text.
fn running(text: &str) -> Vec<PathBuf> {
    let listing = fs::read_dir("/proc").unwrap().flatten();
    listing
        .map(|entry| entry.path())
        .filter(|path| {
            fs::read(path.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(text))
        })
        .collect()
}

#[test]
fn a_signal_ends_the_children_leaves_whole_files_and_is_seen_as_a_signal() {
    for (signal, number) in [(rustix::process::Signal::INT, 2), (rustix::process::Signal::TERM, 15)] {
        let course = course(&drill("passed", 1), BENCH);
        course.lab(&["drill", "1"]).done();
        let before = fs::read(course.root().join("evidence/week-01/drill.json")).unwrap();
        let started = course.outside("started");
        let hang = format!(
            "fn main() {{\n    std::fs::write({started:?}, \"\").unwrap();\n    std::thread::sleep(std::time::Duration::from_secs(600));"
        );
        course.edit(&course.root().join("weeks/week-01-abacus/drill/main.rs"), "fn main() {", &hang);
        let mut cmd = course.command(&["drill", "1"], &course.root());
        let child = cmd.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(120);
        while !started.exists() {
            assert!(Instant::now() < until, "the drill never began");
            std::thread::yield_now();
        }
        let drill = course.root().join("target/debug/examples/week-01-drill");
        assert_eq!(running(drill.to_str().unwrap()).len(), 1);
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(number), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("error[LAB-INTERRUPTED]"), "{output:?}");
        assert_eq!(running(drill.to_str().unwrap()), Vec::<PathBuf>::new(), "the drill lives on");
        assert_eq!(fs::read(course.root().join("evidence/week-01/drill.json")).unwrap(), before);
        course.lab(&["verify"]).done();
    }
}
