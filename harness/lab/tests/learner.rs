//! A learner's way through a course, with the real tool, real cargo and a real folder on disk.

mod tiny_course;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tiny_course::{Said, TinyCourse};

const ADD: &str = r#"todo!("abacus.add: add, and refuse what the frame cannot show")"#;
const ADD_RIGHT: &str = "total.checked_add(amount).filter(|sum| *sum <= TOTAL_MAX)";

fn abacus(course: &TinyCourse) -> std::path::PathBuf {
    course.bench().join("weeks/week-01-abacus/src/lib.rs")
}

#[test]
fn a_started_week_is_a_cargo_workspace_that_compiles_with_its_holes_open() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done().says("2 holes to write").says("cd /");
    let source = fs::read_to_string(abacus(&course)).unwrap();
    assert!(source.contains(ADD) && !source.contains("checked_add(amount)?") && !source.contains("lab:"));
    let note = fs::read_to_string(course.bench().join("weeks/week-01-abacus/outputs/day1-frame.md")).unwrap();
    assert!(note.contains("<!-- write: Which totals") && !note.contains("the machine itself"), "{note}");
    // Plain cargo, as an editor runs it: nothing of ours is needed to build here.
    let built = Command::new("cargo")
        .args(["check", "--offline", "--all-targets", "--quiet"])
        .current_dir(course.bench())
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let said = Said::of(&built);
    assert_eq!(said.done().stderr, "", "an open hole is no reason for a warning");
    assert!(course.bench().join("weeks/week-02-till").is_symlink());
    assert!(!course.bench().join("target/debug/deps").exists(), "what is compiled lies with the course's");
}

#[test]
fn a_day_goes_from_expected_red_to_green_and_is_stale_after_an_edit() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    let bench = course.bench();
    course
        .lab(&["next"])
        .done()
        .says("1.1 Day 1")
        .says("not checked yet")
        .says("abacus.add  weeks/week-01-abacus/src/lib.rs:8");

    let first = course.lab(&["check", "1.1"]);
    assert_eq!(first.status, 1, "{first:#?}");
    first.says("2 red, and 2 are expected: still open is abacus.add");
    first.says("red    abacus tests::a_total_beyond_the_machine_is_refused: abacus.add: add, and refuse");
    first.says("still asks: Which totals does your frame refuse");

    // An honest attempt with the limit off by one.
    course.edit(&abacus(&course), ADD, "total.checked_add(amount).filter(|sum| *sum < TOTAL_MAX)");
    let second = course.lab_in(&bench, &["check", "1.1"]);
    assert_eq!(second.status, 1, "{second:#?}");
    second.says("1 red, and none is expected: 1 to look into");
    second.says("green  abacus tests::a_total_beyond_the_machine_is_refused");

    course.edit(&abacus(&course), "*sum < TOTAL_MAX", "*sum <= TOTAL_MAX");
    let third = course.lab_in(&bench, &["check", "1.1"]);
    assert_eq!(third.status, 1, "the deliverable is still empty: {third:#?}");
    third.says("no test is red; 1 of 1 deliverables to write");

    let note = bench.join("weeks/week-01-abacus/outputs/day1-frame.md");
    let prompt = "<!-- write: Which totals does your frame refuse, and how does the caller learn of it? -->";
    course.edit(&note, prompt, "");
    let deleted = course.lab_in(&bench, &["check", "1.1"]);
    assert_eq!(deleted.status, 1, "a deleted prompt is no answer: {deleted:#?}");
    deleted.says("0 words of your own; at least 5 are wanted");
    fs::write(&note, "# The frame\n\nEverything above 999 comes back as None.\n").unwrap();
    course.lab_in(&bench, &["check", "1.1"]).done().says("day 1.1 is green");

    course.lab_in(&bench, &["next"]).done().says("1.2 Day 2");
    course.edit(&abacus(&course), "*sum <= TOTAL_MAX", "*sum <= { TOTAL_MAX }");
    course.lab_in(&bench, &["next"]).done().says("1.1 Day 1").says("green before the last change");
}

#[test]
fn a_test_that_runs_into_another_days_hole_names_that_hole() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    let sum = "todo!(\"abacus.sum: read the parts and add them one by one\")";
    course.edit(
        &abacus(&course),
        sum,
        "text.split('+').try_fold(0, |total, part| add(total, part.parse().ok()?))",
    );
    let said = course.lab(&["check", "1.2", "--json"]);
    assert_eq!(said.status, 1, "{said:#?}");
    let report: serde_json::Value = serde_json::from_str(said.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&report["red"], &report["expected"]), (&2.into(), &2.into()), "{report:#}");
    assert_eq!(report["holes"][0]["open"], false);
    assert_eq!(report["holes"][0]["tests"][0]["waits_for"], "abacus.add");
}

#[test]
fn code_that_does_not_compile_is_shown_as_the_compiler_shows_it() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    course.edit(&abacus(&course), ADD, "Some(total + amounts)");
    let said = course.lab(&["check", "1.1"]);
    said.refused(1, "LAB-BUILD-FAILED")
        .complains("weeks/week-01-abacus/src/lib.rs:8:18")
        .complains("amounts");
}

#[test]
fn starting_again_refuses_and_with_force_keeps_every_earlier_attempt() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    course.edit(&abacus(&course), ADD, ADD_RIGHT);
    course.lab(&["start", "1"]).refused(7, "LAB-ALREADY-STARTED");
    assert!(fs::read_to_string(abacus(&course)).unwrap().contains(ADD_RIGHT), "nothing was overwritten");
    course.lab(&["start", "1", "--force"]).done().says("your earlier attempt is kept in");
    assert!(fs::read_to_string(abacus(&course)).unwrap().contains(ADD));
    // Twice within the same second: the older backup stays what it was.
    course.lab(&["start", "1", "--force"]).done();
    let mut kept: Vec<bool> = fs::read_dir(course.bench().join("backups"))
        .unwrap()
        .map(|entry| {
            fs::read_to_string(entry.unwrap().path().join("src/lib.rs")).unwrap().contains(ADD_RIGHT)
        })
        .collect();
    kept.sort();
    assert_eq!(kept, [false, true]);
    assert!(course.lab(&["check", "1.1"]).stdout.contains("2 red"), "backups do not disturb the build");
}

#[test]
fn a_later_week_is_built_on_the_learners_own_earlier_week() {
    let course = TinyCourse::new();
    course.lab(&["start", "2"]).done();
    let bench = course.bench();
    let till = bench.join("weeks/week-02-till/src/lib.rs");
    let right = "let Some(total) = abacus::add(self.total, amount) else { return false };\n        self.total = total;\n        true";
    course.edit(&till, "todo!(\"till.sell: count the sale\")", right);
    course.lab_in(&bench, &["check", "2.1"]).says("green  gate sales_are_counted").says("no test is red");
}

#[test]
fn extending_a_workbench_keeps_its_weeks_and_an_edited_manifest() {
    let course = TinyCourse::new();
    course.lab(&["start", "2"]).done();
    let bench = course.bench();
    let till = bench.join("weeks/week-02-till/src/lib.rs");
    course.edit(&till, "todo!(\"till.sell: count the sale\")", "abacus::add(self.total, amount).is_some()");
    course.edit(&bench.join("Cargo.toml"), "resolver = \"3\"", "resolver = \"3\" # mine");
    course.lab_in(&bench, &["start", "1"]).done().says("Added week 1");
    let manifest = fs::read_to_string(bench.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("resolver = \"3\" # mine"), "{manifest}");
    assert!(manifest.contains(r#"members = ["weeks/week-01-abacus", "weeks/week-02-till"]"#), "{manifest}");
    assert!(fs::read_to_string(&till).unwrap().contains("is_some()"));
    // Week 2 now stands on week 1 with its holes open, and its check says so.
    let said = course.lab_in(&bench, &["check", "2.1"]);
    said.says("abacus.add: add, and refuse what the frame cannot show");
}

#[test]
fn a_week_that_is_not_built_is_refused_honestly_and_nothing_is_made() {
    let course = TinyCourse::new();
    course.lab(&["start", "9"]).refused(7, "LAB-WEEK-NOT-BUILT").complains("built so far: 1, 2");
    course.lab(&["start", "25"]).refused(2, "LAB-NO-SUCH-WEEK");
    assert!(!course.bench().exists());
    course.lab(&["check", "1.1"]).refused(1, "LAB-NOT-STARTED");
}

#[test]
fn other_peoples_folders_are_refused_and_left_alone() {
    let course = TinyCourse::new();
    let foreign = course.outside("photos of 2025");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("cat.txt"), "cat").unwrap();
    let dir = |place: &Path| course.lab(&["start", "1", "--dir", place.to_str().unwrap()]);
    dir(&foreign).refused(7, "LAB-FOREIGN-FOLDER").complains("photos of 2025 holds something else");
    assert_eq!(fs::read_dir(&foreign).unwrap().count(), 1);
    dir(&foreign.join("cat.txt")).refused(4, "LAB-WORKBENCH-FILE").complains("cat.txt is a file");
    dir(&foreign.join("cat.txt/bench")).refused(4, "LAB-WORKBENCH-FILE");
    dir(&course.root()).refused(7, "LAB-FOREIGN-FOLDER").complains("is the course itself");
    dir(&course.root().join("weeks/mine"))
        .refused(7, "LAB-FOREIGN-FOLDER")
        .complains("lies in the course's own `weeks`");
    // A file system that takes no files, for root too.
    dir(Path::new("/proc/workbench")).refused(4, "LAB-WORKBENCH-FILE").complains("/proc/");
}

#[test]
fn the_alias_reaches_the_course_from_every_folder_of_a_workbench() {
    let course = TinyCourse::new();
    let outside = course.outside("my own bench");
    course.lab(&["start", "1"]).done();
    course.lab(&["start", "1", "--dir", outside.to_str().unwrap()]).done();
    for bench in [course.bench(), outside] {
        for folder in [bench.clone(), bench.join("weeks/week-01-abacus/src")] {
            let said = course.alias(&["check", "two words", "--json"], &folder);
            let here = format!("the tool, in {}: ", folder.display());
            said.done().says(&here).says(r#"["check", "two words", "--json"]"#);
        }
    }
}

#[test]
fn a_course_in_a_folder_with_a_space_has_its_workbench_outside() {
    let course = TinyCourse::named("my course");
    course.lab(&["start", "1"]).refused(7, "LAB-FOREIGN-FOLDER").complains("its path has a space");
    let place = course.outside("my bench");
    course.lab(&["start", "1", "--dir", place.to_str().unwrap()]).done().says("cd '");
    course.lab_in(&place, &["check", "1.1"]).says("2 red, and 2 are expected");
    course.alias(&["next"], &place).done().says(r#"["next"]"#);
}

#[test]
fn a_course_that_was_moved_is_found_again_by_the_next_start() {
    let course = TinyCourse::new();
    let place = course.outside("bench");
    course.lab(&["start", "1", "--dir", place.to_str().unwrap()]).done();
    let moved = course.outside("moved course");
    fs::rename(course.root(), &moved).unwrap();
    course
        .lab_in(&moved, &["start", "1", "--dir", place.to_str().unwrap()])
        .refused(7, "LAB-ALREADY-STARTED");
    course.lab_in(&place, &["check", "1.1"]).says("2 red, and 2 are expected");
}

#[test]
fn a_start_that_fails_or_was_killed_leaves_nothing_half() {
    let course = TinyCourse::new();
    let source = course.root().join("weeks/week-01-abacus/src/lib.rs");
    course.edit(&source, "    // lab:end\n}\n\n/// Reads", "}\n\n/// Reads");
    course.lab(&["start", "1"]).refused(3, "LAB-MARKERS").complains("src/lib.rs:");
    let left: Vec<String> = fs::read_dir(course.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("workbench"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    // What a killed start leaves behind: a stage of a process that is no more.
    course.edit(&source, "}\n\n/// Reads", "    // lab:end\n}\n\n/// Reads");
    let mut gone = Command::new("true").spawn().unwrap();
    let stale = course.root().join(format!(".workbench.start-{}", gone.id()));
    gone.wait().unwrap();
    fs::create_dir(&stale).unwrap();
    course.lab(&["start", "1"]).done();
    assert!(!stale.exists());
}

#[test]
fn hints_come_one_at_a_time_and_remember_where_they_were() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    course.lab(&["hint", "1.1"]).done().says("hint 1 of 3: the invariant").says("No total above the limit");
    course.lab(&["hint", "1.1"]).done().says("hint 2 of 3").says("Look at checked_add");
    course.lab(&["hint", "1.1", "--rung", "1"]).done().says("hint 1 of 3");
    course.lab(&["hint", "1.1", "add"]).done().says("hint 3 of 3").says("That was the last one");
    course.lab(&["hint", "1.2", "nope"]).refused(2, "LAB-NO-SUCH-HOLE").complains("this day has abacus.sum");
    course.lab(&["hint", "1.3"]).refused(2, "LAB-NO-SUCH-HOLE").complains("this day has none");
}

#[test]
fn a_watch_checks_again_on_every_save_and_ends_on_ctrl_c() {
    let course = TinyCourse::new();
    course.lab(&["start", "1"]).done();
    let mut watch = course
        .command(&["watch", "1.1", "--for", "300"], &course.bench())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(watch.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let wait_for = |words: &str| {
        let mut seen = std::iter::from_fn(|| lines.recv_timeout(Duration::from_secs(120)).ok());
        assert!(seen.any(|line| line.contains(words)), "the watch never said `{words}`");
    };
    wait_for("2 red, and 2 are expected");
    course.edit(&abacus(&course), ADD, ADD_RIGHT);
    wait_for("no test is red");
    let pid = rustix::process::Pid::from_child(&watch);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}
