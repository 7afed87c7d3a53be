//! When requests leave, and from when their latency counts.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod server;

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use load::{Group, Load, Role};
use server::{assert_nothing_is_lost, echo, echo_with, plan, read_frame, serve};

#[test]
fn a_closed_loop_keeps_exactly_its_depth_in_flight() {
    const DEPTH: usize = 4;
    let (report, seen) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        loop {
            // Answers come only for a whole depth, so one request less would hang, and one more would be here now.
            let mut replies = Vec::new();
            for _ in 0..DEPTH {
                let Ok(Some(frame)) = read_frame(&mut stream) else { return };
                replies.extend_from_slice(&frame);
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
    let outcome = load::run(&plan(address).group(Group::closed("all", 2, DEPTH as u32, 64))).unwrap();
    assert_nothing_is_lost(&outcome.groups[0]);
    assert_eq!(outcome.groups[0].in_flight, 0);
    let seen: Vec<bool> = seen.try_iter().collect();
    assert!(seen.len() > 2 && !seen.contains(&true), "{} batches", seen.len());
}

/// A server that stops once, for as long as it takes until `again` says so.
fn stalls_once(again: mpsc::Receiver<()>) -> (std::net::SocketAddr, mpsc::Receiver<Duration>) {
    let (report, stalled) = mpsc::channel();
    let again = std::sync::Mutex::new(again);
    let done = AtomicBool::new(false);
    let address = serve(move |mut stream: TcpStream, _| {
        let mut number = 0;
        while let Ok(Some(frame)) = read_frame(&mut stream) {
            number += 1;
            if number == 20 && !done.swap(true, Ordering::SeqCst) {
                let began = Instant::now();
                let _ = again.lock().unwrap().recv_timeout(Duration::from_secs(10));
                let _ = report.send(began.elapsed());
            }
            if stream.write_all(&frame).is_err() {
                return;
            }
        }
    });
    (address, stalled)
}

#[test]
fn an_open_loop_charges_a_stalled_server_for_everybody_who_would_have_come() {
    const RATE: u64 = 1000;
    let slow_ones = |group: Group| {
        let (go_on, again) = mpsc::channel();
        let (address, stalled) = stalls_once(again);
        let mut load = Load::connect(plan(address).group(group)).unwrap();
        load.push_for(Duration::from_millis(500)).unwrap();
        go_on.send(()).unwrap();
        load.drain().unwrap();
        let stalled = stalled.recv_timeout(Duration::from_secs(10)).unwrap();
        let group = load.outcome().groups.remove(0);
        assert_nothing_is_lost(&group);
        assert_eq!((group.errors_total(), group.in_flight), (0, 0));
        // Late means: more than half the stall. The histogram rounds by less than a hundredth.
        let late_ns = stalled.as_nanos() as u64 / 2;
        (group.latency.len() - group.latency.count_between(0, late_ns), group.requests)
    };
    let (open, asked) = slow_ones(Group::open("open", 1, RATE, 64));
    let (closed, _) = slow_ones(Group::closed("closed", 1, 1, 64));
    // 500 were due, 480 of them after the stall began, and about half of those waited for more than half of it. However
    // slow this machine is, they only become later. The closed loop asked once and then waited, with everybody else.
    assert_eq!(asked, RATE / 2);
    assert!(open >= 200, "{open} late replies in the open loop");
    assert!(
        closed >= 1 && closed < open / 10,
        "{closed} late replies in the closed loop, {open} in the open one"
    );
}

#[test]
fn an_open_loop_asks_as_often_as_it_is_told_whatever_the_server_does() {
    let address = serve(|stream, _| echo(stream));
    let mut load = Load::connect(plan(address).group(Group::open("all", 3, 2000, 64))).unwrap();
    load.run_for(Duration::from_millis(250)).unwrap();
    let outcome = load.outcome();
    let group = &outcome.groups[0];
    assert_nothing_is_lost(group);
    assert_eq!((group.requests, group.replies), (500, 500), "{group:?}");
}

#[test]
fn a_greedy_client_takes_nothing_from_the_load_of_the_polite_ones() {
    let address = serve(|stream, _| echo(stream));
    let groups = [Group::closed("polite", 4, 1, 64), Group::closed("greedy", 1, 0, 64).role(Role::Greedy)];
    let plan = groups.into_iter().fold(plan(address), load::Plan::group);
    let outcome = load::run(&plan).unwrap();
    outcome.groups.iter().for_each(assert_nothing_is_lost);
    assert!(outcome.group("polite").unwrap().replies > 4, "{outcome:?}");
    assert!(outcome.group("greedy").unwrap().replies > 1000, "{outcome:?}");
}

#[test]
fn a_slow_reader_reads_until_its_time_comes_and_then_nothing_and_others_go_on() {
    let (report, blocked) = mpsc::channel();
    let address = serve(move |stream, number| {
        // Two polite connections come first. The third one's answers meet a full socket sooner or later.
        stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut out = stream.try_clone().unwrap();
        let report = report.clone();
        echo_with(stream, move |_, frame| {
            if out.write_all(&frame).is_err() {
                let _ = report.send(number);
                let _ = out.shutdown(std::net::Shutdown::Both);
            }
            vec![]
        });
    });
    let slow = Role::SlowReader { after: Duration::from_millis(20), opening: None };
    let mut slow = Group::closed("slow", 1, 4, 1000).role(slow);
    slow.receive_buffer_bytes = Some(4096);
    let plan = plan(address).group(Group::closed("polite", 2, 1, 64)).group(slow);
    let mut load = Load::connect(plan).unwrap();
    for _ in 0..100 {
        load.run_for(Duration::from_millis(100)).unwrap();
        if load.standing() == 2 {
            break;
        }
    }
    assert_eq!(blocked.recv_timeout(Duration::from_secs(10)).unwrap(), 2);
    let before = load.outcome().group("polite").unwrap().replies;
    load.run_for(Duration::from_millis(50)).unwrap();
    let outcome = load.outcome();
    assert!(outcome.group("polite").unwrap().replies > before, "{outcome:?}");
    let slow = outcome.group("slow").unwrap();
    assert!(slow.replies > 0 && slow.errors_total() > 0, "{slow:?}");
    assert_nothing_is_lost(outcome.group("polite").unwrap());
}

#[test]
fn an_opening_is_sent_whole_and_once() {
    let (report, seen) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        let frame = read_frame(&mut stream).unwrap().unwrap();
        let _ = report.send(frame);
        // Nothing may follow; the client's end of stream comes when the load is dropped.
        let _ = report.send(read_frame(&mut stream).ok().flatten().unwrap_or_default());
    });
    let payload: Vec<u8> = (0..500_000_u32).map(|n| n as u8).collect();
    let opening = [&(payload.len() as u32).to_be_bytes()[..], &payload].concat();
    let role = Role::SlowReader { after: Duration::ZERO, opening: Some(opening.clone()) };
    let mut load = Load::connect(plan(address).group(Group::closed("slow", 1, 1, 64).role(role))).unwrap();
    for _ in 0..3 {
        load.run_for(Duration::from_millis(50)).unwrap();
    }
    assert_eq!(seen.recv_timeout(Duration::from_secs(10)).unwrap(), opening);
    assert_eq!(load.outcome().groups[0].requests, 1);
    drop(load);
    assert_eq!(seen.recv_timeout(Duration::from_secs(10)).unwrap(), Vec::<u8>::new());
}
