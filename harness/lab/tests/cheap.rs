//! The commands that build nothing, on the real course: what they print, how they refuse.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod tiny_course;

use std::path::Path;
use std::process::Command;

use evidence::{
    Commit, Criterion, Environment, Finding, Input, Kind, Record, Verdict, manifest, record::SCHEMA,
};
use serde_json::Value;
use tiny_course::Said;

/// Runs `lab` in the real course.
fn lab(args: &[&str]) -> Said {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    Said::of(&Command::new(env!("CARGO_BIN_EXE_lab")).args(args).current_dir(root).output().unwrap())
}

fn json(said: &Said) -> Value {
    serde_json::from_str(said.stdout.trim()).unwrap_or_else(|e| panic!("{e}: {said:#?}"))
}

#[test]
fn the_board_has_24_weeks_of_six_days_each_with_a_known_state() {
    let said = lab(&["status", "--json"]);
    let board = json(said.done());
    let weeks = board["weeks"].as_array().unwrap();
    assert_eq!(weeks.len(), 24);
    for (index, week) in weeks.iter().enumerate() {
        assert_eq!(week["week"], index + 1);
        let days = week["days"].as_array().unwrap();
        assert_eq!(days.len(), 6);
        for day in days {
            let state = day["state"].as_str().unwrap();
            assert!(["proven", "stale", "red", "skipped", "open", "not-built-yet"].contains(&state), "{day}");
            assert_eq!(state == "not-built-yet", week["built"] == false, "{day}");
        }
    }
}

#[test]
fn without_a_command_the_board_is_shown_in_words_and_without_colour() {
    let said = lab(&[]);
    said.done().says("Month 6").says("not built yet").says("of 144 days proven");
    assert!(!said.stdout.contains('\x1b'), "colour in a pipe");
}

#[test]
fn every_day_of_the_course_has_its_whole_brief() {
    lab(&["day", "1.1"]).done().says("The constraint").says("evidence/week-01/day1-cli-contract.md");
    lab(&["day", "17.3"]).done().says("not built yet").says("Learn (").says("Self-check");
    let day = json(lab(&["day", "24.6", "--json"]).done());
    assert_eq!((day["day"].as_str(), day["built"].as_bool()), (Some("24.6"), Some(false)));
    assert_eq!(day["learn"].as_array().unwrap().len(), 3);
}

#[test]
fn days_and_weeks_that_are_not_there_are_a_wrong_usage() {
    for day in ["25.1", "x", "0.1", "1.7", "1"] {
        lab(&["day", day]).refused(2, "LAB-NO-SUCH-WEEK").complains(&format!("`{day}`"));
    }
    for verb in ["gate", "drill", "bench"] {
        lab(&[verb, "25"]).refused(2, "LAB-NO-SUCH-WEEK");
    }
    lab(&["demo", "7"]).refused(2, "LAB-NO-SUCH-WEEK").complains("months are 1 to 6");
}

#[test]
fn a_command_line_that_is_not_understood_is_told_on_one_line() {
    for (args, words) in [
        (&["gatte", "1"][..], "'gatte'"),
        (&["run", "--profile", "slow"], "'slow'"),
        (&["drill", "1", "--seed", "minus"], "'minus'"),
        (&["gate"], "<WEEK>"),
        (&["status", "--loud"], "'--loud'"),
    ] {
        let said = lab(args);
        said.refused(2, "LAB-USAGE").complains(words);
        assert_eq!((said.stderr.lines().count(), said.stdout.as_str()), (1, ""), "{said:#?}");
    }
}

#[test]
fn help_is_an_answer_and_not_an_error() {
    let said = lab(&["--help"]);
    for verb in ["status", "day", "gate", "drill", "bench", "demo", "run", "test", "verify", "doctor"] {
        said.done().says(verb);
    }
}

#[test]
fn an_error_is_an_event_too() {
    let event = json(lab(&["day", "25.1", "--json"]).refused(2, "LAB-NO-SUCH-WEEK"));
    assert_eq!(
        (event["error"]["code"].as_str(), event["error"]["exit"].as_u64()),
        (Some("LAB-NO-SUCH-WEEK"), Some(2))
    );
}

#[test]
fn outside_of_the_course_the_way_in_is_named() {
    let empty = tempfile::tempdir().unwrap();
    lab(&["status", "--dir", empty.path().to_str().unwrap()])
        .refused(4, "LAB-NO-WORKSPACE")
        .complains("--dir");
    lab(&["status", "--dir", "/no/such/folder"]).refused(4, "LAB-NO-WORKSPACE");
}

#[test]
fn the_doctor_examines_everything_that_the_lab_leans_on() {
    let report = json(&lab(&["doctor", "--json"]));
    let names: Vec<&str> =
        report["probes"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    for name in [
        "rustc",
        "linker",
        "cargo-nextest",
        "git",
        "loopback",
        "/proc",
        "open files",
        "cores",
        "disk space",
        "evidence",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    for probe in report["probes"].as_array().unwrap() {
        assert_eq!(
            probe["health"] == "fine",
            probe["fix"] == "",
            "a fix exactly where one is needed: {probe}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let script = format!("'{}' status | head -n 1", env!("CARGO_BIN_EXE_lab"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let said = Said::of(&Command::new("sh").args(["-c", &script]).current_dir(root).output().unwrap());
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:#?}");
}

/// An evidence folder of one record, with its manifest.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let word = || "test".to_owned();
    let record = Record {
        schema: SCHEMA,
        id: "week-01/gate".into(),
        kind: Kind::Gate,
        workspace: "reference".into(),
        command: "cargo lab gate 1".into(),
        profile: "quick".into(),
        started_at: "2026-01-31T08:00:00Z".into(),
        finished_at: "2026-01-31T08:00:01Z".into(),
        environment: Environment {
            os: word(),
            kernel: word(),
            cpu: word(),
            cores: 1,
            memory_bytes: 1,
            rustc: word(),
            nextest: word(),
        },
        commit: Commit { id: "none".into(), modified: Vec::new() },
        inputs: vec![Input { path: "weeks/week-01-logger/src/gone.rs".into(), sha256: "0".repeat(64) }],
        finding: Finding::of("it holds").criterion(Criterion::of(
            "logger.holds",
            "it holds",
            Verdict::Passed,
            "",
        )),
        digest: String::new(),
    };
    record.seal().write(&dir.path().join("week-01/gate.json")).unwrap();
    std::fs::write(dir.path().join("week-01/report.md"), "# Week 1\n").unwrap();
    manifest::write(dir.path(), &manifest::DerivedFrom::new()).unwrap();
    dir
}

#[test]
fn a_whole_folder_verifies_and_what_is_stale_is_named_and_fails_only_when_asked() {
    let dir = folder();
    let path = dir.path().to_str().unwrap();
    lab(&["verify", path]).done().says("1 record, 2 files").says("week-01/gate: ").says("1 passed");
    lab(&["verify", path, "--fresh"]).refused(1, "LAB-STALE").complains("week-01/gate");
    let report = json(lab(&["verify", path, "--json"]).done());
    assert_eq!(
        (report["files"].as_u64(), report["stale"][0]["id"].as_str()),
        (Some(2), Some("week-01/gate"))
    );
}

#[test]
fn one_changed_byte_of_a_record_a_report_or_the_manifest_is_named() {
    for (file, from, to, exit, code) in [
        ("week-01/gate.json", "it holds", "it hulds", 6, "LAB-EVIDENCE-TAMPERED"),
        ("week-01/report.md", "Week 1", "Week 2", 6, "LAB-EVIDENCE-TAMPERED"),
        ("manifest.json", "\"bytes\": 9", "\"bytes\": 8", 6, "LAB-EVIDENCE-TAMPERED"),
        ("manifest.json", "\"files\"", "\"filez\"", 6, "LAB-EVIDENCE-TAMPERED"),
    ] {
        let dir = folder();
        let path = dir.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {file}: {text}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        lab(&["verify", dir.path().to_str().unwrap()]).refused(exit, code).complains(file);
    }
}

#[test]
fn a_missing_and_an_added_file_are_named() {
    let dir = folder();
    let path = dir.path().to_str().unwrap();
    std::fs::write(dir.path().join("extra.md"), "x").unwrap();
    lab(&["verify", path]).refused(6, "LAB-EVIDENCE-TAMPERED").complains("extra.md");
    std::fs::remove_file(dir.path().join("extra.md")).unwrap();
    std::fs::remove_file(dir.path().join("week-01/report.md")).unwrap();
    lab(&["verify", path]).refused(6, "LAB-EVIDENCE-TAMPERED").complains("report.md");
    std::fs::remove_file(dir.path().join("manifest.json")).unwrap();
    lab(&["verify", path]).refused(4, "LAB-EVIDENCE-FILE").complains("manifest.json");
    let empty = tempfile::tempdir().unwrap();
    lab(&["verify", empty.path().to_str().unwrap()]).refused(1, "LAB-NO-EVIDENCE");
    lab(&["verify", "/no/such/folder"]).refused(4, "LAB-EVIDENCE-FILE");
}
