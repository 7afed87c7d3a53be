//! A call that is late, at each stage: what its client hears, and what stands in the log.

use std::io::Write;

use crate::guarded::{ENDLESS, Guarded, ask, call, heard};
use crate::wire::{request, wait_until};
use backpressure::Importance;

/// The stages in the log under this request's id; waits for the first, since the log is written by a thread of its own.
fn stages(guarded: &Guarded, id: &str) -> Vec<String> {
    wait_until("the stage in the log", || Some(stages_now(guarded, id)).filter(|stages| !stages.is_empty()))
}

fn stages_now(guarded: &Guarded, id: &str) -> Vec<String> {
    let expired = guarded.records_with("stage=");
    let of_id = expired.iter().filter(|record| record["request_id"] == id);
    of_id
        .map(|record| {
            assert_eq!(
                (&record["error_code"], &record["result"]),
                (&"DEADLINE-EXPIRED".into(), &"expired".into())
            );
            let said = record["msg"].as_str().unwrap();
            assert!(said.contains("over_by_ms="), "{said}");
            said.split_once("stage=").unwrap().1.split(' ').next().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn a_call_that_waits_for_a_worker_too_long_expires_in_the_queue_and_nothing_is_computed() {
    let guarded = Guarded::start(&[&ENDLESS[..], &["--budget", "300ms"]].concat());
    let peer = guarded.connect();
    // The first one has no deadline, and keeps the only worker until its class's budget is over.
    (&peer)
        .write_all(&[request("first", b"x"), call("late", 1, Importance::Ordinary, b"x")].concat())
        .unwrap();
    assert_eq!(heard(&peer), ("first".to_owned(), "POOL-BUDGET".to_owned()));
    assert_eq!(heard(&peer), ("late".to_owned(), "DEADLINE-EXPIRED".to_owned()));
    assert_eq!(stages(&guarded, "late"), ["queue"]);
    let account = guarded.stop();
    assert_eq!(["queue", "work", "reply"].map(|stage| account.expired(stage)), [1, 0, 0]);
}

#[test]
fn a_call_that_is_computed_for_too_long_expires_at_work_and_its_worker_is_free_again() {
    let guarded = Guarded::start(&[&ENDLESS[..], &["--budget", "20s"]].concat());
    let peer = guarded.connect();
    for id in ["late-1", "late-2"] {
        assert_eq!(ask(&peer, id, &call(id, 300, Importance::Ordinary, b"x")), "DEADLINE-EXPIRED");
        assert_eq!(stages(&guarded, id), ["work"]);
    }
    assert_eq!(guarded.stop().expired("work"), 2);
}

#[test]
fn a_reply_that_waits_for_its_tokens_too_long_expires_as_it_leaves() {
    let rate = ["--egress-rate", "100", "--egress-burst", "1"];
    let guarded = Guarded::start(&rate);
    let peer = guarded.connect();
    assert_eq!(ask(&peer, "first", &call("first", 60_000, Importance::Ordinary, b"x")), "ok");
    assert_eq!(ask(&peer, "late", &call("late", 100, Importance::Ordinary, b"x")), "DEADLINE-EXPIRED");
    assert_eq!(stages(&guarded, "late"), ["reply"]);
    let account = guarded.stop();
    assert_eq!((account.count("answered"), account.expired("reply")), (1, 1));
}

#[test]
fn a_request_without_a_budget_has_the_servers_default_if_there_is_one() {
    let endless = [&ENDLESS[..], &["--budget", "300ms"]].concat();
    for (default, code) in [(None, "POOL-BUDGET"), (Some("20ms"), "DEADLINE-EXPIRED")] {
        let default = default.map(|time| ["--default-budget", time]);
        let guarded = Guarded::start(&[&endless[..], default.as_ref().map_or(&[][..], |args| args)].concat());
        let peer = guarded.connect();
        for id in ["r-1", "r-2"] {
            assert_eq!(ask(&peer, id, &request(id, b"x")), code, "and the connection goes on");
        }
        guarded.stop();
    }
}
