//! Claim: every ending in `fixtures/endings.yaml` leaves one record with the reason that names it, tells the peer where it
//! can still hear it, costs no descriptor, and is the same under both pollers as it was in week 2 with a thread for each
//! connection.
//!
//! How this could be fooled: by a class that is logged for everybody (so the one connection's records are counted, by its
//! number), by a table that leaves out the awkward ones (so the classes of the table are compared with those that exist).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "lifecycle/peer.rs"]
mod peer;
#[path = "lifecycle/subject.rs"]
mod subject;
mod wire;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use peer::Conversation;
use subject::{Looping, Subject, Threaded};
use wire::{exchange, wait_until};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    ending: String,
    #[serde(default)]
    given: Vec<String>,
    peer: Vec<String>,
    class: String,
    code: String,
    /// Week 2 knows this ending as well.
    #[serde(default)]
    before: bool,
}

fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/endings.yaml");
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_table_has_every_reason_that_a_peer_can_bring_about() {
    let classes: BTreeSet<String> = rows().into_iter().map(|row| row.class).collect();
    // Missing on purpose: `descriptor-out-of-range` has `tests/select_limit.rs` to itself, `io-error` stands for errors
    // that no peer can cause, and `bug` was the panic of a thread, of which there is none any more.
    let all = [
        "busy",
        "drain-deadline",
        "idle-timeout",
        "malformed-message",
        "outbound-cap",
        "oversize",
        "peer-finished",
        "peer-reset",
        "read-timeout",
        "short-header",
        "stopping",
        "truncated-payload",
        "write-timeout",
        "zero-length",
    ];
    assert_eq!(classes.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[test]
fn every_ending_of_the_table_has_its_reason_under_select() {
    for row in rows() {
        run(&row, &mut Looping::start("select", &row.given));
    }
}

#[test]
fn every_ending_of_the_table_has_its_reason_under_poll() {
    for row in rows() {
        run(&row, &mut Looping::start("poll", &row.given));
    }
}

#[test]
fn the_server_of_week_2_gives_the_same_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let log = subject::log_into(dir.path());
    for row in rows().into_iter().filter(|row| row.before) {
        run(&row, &mut Threaded::start(&row.given, &log));
    }
}

fn run(row: &Row, server: &mut impl Subject) {
    println!("{}: {}", row.ending, row.class);
    // Where there is one place, somebody else has it.
    let held = row.given.iter().any(|argument| argument == "--connections").then(|| {
        let held = wire::connect(server.address());
        exchange(&held, "held", b"");
        held
    });
    let number = 1 + u64::from(held.is_some());
    let mut conversation = Conversation::new(server, number, &row.code);
    for step in &row.peer {
        conversation.step(step);
    }
    let stopped = conversation.stopped;
    drop(conversation);
    let closes = wait_until(&format!("the record of one that {}", row.ending), || {
        let closes = server.closes_of(number);
        (!closes.is_empty()).then_some(closes)
    });
    if let Some(held) = held {
        exchange(&held, "held", b"and still served");
    }
    server.assert_as_before(stopped);
    let found: Vec<_> =
        closes.iter().map(|record| (record["result"].as_str(), record["error_code"].as_str())).collect();
    let code = (!row.code.is_empty()).then_some(row.code.as_str());
    assert_eq!(found, [(Some(row.class.as_str()), code)], "one that {}", row.ending);
    assert_eq!(server.closes_of(number).len(), 1, "one that {}: one ending, one record", row.ending);
}
