//! Many clients, one thread; and a stop in the middle of their work.

use std::time::Duration;

use evidence::Fact;
use evidence::run::{Profile, fact};
use faults::counters;
use faults::process::Signal;
use load::{Dialect, Group, Load, Plan};

use crate::assert_all_answered;
use crate::wire::{Server, wait_until};

/// Clients that stay and are silent; the week demands at least fifty.
const IDLE: usize = 200;
/// Clients that work at the same time.
const ACTIVE: usize = 60;
/// The loop, and the writer of the log.
const THREADS: u64 = 2;

#[test]
fn two_hundred_idle_and_sixty_active_clients_are_served_by_one_thread() {
    let criterion = "event-loop.many-clients";
    let time = Duration::from_millis(Profile::current().pick(150, 500, 2000));
    for poller in ["select", "poll"] {
        let server = Server::start(&["--poller", poller, "--log-level", "warn"]);
        let plan = Plan::to(server.address, Dialect::Echo)
            .group(Group::idle("idle", IDLE))
            .group(Group::closed("small", ACTIVE / 2, 4, 64))
            .group(Group::closed("large", ACTIVE / 2, 2, 16 << 10));
        let mut load = Load::connect(plan).unwrap();
        load.run_for(time).unwrap();
        assert_eq!(load.standing(), IDLE + ACTIVE, "nobody was sent away");
        assert_eq!(counters::threads_of(server.pid()).unwrap(), THREADS);
        let held = counters::fds_of(server.pid()).unwrap();
        assert_eq!(held, server.quiet_fds + (IDLE + ACTIVE) as u64, "one descriptor a client");
        let outcome = load.outcome();
        for name in ["small", "large"] {
            let group = outcome.group(name).unwrap();
            assert_all_answered(group);
            fact(criterion, Fact::count(&format!("{name}-requests-under-{poller}"), group.requests, ""));
        }
        drop(load);
        server.assert_survived();
        server.stop();
    }
    fact(criterion, Fact::count("idle-clients", IDLE as u64, ""));
    fact(criterion, Fact::count("active-clients", ACTIVE as u64, ""));
    fact(criterion, Fact::count("threads-of-the-server", THREADS, ""));
}

#[test]
fn a_stop_under_load_answers_what_was_sent_before_it() {
    let criterion = "event-loop.clean-stop";
    const CLIENTS: usize = 50;
    let mut server = Server::start(&["--log-level", "warn", "--drain", "8s"]);
    let plan = Plan::to(server.address, Dialect::Echo)
        .group(Group::closed("busy", CLIENTS, 16, 64))
        .group(Group::idle("quiet", CLIENTS));
    let mut load = Load::connect(plan).unwrap();
    load.push_for(Duration::from_millis(100)).unwrap();
    let in_flight = load.outcome().group("busy").unwrap().in_flight;
    assert!(in_flight > 0, "the stop would meet nobody at work");
    // Whatever left is in the server's sockets by now: the loopback has no road on which it could still be.
    server.process.signal(Signal::TERM).unwrap();
    load.drain().unwrap();
    assert_all_answered(load.outcome().group("busy").unwrap());
    // The clients leave when they are told to, and the server ends when the last one has left.
    wait_until("every client to have been told", || {
        load.push_for(Duration::from_millis(5)).unwrap();
        (load.standing() == 0).then_some(())
    });
    let outcome = load.outcome();
    let told: u64 = outcome.groups.iter().filter_map(|group| group.refusals.get("ECHO-STOPPING")).sum();
    assert_eq!(told, 2 * CLIENTS as u64, "told once each: {:?}", outcome.groups);
    server.ended();
    fact(criterion, Fact::count("clients", 2 * CLIENTS as u64, ""));
    fact(criterion, Fact::count("requests-in-flight-at-the-signal", in_flight, ""));
    fact(criterion, Fact::count("of-them-answered", in_flight, ""));
    fact(criterion, Fact::count("told-to-come-back", told, ""));
    fact(criterion, Fact::count("exit-code", 0, ""));
}
