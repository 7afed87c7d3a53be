//! Claim: `http-get` writes what it was asked for to standard output and nothing else, and ends with the exit code that the
//! outcome has in every tool of the lab.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod peer;
mod tool;

use faults::process::Ended;
use peer::{Peer, Then, Turn};
use tool::{assert_exit, http_get, records};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";

fn get(url: &str, args: &[&str]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    http_get(url, &dir.path().join("get.jsonl"), args)
}

#[test]
fn the_body_alone_goes_to_standard_output_byte_for_byte() {
    let body = "\0\u{ff}\r\n no line end";
    let wire = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let peer = Peer::start(vec![Turn::answer(&wire)]);
    let ended = get(&peer.url("/"), &[]);
    assert_exit(&ended, 0);
    assert_eq!((ended.stdout.as_slice(), ended.stderr_text().as_str()), (body.as_bytes(), ""));
}

#[test]
fn a_head_is_written_as_status_and_fields() {
    let peer =
        Peer::start(vec![Turn { send: GOOD.trim_end_matches("hello").into(), fill: 0, then: Then::Keep }]);
    let ended = get(&peer.url("/"), &["--head"]);
    assert_exit(&ended, 0);
    assert_eq!(ended.stdout_text(), "200\nContent-Length: 5\nX: y\n");
    assert!(peer.requests()[0].starts_with("HEAD / HTTP/1.1\r\n"));
}

#[test]
fn a_line_of_json_for_each_answer_says_how_it_came() {
    let peer = Peer::start(vec![Turn::answer(GOOD)]);
    let ended = get(&peer.url("/"), &["--json", "--count", "2", "--seed", "7"]);
    assert_exit(&ended, 0);
    let lines: Vec<serde_json::Value> =
        ended.stdout_text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for (line, reused) in lines.iter().zip([false, true]) {
        assert_eq!((&line["status"], &line["bytes"], &line["attempts"]), (&200.into(), &5.into(), &1.into()));
        assert_eq!(line["reused"], reused);
        let phases = line["phase_ms"].as_object().unwrap();
        assert_eq!(phases.len(), 5);
        let sum: f64 = phases.values().filter_map(serde_json::Value::as_f64).sum();
        assert!(
            (sum - line["latency_ms"].as_f64().unwrap()).abs() < 1e-6,
            "the phases are all of the time: {line}"
        );
    }
    assert_ne!(lines[0]["request_id"], lines[1]["request_id"]);
    let again = get(&peer.url("/"), &["--json", "--seed", "7"]);
    assert!(again.stdout_text().contains(lines[0]["request_id"].as_str().unwrap()), "a seed repeats its ids");
}

#[test]
fn a_status_of_400_or_above_is_an_answer_with_a_body_and_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("get.jsonl");
    for (status, exit) in [(399, 0), (400, 1), (500, 1), (599, 1)] {
        let wire = format!("HTTP/1.1 {status} x\r\nContent-Length: 4\r\n\r\nbody");
        let peer = Peer::start(vec![Turn::answer(&wire)]);
        let ended = http_get(&peer.url("/"), &log, &["--request-id", &format!("r-{status}")]);
        assert_exit(&ended, exit);
        assert_eq!((ended.stdout_text().as_str(), peer.requests().len()), ("body", 1), "{status}");
    }
    let codes: Vec<String> = records(&log).iter().map(|record| record.code().to_owned()).collect();
    assert_eq!(codes, ["", "HTTP-STATUS", "HTTP-STATUS", "HTTP-STATUS"]);
}

#[test]
fn what_cannot_be_asked_for_is_refused_before_anybody_is_asked() {
    for (url, code) in [
        ("https://localhost/", "HTTP-NO-TLS"),
        ("ftp://localhost/", "HTTP-BAD-URL"),
        ("localhost", "HTTP-BAD-URL"),
        ("http://user:secret@localhost/", "HTTP-BAD-URL"),
    ] {
        let ended = get(url, &[]);
        assert_exit(&ended, 2);
        assert!(ended.stderr_text().starts_with(&format!("error[{code}]: ")), "{}", ended.stderr_text());
        assert!(!ended.stderr_text().contains("secret"), "what is refused is not repeated");
    }
    for args in
        [&["--attempts", "0"][..], &["--attempts", "101"], &["--body-timeout", "0ms"], &["--count", "0"]]
    {
        let ended = get("http://127.0.0.1:1/", args);
        assert_exit(&ended, 2);
        assert!(ended.stderr_text().starts_with("error[USAGE]: "), "{}", ended.stderr_text());
    }
}

#[test]
fn the_body_limit_of_the_command_line_holds_at_its_bound() {
    let peer = Peer::start(vec![Turn::answer(GOOD)]);
    assert_exit(&get(&peer.url("/"), &["--body-limit", "5"]), 0);
    let over = get(&peer.url("/"), &["--body-limit", "4"]);
    assert_exit(&over, 7);
    assert!(over.stderr_text().starts_with("error[HTTP-BODY-TOO-LARGE]: "), "{}", over.stderr_text());
}
