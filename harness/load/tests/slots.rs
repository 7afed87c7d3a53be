//! Standing connections, pulled at in turns.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod server;

use std::time::Duration;

use load::{Group, Load};
use server::{assert_nothing_is_lost, echo, plan, serve};

#[test]
fn contestants_take_turns_and_none_is_charged_for_the_turns_of_the_others() {
    let mut loads: Vec<Load> = (0..2)
        .map(|_| {
            let address = serve(|stream, _| echo(stream));
            Load::connect(plan(address).group(Group::closed("all", 3, 8, 64))).unwrap()
        })
        .collect();
    let slot = Duration::from_millis(50);
    for _ in 0..4 {
        for load in &mut loads {
            load.run_for(slot).unwrap();
        }
    }
    for load in &loads {
        let outcome = load.outcome();
        let group = &outcome.groups[0];
        assert_nothing_is_lost(group);
        assert_eq!((group.in_flight, group.connections, group.errors_total()), (0, 3, 0));
        assert!(group.elapsed >= slot * 4, "{:?}", group.elapsed);
        // Nothing waited over a turn of somebody else: the sum of all latencies fits into the counted time.
        let waited_ns = group.latency.mean() * group.latency.len() as f64;
        assert!(waited_ns <= 1.05 * 3.0 * 8.0 * group.elapsed.as_nanos() as f64, "{waited_ns}");
    }
}

#[test]
fn a_reset_forgets_what_was_counted_and_keeps_the_connections() {
    let address = serve(|stream, _| echo(stream));
    let mut load = Load::connect(plan(address).group(Group::closed("all", 3, 2, 64))).unwrap();
    load.run_for(Duration::from_millis(30)).unwrap();
    assert!(load.outcome().groups[0].replies > 0);
    load.reset();
    let empty = load.outcome();
    assert_eq!((empty.groups[0].requests, empty.groups[0].latency.len()), (0, 0));
    assert_eq!((empty.groups[0].elapsed, load.standing()), (Duration::ZERO, 3));
    load.run_for(Duration::from_millis(30)).unwrap();
    assert_nothing_is_lost(&load.outcome().groups[0]);
}

#[test]
fn something_may_be_done_in_the_middle_with_requests_in_flight() {
    let address = serve(|stream, _| echo(stream));
    let mut load = Load::connect(plan(address).group(Group::closed("all", 2, 4, 64))).unwrap();
    load.push_for(Duration::from_millis(30)).unwrap();
    let between = load.outcome().groups.remove(0);
    assert_nothing_is_lost(&between);
    assert_eq!(between.in_flight, 8);
    load.push_for(Duration::from_millis(30)).unwrap();
    load.drain().unwrap();
    let end = load.outcome().groups.remove(0);
    assert_nothing_is_lost(&end);
    assert_eq!((end.in_flight, end.errors_total()), (0, 0));
}

#[test]
fn a_series_over_time_adds_up_to_the_whole() {
    let address = serve(|stream, _| echo(stream));
    let mut plan = plan(address).group(Group::closed("all", 2, 4, 64)).group(Group::idle("idle", 5));
    plan.interval = Some(Duration::from_millis(20));
    let mut load = Load::connect(plan).unwrap();
    load.push_for(Duration::from_millis(100)).unwrap();
    load.push_for(Duration::from_millis(100)).unwrap();
    let outcome = load.outcome();
    let all = &outcome.groups[0];
    assert!(all.intervals.len() >= 9, "{:?}", all.intervals);
    assert!(all.intervals.windows(2).all(|pair| pair[0].at_seconds < pair[1].at_seconds));
    let replies: u64 = all.intervals.iter().map(|point| point.replies).sum();
    assert!(replies > 0 && replies <= all.replies);
    for point in all.intervals.iter().filter(|point| point.replies > 0) {
        assert!(0 < point.p50_ns && point.p50_ns <= point.p95_ns && point.p95_ns <= point.p99_ns);
        assert!(point.p99_ns <= point.max_ns);
    }
    let idle = outcome.group("idle").unwrap();
    assert_eq!((idle.connections, idle.requests, idle.intervals.len()), (5, 0, all.intervals.len()));
}
