//! Claim: every failure of the matrix happens in the phase that stands there, under the class and the code that stand
//! there, is tried again or not as it stands there, and the log says so attempt by attempt.
//!
//! How this could be fooled: by a deadline that is not the one in question (so all others are a hundred times as long), by
//! a peer that is merely asked once more than allowed (so requests are counted where they arrive), by a class that no
//! row provokes (so the classes are counted).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod peer;
mod rows;
mod tool;

use std::collections::BTreeSet;
use std::time::Duration;

use epoll_http::client::{Client, Config, Deadlines, FailureKind};
use epoll_http::http::{Limits, Method, Request};
use framing::retry::RetryPolicy;
use peer::{Peer, Then, Turn};
use rows::{rows, run};

#[test]
fn every_row_of_the_matrix_fails_where_and_as_it_says() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for row in rows() {
            let dir = dir.path();
            scope.spawn(move || run(&row, dir));
        }
    });
}

#[test]
fn the_matrix_has_a_row_for_every_way_to_fail_on_the_way() {
    let seen: BTreeSet<String> = rows().into_iter().map(|row| row.class).collect();
    for kind in [
        FailureKind::ResolveFailed,
        FailureKind::ResolveTimeout,
        FailureKind::ConnectRefused,
        FailureKind::ConnectTimeout,
        FailureKind::WriteTimeout,
        FailureKind::FirstByteTimeout,
        FailureKind::BodyTimeout,
        FailureKind::BudgetSpent,
        FailureKind::Reset,
        FailureKind::Closed,
        FailureKind::Unavailable { status: 503 },
    ] {
        assert!(seen.contains(kind.class()), "no row for {}", kind.class());
    }
}

fn request(peer: &Peer) -> Request {
    Request::new(Method::Get, peer.url("/").parse().unwrap(), "r-1".parse().unwrap())
}

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn one_connection_serves_many_requests_while_both_sides_keep_it() {
    let peer = Peer::start(vec![Turn::answer(GOOD)]);
    let mut client = Client::new(Config::default());
    let reused: Vec<bool> = (0..3).map(|_| client.fetch(&request(&peer)).unwrap().value.reused).collect();
    assert_eq!((reused, peer.connections()), (vec![false, true, true], 1));
}

#[test]
fn a_connection_is_not_kept_after_close_nor_with_bytes_that_nobody_asked_for() {
    for wire in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ] {
        let peer = Peer::start(vec![Turn::answer(wire)]);
        let mut client = Client::new(Config::default());
        for _ in 0..2 {
            let answer = client.fetch(&request(&peer)).unwrap().value;
            assert_eq!((answer.reused, &answer.response.body[..]), (false, &b"ok"[..]), "{wire}");
        }
        drop(client);
    }
}

#[test]
fn a_kept_connection_that_dies_is_replaced_without_costing_an_attempt() {
    for then in [Then::Close, Then::Reset] {
        // The second request is read and then answered by the end of its connection.
        let dies = Turn { send: String::new(), fill: 0, then };
        let peer = Peer::start(vec![Turn::answer(GOOD), dies, Turn::answer(GOOD)]);
        let mut client = Client::new(Config::default());
        client.fetch(&request(&peer)).unwrap();
        let done = client.fetch(&request(&peer)).unwrap();
        assert_eq!((done.attempts, done.value.reused), (1, false), "{then:?}");
        assert_eq!((peer.requests().len(), peer.connections()), (3, 2), "{then:?}");
    }
}

#[test]
fn a_fresh_connection_that_dies_costs_an_attempt() {
    let dies = Turn { send: String::new(), fill: 0, then: Then::Close };
    let peer = Peer::start(vec![dies, Turn::answer(GOOD)]);
    let done = Client::new(Config::default()).fetch(&request(&peer)).unwrap();
    assert_eq!(done.attempts, 2);
}

#[test]
fn a_server_whose_bytes_never_pause_is_still_held_to_the_deadline() {
    let interim = Turn { send: "HTTP/1.1 100 Continue\r\n\r\n".into(), fill: 0, then: Then::Flood };
    let peer = Peer::start(vec![interim]);
    // Without a limit on interim answers nothing but the deadline ends this.
    let limits = Limits { interim_max: u32::MAX, ..Limits::default() };
    let deadlines = Deadlines { body: Duration::from_millis(150), ..Deadlines::default() };
    let retry = RetryPolicy { attempts_max: 1, budget: Duration::from_secs(5), ..RetryPolicy::default() };
    let mut client = Client::new(Config { limits, deadlines, retry, ..Config::default() });
    let gave_up = client.fetch(&request(&peer)).unwrap_err();
    assert_eq!(gave_up.last.kind, FailureKind::BodyTimeout);
}

#[test]
fn the_pause_that_a_busy_server_asks_for_is_kept_or_ends_the_request() {
    let busy = Turn::answer("HTTP/1.1 503 Busy\r\nRetry-After: 31\r\nContent-Length: 0\r\n\r\n");
    let peer = Peer::start(vec![busy]);
    let gave_up = Client::new(Config::default()).fetch(&request(&peer)).unwrap_err();
    // 31 seconds do not fit a budget of 30, so nobody waits at all.
    assert_eq!((gave_up.cause.class(), gave_up.attempts), ("budget-spent", 1));
    assert_eq!(gave_up.last.kind, FailureKind::Unavailable { status: 503 });
}

#[test]
fn the_request_names_the_host_and_carries_the_id() {
    let peer = Peer::start(vec![Turn::answer(GOOD)]);
    Client::new(Config::default()).fetch(&request(&peer)).unwrap();
    let sent = peer.requests().remove(0);
    let host = peer.address;
    assert_eq!(
        sent,
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\nX-Request-Id: r-1\r\n\r\n")
    );
}
