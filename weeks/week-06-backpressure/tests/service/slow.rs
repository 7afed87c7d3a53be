//! Peers that are slow in each of the four ways, each closed under the rule that it broke.

use std::io::Write;

use crate::guarded::Guarded;
use crate::wire::{refusal, request, wait_until};

const PATIENT: [&str; 4] = ["--read-timeout", "60s", "--write-timeout", "60s"];

fn start(args: &[&str]) -> Guarded {
    Guarded::start(&[&PATIENT[..], args].concat())
}

#[test]
fn a_header_that_does_not_come_is_the_header_deadlines() {
    let guarded = start(&["--header-timeout", "100ms"]);
    let peer = guarded.connect();
    (&peer).write_all(&[0, 0]).unwrap();
    assert_eq!(refusal(&peer), "HEADER-DEADLINE");
    assert_eq!(guarded.server.wait_for_close("header-deadline")["error_code"], "HEADER-DEADLINE");
    guarded.stop();
}

#[test]
fn a_body_that_does_not_come_is_the_body_deadlines() {
    let guarded = start(&["--body-grace", "100ms", "--body-rate", "1000000"]);
    let peer = guarded.connect();
    (&peer).write_all(&request("r-1", &[0; 1000])[..500]).unwrap();
    assert_eq!(refusal(&peer), "BODY-DEADLINE");
    guarded.server.wait_for_close("body-deadline");
    guarded.stop();
}

#[test]
fn a_body_that_stands_still_is_the_progress_rules() {
    let guarded = start(&["--body-grace", "60s", "--progress-bytes", "1000", "--progress-window", "100ms"]);
    let peer = guarded.connect();
    (&peer).write_all(&request("r-1", &[0; 10_000])[..1_500]).unwrap();
    assert_eq!(refusal(&peer), "SLOW-READ");
    guarded.server.wait_for_close("slow-read");
    assert_eq!(guarded.stop().count("closed by rule"), 1);
}

#[test]
fn a_peer_that_takes_nothing_is_the_progress_rules_and_is_not_told() {
    let fast = ["--egress-rate", "1000000000", "--egress-burst", "1000000000"];
    let guarded = start(&[&["--service", "echo", "--progress-window", "300ms"][..], &fast].concat());
    let peer = guarded.connect();
    let asked = request("r-1", &[0; 256 << 10]);
    // Asks until the server takes no more: the answers fill both sockets, then the server's queue.
    peer.set_nonblocking(true).unwrap();
    let (mut at, mut closed) = (0, None);
    wait_until("the end", || {
        match (&peer).write(&asked[at..]) {
            Ok(bytes) => at = (at + bytes) % asked.len(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => closed = Some(error),
        }
        closed.is_some().then_some(())
    });
    assert_eq!(guarded.server.wait_for_close("slow-write")["error_code"], "SLOW-WRITE");
    assert_eq!(guarded.stop().count("closed by rule"), 1);
}

#[test]
fn a_peer_that_is_in_the_middle_of_nothing_meets_none_of_these_rules() {
    let guarded = start(&[
        "--header-timeout",
        "50ms",
        "--body-grace",
        "50ms",
        "--progress-window",
        "50ms",
        "--idle-timeout",
        "400ms",
    ]);
    let peer = guarded.connect();
    assert_eq!(refusal(&peer), "ECHO-IDLE-TIMEOUT", "only silence ends it");
    assert_eq!(guarded.stop().count("closed by rule"), 0);
}

#[test]
fn a_call_that_is_none_closes_its_connection_under_the_code_of_calls() {
    let guarded = start(&[]);
    let peer = guarded.connect();
    (&peer).write_all(b"\0\0\0\x05\x04\x03r-1").unwrap();
    assert_eq!(refusal(&peer), "CALL-MALFORMED");
    guarded.server.wait_for_close("malformed-call");
    guarded.stop();
}
