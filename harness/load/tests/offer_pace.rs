//! When requests are due, from when their latency counts, and from whom they come.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod messages;
mod server;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::IpAddr;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use load::offer::{Group, Importance, Offer, Plan};
use messages::{assert_one_fate_each, id, plan, reply, reply_with};
use server::{echo_with, read_frame, serve};

#[test]
fn slots_with_drains_between_them_are_one_timetable_and_not_a_request_more() {
    let address = serve(|stream, _| echo_with(stream, |_, frame| vec![reply(&frame)]));
    let mut offer = Offer::connect(plan(address).group(Group::open("all", 3, 3000, 64))).unwrap();
    // 3.5 requests fit into a slot: begun anew each time, it would be 4.
    for _ in 0..10 {
        offer.run_for(Duration::from_nanos(1_166_667)).unwrap();
    }
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.requests, group.right, group.in_flight), (36, 36, 0), "{group:?}");
    assert_eq!((group.out_of_order, group.answers_out_of_order), (0, 0));
}

#[test]
fn what_comes_due_between_two_pushes_leaves_with_the_second_and_is_charged_from_when_it_was_due() {
    const RATE: u64 = 1000;
    let address = serve(|stream, _| echo_with(stream, |_, frame| vec![reply(&frame)]));
    let mut offer = Offer::connect(plan(address).group(Group::open("all", 1, RATE, 64))).unwrap();
    let began = Instant::now();
    offer.push_for(Duration::from_millis(10)).unwrap();
    // Somebody does something else for a while, however long that is.
    let (_say, nobody) = mpsc::channel::<()>();
    let _ = nobody.recv_timeout(Duration::from_millis(100));
    offer.push_for(Duration::from_millis(10)).unwrap();
    let lasted = began.elapsed();
    offer.drain().unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    let due_at_most = lasted.as_millis() as u64 * RATE / 1000 + 1;
    assert!((120..=due_at_most).contains(&group.requests), "{group:?}");
    assert_eq!(group.right, group.requests);
    // Those that were due in the first half of the pause have waited for the second half.
    let waited = group.latency.len() - group.latency.count_between(0, 45_000_000);
    assert!(waited >= 40, "{waited} of {}", group.requests);
}

#[test]
fn an_open_loop_charges_a_stalled_server_for_everybody_who_would_have_come() {
    let (go_on, again) = mpsc::channel::<()>();
    let again = Mutex::new(again);
    let (report, stalled) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        let first = read_frame(&mut stream).unwrap().unwrap();
        let began = Instant::now();
        again.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        report.send(began.elapsed()).unwrap();
        stream.write_all(&reply(&first)).unwrap();
        echo_with(stream, |_, frame| vec![reply(&frame)]);
    });
    let mut offer = Offer::connect(plan(address).group(Group::open("all", 1, 1000, 64).poisson())).unwrap();
    offer.push_for(Duration::from_millis(300)).unwrap();
    go_on.send(()).unwrap();
    offer.drain().unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!(group.right, group.requests);
    let late_ns = stalled.recv_timeout(Duration::from_secs(10)).unwrap().as_nanos() as u64 / 2;
    let late = group.latency.len() - group.latency.count_between(0, late_ns);
    assert!(group.requests > 200 && late * 3 > group.requests, "{late} of {}", group.requests);
}

#[test]
fn a_closed_loop_keeps_exactly_its_depth_going() {
    const DEPTH: usize = 4;
    let (report, seen) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        loop {
            // Answers come only for a whole depth, so one request less would hang, and one more would be here now.
            let mut replies = Vec::new();
            for _ in 0..DEPTH {
                let Ok(Some(frame)) = read_frame(&mut stream) else { return };
                replies.extend(reply(&frame));
            }
            stream.set_nonblocking(true).unwrap();
            let more = stream.peek(&mut [0]).is_ok_and(|bytes| bytes > 0);
            stream.set_nonblocking(false).unwrap();
            let _ = report.send(more);
            if stream.write_all(&replies).is_err() {
                return;
            }
        }
    });
    // A push ends between two batches or within one: what is left of it is not answered, and times out.
    let group = Group::closed("all", 2, DEPTH as u32, 64).deadline(Duration::from_millis(500));
    let mut offer = Offer::connect(plan(address).group(group)).unwrap();
    offer.run_for(Duration::from_millis(100)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!(group.in_flight, 0);
    let seen: Vec<bool> = seen.try_iter().collect();
    assert!(seen.len() > 2 && !seen.contains(&true), "{} batches", seen.len());
}

#[test]
fn replies_in_another_order_are_right_and_counted() {
    let address = serve(|mut stream, _| {
        while let Ok(Some(first)) = read_frame(&mut stream) {
            let Ok(Some(second)) = read_frame(&mut stream) else { return };
            stream.write_all(&[reply(&second), reply(&first)].concat()).unwrap();
        }
    });
    let group = Group::open("all", 1, 1000, 64).deadline(Duration::from_secs(2));
    let mut offer = Offer::connect(plan(address).group(group)).unwrap();
    offer.run_for(Duration::from_millis(40)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.right, group.out_of_order, group.answers_out_of_order), (40, 20, 20), "{group:?}");
}

#[test]
fn tenants_come_from_their_own_addresses_and_calls_carry_their_deadline() {
    let (report, seen) = mpsc::channel();
    let address = serve(move |stream, _| {
        let from = stream.peer_addr().unwrap().ip();
        let report = report.clone();
        echo_with(stream, move |_, frame| {
            let after_id = 6 + id(&frame).len();
            report.send((from, frame[4], frame[after_id..][..5].to_vec())).unwrap();
            vec![reply_with(&frame, &frame[after_id + 5..])]
        });
    });
    let tenant = |last: u8, importance| {
        Group::closed(format!("tenant-{last}"), 2, 1, 64)
            .source(IpAddr::from([127, 0, 0, last]))
            .calls(Duration::from_millis(300), importance)
    };
    let plan = plan(address).group(tenant(2, Importance::Ordinary)).group(tenant(3, Importance::Optional));
    let mut offer = Offer::connect(plan).unwrap();
    offer.run_for(Duration::from_millis(50)).unwrap();
    let outcome = offer.outcome();
    outcome.groups.iter().for_each(assert_one_fate_each);
    assert!(
        outcome.groups.iter().all(|group| group.right > 0 && group.right == group.requests),
        "{outcome:?}"
    );
    let seen: BTreeSet<_> = seen.try_iter().collect();
    let expected = [2, 3].map(|last| (IpAddr::from([127, 0, 0, last]), 4_u8, vec![0, 0, 1, 44, last - 2]));
    assert_eq!(seen, BTreeSet::from(expected));
}

#[test]
fn large_bodies_of_several_sizes_come_back_as_the_caller_expects_them() {
    let reversed = |body: &[u8]| body.iter().rev().copied().collect::<Vec<u8>>();
    let address = serve(move |stream, _| {
        echo_with(stream, move |_, frame| {
            vec![reply_with(&frame, &reversed(&frame[6 + id(&frame).len()..]))]
        });
    });
    let group =
        Group::closed("all", 2, 8, 0).sizes([(1 << 20, 1), (64 << 10, 4), (0, 1)]).expecting(reversed);
    let mut offer = Offer::connect(plan(address).group(group)).unwrap();
    offer.run_for(Duration::from_millis(200)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert!(group.right >= 16 && group.right == group.requests, "{group:?}");
}

#[test]
fn a_series_adds_up_to_the_whole_and_a_reset_carries_what_is_in_flight() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let address = serve(move |mut stream, _| {
        // The first eight are answered, then it waits.
        for _ in 0..8 {
            let frame = read_frame(&mut stream).unwrap().unwrap();
            stream.write_all(&reply(&frame)).unwrap();
        }
        held.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        echo_with(stream, |_, frame| vec![reply(&frame)]);
    });
    let interval = Some(Duration::from_millis(10));
    let plan = Plan { interval, ..plan(address) }.group(Group::closed("all", 1, 4, 64));
    let mut offer = Offer::connect(plan).unwrap();
    for _ in 0..1000 {
        offer.push_for(Duration::from_millis(20)).unwrap();
        if offer.outcome().groups[0].requests == 12 && offer.outcome().groups[0].intervals.len() > 3 {
            break;
        }
    }
    let before = offer.outcome().groups.remove(0);
    assert_one_fate_each(&before);
    assert_eq!((before.right, before.in_flight, before.requests), (8, 4, 12));
    let sum = |of: fn(&load::offer::Interval) -> u64| before.intervals.iter().map(of).sum::<u64>();
    assert_eq!(
        (sum(|i| i.first), sum(|i| i.right), sum(|i| i.retries)),
        (12, 8, 0),
        "{:?}",
        before.intervals
    );
    assert!(before.intervals.windows(2).all(|pair| pair[0].at_seconds < pair[1].at_seconds));
    offer.reset();
    release.send(()).unwrap();
    offer.drain().unwrap();
    let after = offer.outcome().groups.remove(0);
    assert_one_fate_each(&after);
    assert_eq!(
        (after.carried, after.requests, after.right, after.intervals.len()),
        (4, 0, 4, 0),
        "{after:?}"
    );
}
