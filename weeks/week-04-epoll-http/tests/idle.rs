//! Ten thousand idle connections. Claim: one thread holds them in bounded memory, all of them are still served, and
//! nothing is left of them afterwards.
//!
//! How this could be fooled: by connections that sit in the listener's queue and were never accepted (every one of them
//! is asked a question), by memory that was there before (the growth counts, after a first conversation), by a machine
//! that allows fewer (then the result says how many were held, and why).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "../benches/idle.rs"]
mod idle;

use std::time::{Duration, Instant};

/// What the server's own memory may grow by for one idle connection: 1 KiB. The connection has no read buffer and no
/// queue while it is idle; what is left is its entry in three tables.
const IDLE_BYTES_MAX: u64 = 1 << 10;

#[test]
fn ten_thousand_idle_connections_are_held_in_bounded_memory_and_all_are_served() {
    let host = idle::Host::start("epoll").unwrap();
    let before = host.descriptors().unwrap();
    let held = idle::hold(&host, idle::IDLE_CONNECTIONS).unwrap();
    let count = held.count();
    match &held.short {
        None => assert_eq!(count, idle::IDLE_CONNECTIONS),
        Some(why) => {
            eprintln!("{count} of {} connections are held: {why}", held.wanted);
            assert!(count > 500, "with {count} nothing is shown: {why}");
        }
    }
    assert_eq!(host.descriptors().unwrap(), before + count as u64, "each is accepted, none is doubled");
    let each = held.server_bytes_each();
    eprintln!("{count} connections, {each} bytes each in the server, kernel: {:?} in all", held.kernel_bytes);
    assert!(each <= IDLE_BYTES_MAX, "{each} bytes for an idle connection");
    assert_eq!(held.ask_all(), count, "every one of them is answered");
    held.release().unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while host.descriptors().unwrap() != before {
        assert!(Instant::now() < until, "{} descriptors, {before} before", host.descriptors().unwrap());
        std::thread::sleep(Duration::from_millis(5));
    }
    host.stop().unwrap();
}

/// The measurement itself, in small: it compares the two pollers on one crowd and hands back a sound finding.
#[test]
fn the_measurement_has_both_pollers_and_is_sound() {
    let finding = evidence::Finding::of("idle connections cost nothing");
    let finding = idle::measure(finding, Duration::from_millis(50)).unwrap();
    finding.check().unwrap();
    let text = serde_json::to_string(&finding).unwrap();
    for name in ["\"epoll\"", "\"poll\"", "server-memory-each", "wakeups-while-idle", "held"] {
        assert!(text.contains(name), "{name} is missing in {text}");
    }
    eprintln!("{text}");
}
