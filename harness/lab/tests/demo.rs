//! A month's demo end to end, on a course in miniature whose fourth week is built: what it is given, what is put on
//! record, and that every command knows the record.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod tiny_course;

use std::fs;
use std::path::{Path, PathBuf};

use evidence::{Kind, Record, Verdict};
use tiny_course::TinyCourse;

/// A demo that insists on its surroundings and hands back a finding with its seed.
const DEMO: &str = r##"fn main() {
    let tool = std::env::var("CARGO_BIN_EXE_abacus").expect("the tools of earlier weeks are there");
    assert!(std::path::Path::new(&tool).is_file());
    assert!(!cfg!(debug_assertions), "a demo shows numbers");
    let total = std::process::Command::new(tool).arg("1+2").output().expect("starts").stdout;
    assert_eq!(String::from_utf8_lossy(&total).trim(), "3");
    let seed = std::env::var("LAB_SEED").unwrap_or("7".into());
    let profile = std::env::var("LAB_PROFILE").expect("LAB_PROFILE is set");
    let finding = format!(
        r#"{{"claim":"the month adds up","verdict":"passed","seed":{seed},"criteria":[{{"id":"quarter.adds-up",
        "claim":"the tools agree","verdict":"passed","facts":[{{"name":"profile","value":"{profile}"}}]}}],
        "measurements":[{{"id":"sums","title":"Sums over time","unit":"ns","series":[
        {{"name":"p50","points":[[0.0,1.0],[1.0,2.0]]}}]}}]}}"#
    );
    std::fs::write(std::env::var("LAB_FINDING").expect("LAB_FINDING is set"), finding).expect("writable");
}
"##;

/// The till of week 2 once more, as another week under another name; its folder.
fn another_till(course: &TinyCourse, number: u8, name: &str) -> PathBuf {
    let weeks = course.root().join("weeks");
    fs::remove_dir_all(weeks.join(format!("week-{number:02}-later"))).unwrap();
    let week = weeks.join(format!("week-{number:02}-{name}"));
    tiny_course::copy(&weeks.join("week-02-till"), &week);
    let note = format!("outputs/day1-{name}.md");
    fs::rename(week.join("outputs/day1-till.md"), week.join(&note)).unwrap();
    let title = name[..1].to_uppercase() + &name[1..];
    for file in ["Cargo.toml", "src/lib.rs", "tests/gate.rs", "week.yaml", &note] {
        let path = week.join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("till", name).replace("Till", &title)).unwrap();
    }
    course.edit(&week.join("week.yaml"), "week: 2", &format!("week: {number}"));
    let member = format!("    \"harness/lab\",\n    \"weeks/week-{number:02}-{name}\",\n");
    course.edit(&course.root().join("Cargo.toml"), "    \"harness/lab\",\n", &member);
    let entry = format!(
        "[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\ndependencies = [\n \"abacus\",\n]\n\n[[package]]\nname = \"till\""
    );
    course.edit(&course.root().join("Cargo.lock"), "[[package]]\nname = \"till\"", &entry);
    week
}

/// A course whose fourth week is built: it closes the first month, with a demo.
fn course() -> TinyCourse {
    let course = TinyCourse::new();
    another_till(&course, 3, "drawer");
    let week = another_till(&course, 4, "quarter");
    let review = "month_review: { month: 1, title: It adds up, objective: O, mindset: M, can_build: C, risks: R,\n  \
                  demo: The tools agree, artifacts: [README.md, diagram.svg, diagram.png] }\n";
    course.edit(&week.join("week.yaml"), "holes:\n  - id", &format!("{review}holes:\n  - id"));
    course.edit(
        &week.join("week.yaml"),
        "[day6-note.md]",
        "[month-1-demo/README.md, month-1-demo/diagram.png, day6-note.md]",
    );
    let outputs = week.join("outputs/month-1-demo");
    fs::create_dir_all(&outputs).unwrap();
    let page = "# The month\n\n<!-- lab:hole quarter.demo -->\nSums agree everywhere.\n<!-- lab:stub what agrees? -->\n\
                <!-- lab:end -->\n\n{{#lab diagram month-1-demo/diagram.svg}}\n\n{{#lab review 1}}\n\n\
                {{#lab criteria month-1-demo/demo}}\n\n\
                {{#lab chart month-1-demo/demo sums}}\n";
    fs::write(outputs.join("README.md"), page).unwrap();
    fs::write(outputs.join("diagram.txt"), DIAGRAM).unwrap();
    let target = "\n[[example]]\nname = \"month-1-demo\"\npath = \"demo/main.rs\"\n\n[lints]";
    course.edit(&week.join("Cargo.toml"), "\n[lints]", target);
    fs::create_dir_all(week.join("demo")).unwrap();
    fs::write(week.join("demo/main.rs"), DEMO).unwrap();
    course
}

const DIAGRAM: &str = "title: A sum goes through the till\n\n+--------+     +------+\n| abacus |---->| till |\n+--------+     +------+\n";

fn record(course: &TinyCourse) -> Record {
    Record::read(&course.root().join("evidence/month-1-demo/demo.json")).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_demo_is_on_record_with_its_pages_its_drawing_and_the_command_that_replays_it() {
    let course = course();
    course
        .lab(&["demo", "1", "--seed", "41", "--profile", "quick"])
        .done()
        .says("month 1 demo")
        .says("passed: 1 of 1 criteria")
        .says("evidence/month-1-demo/README.md");
    let made = record(&course);
    assert_eq!((made.kind, made.finding.verdict, made.finding.seed), (Kind::Demo, Verdict::Passed, Some(41)));
    assert_eq!(made.command, "cargo lab demo 1 --seed 41 --profile quick");
    for input in ["weeks/week-04-quarter/demo/main.rs", "weeks/week-01-abacus/src/lib.rs"] {
        assert!(made.inputs.iter().any(|made| made.path == input), "{input}: {:?}", made.inputs);
    }
    let folder = course.root().join("evidence/month-1-demo");
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("Sums agree everywhere.") && page.contains("quarter.adds-up"), "{page}");
    assert!(page.contains("![A sum goes through the till](diagram.svg)"), "{page}");
    assert!(page.contains("| The demo | The tools agree |"), "{page}");
    assert!(page.contains("](demo-sums-time.svg)") && folder.join("demo-sums-time.svg").is_file(), "{page}");
    let drawing = fs::read_to_string(folder.join("diagram.svg")).unwrap();
    assert!(drawing.contains("<title>A sum goes through the till</title>"), "{drawing}");
    assert!(drawing.contains("prefers-color-scheme"), "{drawing}");
    let picture = fs::read(folder.join("diagram.png")).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let index = fs::read_to_string(course.root().join("evidence/index.html")).unwrap();
    for link in ["month-1-demo/README.md", "month-1-demo/diagram.png", "month-1-demo/demo.json"] {
        assert!(index.contains(&format!("href=\"{link}\"")), "{link}");
    }

    course.lab(&["verify", "--fresh"]).done();
    course.lab(&["status"]).done().says("Demo of month 1").says("proven");
    let source = course.root().join("weeks/week-04-quarter/demo/main.rs");
    course.edit(&source, "the month adds up", "the month adds up again");
    course
        .lab(&["status"])
        .done()
        .says("month 1 demo: stale, weeks/week-04-quarter/demo/main.rs has changed");
    course.lab(&["verify", "--fresh"]).refused(1, "LAB-STALE").complains("month-1-demo/demo");
}

#[test]
fn a_run_of_the_week_that_closes_a_month_runs_its_demo_and_of_any_other_week_does_not() {
    let course = course();
    // The course in miniature has no book and these weeks have no drill, so neither run ends well.
    let events = |week: &str| {
        let said = course.lab(&["run", "--week", week, "--json"]);
        said.stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|event| event["event"] == "record")
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let week = course.root().join("weeks/week-04-quarter");
    give_drill_and_bench(&course, &week, "week-04");
    assert_eq!(events("4"), ["week-04/gate", "week-04/drill", "week-04/bench", "month-1-demo/demo"]);
    assert_eq!(record(&course).finding.seed, Some(7));
    give_drill_and_bench(&course, &course.root().join("weeks/week-01-abacus"), "week-01");
    assert_eq!(events("1"), ["week-01/gate", "week-01/drill", "week-01/bench"]);
}

/// Targets of these names that hand back nothing: they are on record as failures.
fn give_drill_and_bench(course: &TinyCourse, week: &Path, name: &str) {
    let targets = format!(
        "\n[[example]]\nname = \"{name}-drill\"\npath = \"drill.rs\"\n\n\
         [[bench]]\nname = \"{name}-bench\"\npath = \"bench.rs\"\nharness = false\n\n[lints]"
    );
    course.edit(&week.join("Cargo.toml"), "\n[lints]", &targets);
    for file in ["drill.rs", "bench.rs"] {
        fs::write(week.join(file), "fn main() {}\n").unwrap();
    }
}

#[test]
fn a_demo_that_hands_nothing_back_replaces_an_old_pass_by_a_failure() {
    let course = course();
    course.lab(&["demo", "1"]).done();
    let source = course.root().join("weeks/week-04-quarter/demo/main.rs");
    course.edit(
        &source,
        "fn main() {",
        "fn main() {\n    eprintln!(\"the lights went out\"); std::process::exit(3);",
    );
    course.lab(&["demo", "1"]).refused(1, "LAB-NOT-PASSED").says("exit status 3");
    let made = record(&course);
    assert_eq!((made.finding.verdict, made.finding.claim.as_str()), (Verdict::Failed, "The tools agree"));
    assert!(made.finding.criteria[0].detail.contains("the lights went out"), "{made:#?}");
}

#[test]
fn a_drawing_without_a_title_is_refused_by_name() {
    let course = course();
    let drawing = course.root().join("weeks/week-04-quarter/outputs/month-1-demo/diagram.txt");
    fs::write(&drawing, "+---+\n| a |\n+---+\n").unwrap();
    course
        .lab(&["demo", "1"])
        .refused(1, "LAB-BOOK-BROKEN")
        .complains("outputs/month-1-demo/diagram.txt:1: ")
        .complains("title: ");
}

#[test]
fn there_is_no_month_beyond_the_sixth() {
    let course = TinyCourse::new();
    for month in ["0", "7", "64", "one", "1.5"] {
        course.lab(&["demo", month]).refused(2, "LAB-NO-SUCH-WEEK");
    }
}

#[test]
fn a_learners_demo_runs_the_tools_of_weeks_that_are_only_linked() {
    let course = course();
    course.lab(&["start", "4"]).done();
    course.lab_in(&course.bench(), &["demo", "1"]).done().says("passed: 1 of 1 criteria");
    let made = Record::read(&course.bench().join("evidence/month-1-demo/demo.json")).unwrap();
    assert_eq!(made.workspace, "learner");
    // The drawing is laid down with the week, and counts once it is the learner's.
    let drawing = course.bench().join("weeks/week-04-quarter/outputs/month-1-demo/diagram.txt");
    course.lab_in(&course.bench(), &["check", "4.6"]).says("diagram.txt").says("words of your own");
    course.edit(&drawing, "| till |\n", "| till |  \"and my own five words here\"\n");
    let said = course.lab_in(&course.bench(), &["check", "4.6"]);
    assert!(!said.stdout.contains("words of your own"), "{said:#?}");
}
