//! `kill -9`, `kill -STOP` and `kill -CONT`, of a client and of the server, in the middle of the load.

use std::fmt::Write as _;
use std::time::Duration;

use evidence::Fact;
use evidence::run::fact;
use faults::counters;
use faults::process::{Launch, Process, Signal, Stream};
use load::{Dialect, ErrorClass, Group, GroupOutcome, Load, Plan};

use crate::assert_all_answered;
use crate::wire::{DEADLINE, Server, wait_until};

/// Connections of the client that is killed or stopped.
const CONNECTIONS: usize = 8;
/// Everybody else.
const OTHERS: usize = 50;
/// Tells this program to be that client.
const CLIENT_OF: &str = "EVENT_LOOP_GATE_CLIENT_OF";
/// What the client says once its requests leave.
const PULLING: &str = "the client pulls";

/// This same test once more, in a process of its own, as a client of the server.
fn client_of(server: &Server, test: &str) -> Process {
    let client = Launch::of(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CLIENT_OF, server.address.to_string())
        .spawn()
        .unwrap();
    client.wait_for_line(Stream::Stdout, |line| line.ends_with(PULLING), DEADLINE).unwrap();
    client
}

/// What the process does that [`client_of`] has started: pull, in pipelines, until it is killed. False anywhere else.
fn was_the_client() -> bool {
    let Ok(address) = std::env::var(CLIENT_OF) else { return false };
    let group = Group::closed("killed", CONNECTIONS, 16, 4 << 10);
    let mut load = Load::connect(Plan::to(address.parse().unwrap(), Dialect::Echo).group(group)).unwrap();
    load.run_for(Duration::from_millis(20)).unwrap();
    println!("{PULLING}");
    load.run_for(3 * DEADLINE).unwrap();
    true
}

fn others(server: &Server) -> Load {
    let group = Group::closed("others", OTHERS, 1, 64);
    Load::connect(Plan::to(server.address, Dialect::Echo).group(group)).unwrap()
}

/// What a group saw, in words.
fn saw(group: &GroupOutcome) -> String {
    let mut words = format!("{} answers", group.replies);
    for (class, times) in &group.ends {
        let _ = write!(words, ", {times} connections ended as {class}");
    }
    for (class, times) in &group.errors {
        let _ = write!(words, ", {times} requests lost as {class}");
    }
    words
}

/// As what so many connections ended. Something that a killed peer cannot bring about fails the test.
fn classes(server: &Server, connections: usize) -> String {
    let counted =
        ["peer-reset", "truncated-payload", "short-header"].map(|class| (class, server.closed_as(class)));
    let logged: usize = counted.iter().map(|(_, times)| times).sum();
    assert_eq!(logged, server.closes().len(), "{counted:?}");
    // At this level an ordinary end has no record: a kernel that closes between two frames finishes in order.
    let ordinary = ("peer-finished", connections - logged);
    let some = counted.into_iter().chain([ordinary]).filter(|(_, times)| *times > 0);
    some.map(|(class, times)| format!("{times} {class}")).collect::<Vec<_>>().join(", ")
}

/// Waits until the killed client's connections are gone, and only those.
fn await_the_end_of_the_killed(server: &Server) {
    wait_until("the server to hold a descriptor for each of the others and no more", || {
        let held = counters::fds_of(server.pid()).unwrap();
        (held == server.quiet_fds + OTHERS as u64).then_some(())
    });
}

#[test]
fn a_client_that_is_killed_or_stopped_costs_the_others_nothing() {
    if was_the_client() {
        return;
    }
    let criterion = "event-loop.client-killed";
    let this = "kills::a_client_that_is_killed_or_stopped_costs_the_others_nothing";
    let server = Server::start(&["--log-level", "warn"]);
    let mut others = others(&server);

    let stopped = client_of(&server, this);
    stopped.stop(DEADLINE).unwrap();
    others.run_for(Duration::from_millis(200)).unwrap();
    assert!(server.closes().is_empty(), "a client that does nothing for a moment has done nothing wrong");
    fact(criterion, Fact::text("stopped-client-server-saw", "nothing: its answers wait"));
    stopped.resume(DEADLINE).unwrap();
    others.run_for(Duration::from_millis(100)).unwrap();
    assert!(stopped.is_running() && server.closes().is_empty(), "it goes on where it was");
    fact(criterion, Fact::text("continued-client-server-saw", "nothing: its requests go on"));

    // Killed while it runs: its kernel closes the sockets, and where answers are unread, that is a reset.
    stopped.kill().unwrap();
    others.run_for(Duration::from_millis(100)).unwrap();
    await_the_end_of_the_killed(&server);
    fact(criterion, Fact::text("killed-client-server-saw", &classes(&server, CONNECTIONS)));

    // Killed while it is stopped, with everything unread that it was sent meanwhile.
    let frozen = client_of(&server, this);
    frozen.stop(DEADLINE).unwrap();
    others.run_for(Duration::from_millis(100)).unwrap();
    frozen.kill().unwrap();
    await_the_end_of_the_killed(&server);
    fact(criterion, Fact::text("both-killed-clients-server-saw", &classes(&server, 2 * CONNECTIONS)));
    let outcome = others.outcome();
    assert_all_answered(&outcome.groups[0]);
    fact(criterion, Fact::text("others-saw", &saw(&outcome.groups[0])));
    drop(others);
    server.assert_survived();
    server.stop();
}

#[test]
fn a_server_that_is_stopped_loses_nothing_and_one_that_is_killed_is_missed_at_once() {
    let criterion = "event-loop.server-killed";
    let server = Server::start(&["--log-level", "warn"]);
    let mut load = others(&server);
    load.run_for(Duration::from_millis(50)).unwrap();

    // The requests that leave meanwhile wait in the kernel, and are answered when it goes on.
    load.push_for(Duration::from_millis(20)).unwrap();
    server.process.stop(DEADLINE).unwrap();
    load.push_for(Duration::from_millis(300)).unwrap();
    let before = load.outcome();
    assert_eq!(before.groups[0].in_flight, OTHERS as u64, "every client waits for its answer");
    server.process.resume(DEADLINE).unwrap();
    load.run_for(Duration::from_millis(50)).unwrap();
    let outcome = load.outcome();
    let group = &outcome.groups[0];
    assert_all_answered(group);
    assert!(group.replies >= before.groups[0].replies + OTHERS as u64, "{}", saw(group));
    assert!(server.closes().is_empty(), "a stop is no reason to end anybody: {:?}", server.closes());
    fact(criterion, Fact::text("stopped-server-clients-saw", &saw(group)));
    fact(criterion, Fact::text("stopped-server-saw", "nothing: no connection ended"));
    fact(criterion, Fact::count("longest-wait-for-the-stopped-server", group.latency.max(), "ns"));

    load.reset();
    load.push_for(Duration::from_millis(50)).unwrap();
    server.process.signal(Signal::KILL).unwrap();
    load.run_for(Duration::from_millis(100)).unwrap();
    let outcome = load.outcome();
    let group = &outcome.groups[0];
    assert_eq!(group.corrupt_total(), 0, "no half of an answer was taken for one");
    assert_eq!((load.standing(), group.in_flight), (0, 0), "nobody waits for a server that is gone");
    let ended = |class| group.ends.get(&class).copied().unwrap_or(0);
    assert_eq!(ended(ErrorClass::Reset) + ended(ErrorClass::Closed), OTHERS as u64, "{:?}", group.ends);
    let log_ends = |record: &serde_json::Value| record["msg"].as_str().unwrap().starts_with("stopped");
    assert!(!server.records().iter().any(log_ends), "a killed server says nothing");
    fact(criterion, Fact::text("killed-server-clients-saw", &saw(group)));
    fact(criterion, Fact::text("killed-server-said", "nothing: its log ends without a stop"));
}
