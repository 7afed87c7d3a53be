//! The fifteen planned tests, one function each, and the proof that plan and functions are the same list.
//!
//! A plan in a document is a wish. This one is `fixtures/test-plan.yaml`; the deliverable of day 5 shows it, and the
//! last test of this file asks the compiled test binary itself which tests it would run.

mod tool;

use std::process::Command;

use faults::counters;
use logger::Entry;
use logger::limits::MSG_BYTES_MAX;
use serde::Deserialize;
use tool::{CLOCK, Folder, Ran, fixture, lines, package};

#[test]
fn golden_append() {
    let folder = Folder::new();
    let first = "append app.log --msg answered --level warn --node-id node-2 --request-id r-7 --latency-ms 12.3456 \
                 --result ok --error-code LOG-BUSY --clock";
    folder.run(first.split_whitespace().chain([CLOCK])).ok();
    folder.run(["append", "app.log", "--msg", "tab\t, \"quotes\", \\, \u{7}, grüße", "--clock", CLOCK]).ok();
    assert_eq!(folder.read("app.log"), fixture("golden/append.log"));
}

#[test]
fn golden_read() {
    assert_eq!(Folder::with_three_records().run(["read", "app.log"]).ok(), fixture("golden/read.txt"));
}

#[test]
fn golden_search() {
    let found = Folder::with_three_records().run(["search", "app.log", "--request-id", "r-7", "--json"]).ok();
    let stored = fixture("three-records.log");
    let expected: Vec<_> = stored.lines().filter(|line| line.contains("\"r-7\"")).collect();
    assert_eq!((found.lines().collect::<Vec<_>>(), expected.len()), (expected, 2));
}

#[test]
fn golden_help() {
    let pages = [&["--help"][..], &["append", "--help"], &["read", "--help"], &["search", "--help"]];
    let help: String = pages.iter().map(|args| Folder::new().run(*args).ok() + "\n").collect();
    assert_eq!(help, fixture("golden/help.txt"));
}

#[test]
fn rejects_input_that_is_not_utf8() {
    let folder = Folder::new();
    let ran = folder.feed(&["append", "app.log", "--stdin", "--clock", CLOCK], b"good\n\xff\nnever read\n");
    assert_eq!((ran.exit, ran.stdout.as_str()), (3, ""));
    let promised = "error[LOG-NOT-UTF8]: line 2 of standard input is not UTF-8; ";
    assert!(ran.stderr.starts_with(promised), "{}", ran.stderr);
    assert_eq!(folder.run(["search", "app.log", "--count"]).ok(), "1\n");
}

#[test]
fn rejects_a_time_that_is_none() {
    for flag in ["--since", "--until"] {
        let ran = Folder::with_three_records().run(["search", "app.log", flag, "yesterday"]);
        assert_eq!(ran.exit, 2);
        assert!(
            ran.stderr.contains("as in 2026-01-01T00:00:00Z") && ran.stderr.lines().count() == 1,
            "{}",
            ran.stderr
        );
    }
    let ran = Folder::new().run(["append", "app.log", "--msg", "x", "--clock", "fixed:noon"]);
    assert_eq!((ran.exit, ran.stderr.lines().count()), (2, 1), "{}", ran.stderr);
}

#[test]
fn a_refused_record_leaves_the_log_as_it_was() {
    let too_large = "m".repeat(MSG_BYTES_MAX + 1);
    for (flags, exit, code) in [
        (["--msg", "", "--result", "ok"], 3, "LOG-MSG-EMPTY"),
        (["--msg", &too_large, "--result", "ok"], 7, "LOG-MSG-TOO-LARGE"),
        (["--msg", "x", "--request-id", "two words"], 3, "LOG-FIELD-INVALID"),
        (["--msg", "x", "--latency-ms", "-1"], 3, "LOG-FIELD-INVALID"),
        (["--msg", "x", "--latency-ms", "1e99"], 3, "LOG-FIELD-INVALID"),
    ] {
        let folder = Folder::with_three_records();
        let ran = folder.run(["append", "app.log"].iter().chain(&flags));
        assert_eq!(ran.exit, exit, "{code}: {}", ran.stderr);
        assert!(ran.stderr.starts_with(&format!("error[{code}]: ")), "{}", ran.stderr);
        assert_eq!(folder.read("app.log"), fixture("three-records.log"), "{code}");
    }
}

#[test]
fn a_foreign_line_is_reported_and_passed_over() {
    let folder = Folder::new();
    let stored = fixture("three-records.log");
    let records: Vec<_> = stored.lines().collect();
    let foreign = format!("{}\nplain text\n{}\n\n{{\"ts\":1}}\n{}\n", records[0], records[1], records[2]);
    folder.write("app.log", foreign);
    let ran = folder.run(["read", "app.log"]);
    assert_eq!((ran.exit, ran.stdout), (0, fixture("golden/read.txt")));
    let places: Vec<_> = ran.stderr.lines().map(|line| line.split(" is not").next().unwrap()).collect();
    let place = |line| format!("warning[LOG-LINE-MALFORMED]: `app.log` line {line}");
    assert_eq!(places, [place(2), place(4), place(5)]);
    let strict = folder.run(["read", "app.log", "--strict"]);
    assert_eq!(strict.exit, 6);
    assert!(
        strict.stderr.contains("error[LOG-DAMAGED]: damaged places in `app.log`: 3; "),
        "{}",
        strict.stderr
    );
}

#[test]
fn a_message_is_stored_at_its_limit_and_refused_above() {
    let folder = Folder::new();
    let largest = "m".repeat(MSG_BYTES_MAX);
    folder.run(["append", "app.log", "--msg", &largest]).ok();
    let stored = folder.read("app.log");
    assert_eq!(Entry::decode(stored.as_bytes()).unwrap().msg, largest);
    let ran = folder.run(["append", "app.log", "--msg", &(largest + "m")]);
    assert_eq!(ran.exit, 7);
    assert!(ran.stderr.contains("the message takes 8193 bytes, the limit is 8192"), "{}", ran.stderr);
    assert_eq!(folder.read("app.log"), stored);
}

#[test]
fn a_line_beyond_every_limit_is_passed_over() {
    const LINE_BYTES: usize = 20_000_000;
    let folder = Folder::new();
    let stored = fixture("three-records.log");
    let (first, others) = stored.split_at(stored.find('\n').unwrap() + 1);
    folder.write("app.log", [first.as_bytes(), &vec![b'x'; LINE_BYTES], b"\n", others.as_bytes()].concat());
    // It follows, so that it is still there to be measured once it has read past the line.
    let reader = folder.launch(["read", "app.log", "--follow", "--for", "60s"]).spawn().unwrap();
    let last = |line: &str| line.contains("line one");
    reader.wait_for_line(faults::process::Stream::Stdout, last, tool::DEADLINE).unwrap();
    let peak = counters::peak_rss_bytes_of(reader.pid()).unwrap();
    // Both streams are whole only after its end; until then one may be ahead of the other.
    let said = reader.kill().unwrap().stderr_text();
    assert!(peak < 16 << 20, "the reader held {peak} bytes");
    let place = format!("`app.log` line 2 takes {} bytes, the limit is 16384", LINE_BYTES + 1);
    assert!(said.contains(&place), "{said}");
}

#[test]
fn a_newline_in_a_message_cannot_forge_a_record() {
    let folder = Folder::with_three_records();
    let forged = fixture("three-records.log").lines().next().unwrap().replace("answered", "forged");
    folder.run(["append", "app.log", "--msg", &format!("harmless\n{forged}\r\n")]).ok();
    assert_eq!(folder.read("app.log").lines().count(), 4);
    assert_eq!(folder.run(["search", "app.log", "--count"]).ok(), "4\n");
    assert_eq!(folder.run(["search", "app.log", "--request-id", "r-7", "--count"]).ok(), "2\n");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let session = |zone: &str, language: &str| {
        let folder = Folder::new();
        let run = |args: &[&str], input: &str| {
            let launch = folder.launch(args).stdin(input).env("TZ", zone).env("LANG", language);
            tool::finish(launch.spawn().unwrap())
        };
        let clock = "fixed:2026-03-29T00:59:59.999999Z,step=1ms";
        let rans: Vec<Ran> = vec![
            run(
                &["append", "app.log", "--stdin", "--clock", clock, "--json"],
                &lines(50, |n| format!("line {n}")),
            ),
            run(&["append", "app.log", "--msg", "", "--clock", clock], ""),
            run(&["search", "app.log", "--since", "2026-03-29T01:00:00Z"], ""),
            run(&["read", "app.log", "--json"], ""),
        ];
        (rans, folder.read("app.log"))
    };
    assert_eq!(session("UTC", "C"), session("Europe/Berlin", "de_DE.UTF-8"));
}

#[test]
fn a_stepping_clock_times_each_record() {
    let folder = Folder::new();
    let clock = format!("{CLOCK},step=250ms");
    folder.feed(&["append", "app.log", "--stdin", "--clock", &clock], "a\nb\nc\n").ok();
    let text = folder.read("app.log");
    let times: Vec<_> =
        text.lines().map(|line| Entry::decode(line.as_bytes()).unwrap().ts.to_string()).collect();
    assert_eq!(times, ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.25Z", "2026-01-01T00:00:00.5Z"]);
}

#[test]
fn a_torn_last_line_is_reported_and_closed() {
    let stored = fixture("three-records.log");
    let whole_two = stored.trim_end().rfind('\n').unwrap() + 1;
    // Every few bytes, and the two ends: after its first byte, and whole but for its newline.
    for cut in (whole_two + 1..stored.len()).step_by(11).chain([stored.len() - 1]) {
        let folder = Folder::new();
        folder.write("app.log", &stored[..cut]);
        let ran = folder.run(["read", "app.log"]);
        assert_eq!((ran.exit, ran.stdout.lines().count()), (0, 2), "cut at {cut}: {}", ran.stdout);
        let torn = format!("warning[LOG-TORN-LINE]: `app.log` line 3 ends after {} bytes, ", cut - whole_two);
        assert!(ran.stderr.starts_with(&torn), "cut at {cut}: {}", ran.stderr);

        let ran = folder.run(["append", "app.log", "--msg", "after", "--clock", CLOCK]);
        assert!(
            ran.exit == 0 && ran.stderr.starts_with("warning[LOG-TORN-TAIL]: "),
            "cut at {cut}: {}",
            ran.stderr
        );
        let last = folder.run(["read", "app.log"]);
        assert!(last.stdout.ends_with("local after\n"), "cut at {cut}: {}", last.stdout);
        // A record that lacked nothing but its newline is whole now; it may be shown, but never lost or doubled.
        let whole = if cut == stored.len() - 1 { 4 } else { 3 };
        assert_eq!(last.stdout.lines().count(), whole, "cut at {cut}: {}", last.stdout);
    }
}

#[test]
fn order_survives_rotation() {
    let folder = Folder::new();
    folder.append_lines(&lines(500, |n| format!("record {n}")), &["--rotate-bytes", "4096", "--keep", "20"]);
    let read = folder.run(["read", "app.log"]).ok();
    let expected = lines(500, |n| format!("2026-01-01T00:00:00.000000Z INFO  local record {n}"));
    assert_eq!(read, expected);
    let names = folder.names();
    assert!((5..=21).contains(&names.len()), "{names:?}");
    for name in names {
        assert!(folder.read(&name).len() <= 4096, "{name}");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "kind, input and passes_when are for people; the deliverable shows them")]
struct Planned {
    test: String,
    kind: String,
    input: String,
    passes_when: String,
}

#[test]
fn every_planned_test_exists_and_runs() {
    let plan: Vec<Planned> = serde_yaml::from_str(&fixture("test-plan.yaml")).unwrap();
    let mut planned: Vec<_> = plan.iter().map(|row| row.test.clone()).collect();
    planned.push("every_planned_test_exists_and_runs".into());
    planned.sort();
    // This very binary says which tests it has, and which of them it would leave out.
    let listed = |flag: &[&str]| {
        let exe = std::env::current_exe().unwrap();
        let out = Command::new(exe).args(["--list", "--format", "terse"]).args(flag).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let mut names: Vec<_> =
            text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(listed(&[]), planned);
    assert_eq!(listed(&["--ignored"]), Vec::<String>::new());
    assert_eq!(plan.len(), 15);
    assert!(package().join("fixtures/test-plan.yaml").exists());
}
