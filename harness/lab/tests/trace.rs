//! `cargo lab trace` on real logs: written by week 1's writer, rotated, damaged, missing.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use lab::trace::{DAMAGE_NAMED_MAX, RECORDS_MAX};
use logger::{Entry, Level, LogPath, LogWriter, Options};

/// A record of a process, so many microseconds after noon.
fn entry(node: &'static str, request: &str, at_us: i64, msg: &'static str) -> Entry<'static> {
    let noon = 1_767_268_800_000_000;
    let mut entry = Entry::new(Timestamp::from_microsecond(noon + at_us).unwrap(), Level::Info, node, msg);
    entry.request_id = Some(request.to_owned().into());
    entry
}

/// Writes a log; a small `rotate_bytes` leaves rotated files beside it.
fn log(folder: &Path, name: &str, rotate_bytes: u64, entries: &[Entry<'_>]) -> PathBuf {
    let path = folder.join(name);
    let options = Options { rotate_bytes, keep: 99, ..Options::default() };
    let writer = LogWriter::open(&LogPath::new(&path).unwrap(), options).unwrap();
    for entry in entries {
        writer.append(entry).unwrap();
    }
    path
}

/// Status, standard output, standard error.
fn lab(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lab")).args(args).current_dir(folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn client_and_server(folder: &Path) {
    let mut answered = entry("client-1", "r-17", 780, "has the answer");
    answered.latency_ms = Some(0.78);
    answered.result = Some("ok".into());
    let mut refused = entry("client-1", "r-18", 900, "was refused");
    refused.error_code = Some("ECHO-REFUSED".into());
    log(
        folder,
        "client.log",
        1 << 20,
        &[entry("client-1", "r-17", 0, "asks"), entry("client-1", "r-1", 100, "asks too"), answered, refused],
    );
    // Each record its own file: what is searched for lies in a rotated one.
    log(
        folder,
        "server.log",
        1,
        &[
            entry("server-1", "r-17", 412, "answered"),
            entry("server-1", "r-1", 500, "answered"),
            entry("server-1", "r-9", 600, "answered"),
        ],
    );
}

#[test]
fn a_request_is_followed_through_the_logs_of_both_processes_in_the_order_of_time() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    assert!(dir.path().join("server.log.000001").is_file(), "nothing was rotated");
    let (status, out, err) = lab(dir.path(), &["trace", "r-17", "server.log", "client.log"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "     +0.000 ms  ●    client-1  INFO   asks",
            "     +0.412 ms  │ ●  server-1  INFO   answered",
            "     +0.780 ms  ●    client-1  INFO   has the answer (ok, 0.78 ms)",
        ]
    );
    assert!(out.contains("3 records of 2 processes in 2 logs"), "{out}");
    assert!(!out.contains("too"), "r-1 is another request: {out}");
}

#[test]
fn logs_without_a_record_are_named_and_rotated_files_are_not_read_twice() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    log(dir.path(), "other.log", 1 << 20, &[entry("other", "r-2", 0, "elsewhere")]);
    let names: Vec<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let mut args = vec!["trace", "r-17"];
    args.extend(names.iter().map(String::as_str));
    assert!(args.len() > 6, "a glob names the rotated files, too: {args:?}");
    let (status, out, _) = lab(dir.path(), &args);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("3 records of 2 processes in 2 logs"), "{out}");
    assert!(out.contains("searched 3 logs; nothing in other.log"), "{out}");
}

#[test]
fn a_request_that_nobody_logged_is_not_found_and_not_an_empty_success() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    let (status, out, err) = lab(dir.path(), &["trace", "r-170", "client.log", "server.log"]);
    assert_eq!(status, 1, "{out}{err}");
    assert!(err.contains("error[LAB-NOT-TRACED]: no record of the request `r-170` in 2 logs"), "{err}");
    assert!(out.contains("nothing in client.log, server.log"), "{out}");
}

#[test]
fn a_log_that_cannot_be_read_is_a_failure_even_when_another_has_records() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    let (status, out, err) = lab(dir.path(), &["trace", "r-17", "client.log", "gone.log"]);
    assert_eq!(status, 4, "{out}{err}");
    assert!(err.contains("error[LOG-") && err.contains("gone.log"), "{err}");
    let (status, _, err) = lab(dir.path(), &["trace", "r-17"]);
    assert_eq!(status, 2, "{err}");
}

#[test]
fn what_is_no_record_is_named_counted_and_does_not_hide_what_is_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    let path = dir.path().join("client.log");
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    for place in 0..=DAMAGE_NAMED_MAX {
        writeln!(file, "no record {place}").unwrap();
    }
    drop(file);
    log(dir.path(), "client.log", 1 << 20, &[entry("client-1", "r-17", 5_000, "says goodbye")]);
    let (status, out, err) = lab(dir.path(), &["trace", "r-17", "client.log", "server.log"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("says goodbye"), "{out}");
    assert_eq!(err.matches("warning[LOG-").count() as u64, DAMAGE_NAMED_MAX, "{err}");
    assert!(err.contains("`client.log` line 5"), "{err}");
    let counted = format!("client.log has {} places that are no records", DAMAGE_NAMED_MAX + 1);
    assert!(out.contains(&counted), "{out}");
}

#[test]
fn at_the_bound_all_records_are_shown_and_one_more_leaves_the_latest_out() {
    let dir = tempfile::tempdir().unwrap();
    let count = RECORDS_MAX as i64;
    // The latest first: the bound keeps by time and not by place.
    let mut entries: Vec<_> = (0..count).map(|n| entry("n", "r", count - n, "step")).collect();
    log(dir.path(), "a.log", 1 << 30, &entries);
    let (status, out, _) = lab(dir.path(), &["trace", "r", "a.log"]);
    assert_eq!((status, out.lines().filter(|line| line.contains("step")).count()), (0, RECORDS_MAX));
    assert!(!out.contains("later"), "{out}");
    entries.truncate(0);
    entries.push(entry("n", "r", 0, "the very first"));
    log(dir.path(), "a.log", 1 << 30, &entries);
    let (status, out, _) = lab(dir.path(), &["trace", "r", "a.log"]);
    assert_eq!((status, out.lines().filter(|line| line.contains("INFO")).count()), (0, RECORDS_MAX));
    assert!(out.lines().next().unwrap().contains("the very first"), "{out}");
    assert!(out.contains(&format!("the first {RECORDS_MAX} are shown; later ones: 1")), "{out}");
}

#[test]
fn machines_read_one_object_a_record_and_a_last_one_about_the_logs() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    let (status, out, err) = lab(dir.path(), &["trace", "--json", "r-17", "client.log", "server.log"]);
    assert_eq!(status, 0, "{err}");
    let events: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 4, "{out}");
    assert_eq!(events[1]["offset_ms"], 0.412);
    assert_eq!((&events[1]["node_id"], &events[1]["log"]), (&"server-1".into(), &"server.log".into()));
    assert!(events[1].get("latency_ms").is_none(), "a field that is not there is left out: {}", events[1]);
    assert_eq!((&events[2]["latency_ms"], &events[2]["result"]), (&0.78.into(), &"ok".into()));
    assert_eq!((&events[3]["event"], &events[3]["logs"][1]["records"]), (&"done".into(), &1.into()));
}

#[test]
fn a_part_of_an_id_is_asked_for_by_name_and_then_each_record_says_its_own() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    let (status, out, _) = lab(dir.path(), &["trace", "--prefix", "r-1", "client.log", "server.log"]);
    assert_eq!(status, 0, "{out}");
    for words in
        ["[r-17] asks", "[r-1] asks too", "[r-18] was refused (ECHO-REFUSED)", "6 records of 2 processes"]
    {
        assert!(out.contains(words), "{words}: {out}");
    }
}

#[test]
fn a_message_cannot_move_the_cursor_of_whoever_looks_at_it_nor_turn_the_line_around() {
    let dir = tempfile::tempdir().unwrap();
    log(
        dir.path(),
        "a.log",
        1 << 20,
        &[entry("n", "r", 0, "\u{1b}[2Jgone\r\nERROR \u{202e}all\u{2066} is lost \u{e4}")],
    );
    let (status, out, _) = lab(dir.path(), &["trace", "r", "a.log"]);
    assert_eq!(status, 0);
    assert!(
        out.lines()
            .next()
            .unwrap()
            .ends_with("\\u{1b}[2Jgone\\r\\nERROR \\u{202e}all\\u{2066} is lost \u{e4}"),
        "{out}"
    );
}

#[test]
fn a_result_that_standard_output_does_not_take_is_not_called_done() {
    let dir = tempfile::tempdir().unwrap();
    client_and_server(dir.path());
    let mut trace = Command::new(env!("CARGO_BIN_EXE_lab"));
    // The device that is always full.
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    trace.args(["trace", "r-17", "client.log"]).current_dir(dir.path()).stdout(full);
    let output = trace.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{complaint}");
    assert!(complaint.contains("error[LAB-OUTPUT]: "), "{complaint}");
}
