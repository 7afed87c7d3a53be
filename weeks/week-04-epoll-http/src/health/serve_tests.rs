//! The endpoint without a socket: what it answers is a function of bytes, time and its last check.

use std::net::SocketAddr;
use std::time::Duration;

use event_loop::Token;

use super::*;
use crate::health::check::{CHECK_PERIOD, LAG_MAX};
use crate::http::{Limits, Method, Response, ResponseParser};

fn endpoint(now: Instant) -> Health {
    Health::new(Tally::new(now), SelfCheck::new(now, 10, None), Deadlines::default(), 1)
}

fn peer() -> Peer {
    Peer { token: Token::new(0, 0), number: 1, address: SocketAddr::from(([127, 0, 0, 1], 9)), listener: 1 }
}

/// One request on a connection of its own.
fn asked(health: &mut Health, path: &str, now: Instant) -> (Response, Step) {
    let mut session = health.open(&peer(), now);
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\n\r\n");
    health.read_space(&mut session)[..request.len()].copy_from_slice(request.as_bytes());
    health.received(&mut session, request.len(), now);
    let mut out = Outbox::new();
    let step = health.step(&mut session, &mut out, now);
    let mut parser = ResponseParser::new(Method::Get, Limits::default());
    parser.feed(out.bytes()).unwrap();
    assert!(health.is_between_messages(&session));
    (parser.into_response().unwrap(), step)
}

#[test]
fn readiness_follows_the_last_check_and_health_does_not() {
    let start = Instant::now();
    let mut health = endpoint(start);
    let status = |health: &mut Health, path, now| asked(health, path, now).0.head.status;
    assert_eq!(status(&mut health, "/ready", start), 200, "nothing speaks against it yet");
    let late = start + CHECK_PERIOD + LAG_MAX + Duration::from_millis(1);
    health.wake(late, &mut Outbox::new());
    assert_eq!(status(&mut health, "/ready", late), 503);
    assert_eq!(status(&mut health, "/health", late), 200, "late is not dead");
    let next = health.wake_at().unwrap();
    assert_eq!(next, start + CHECK_PERIOD * 2);
    health.wake(next, &mut Outbox::new());
    assert_eq!(status(&mut health, "/ready", next), 200);
}

#[test]
fn a_wake_that_was_meant_for_somebody_else_checks_nothing() {
    let start = Instant::now();
    let mut health = endpoint(start);
    health.wake(start + CHECK_PERIOD / 2, &mut Outbox::new());
    assert_eq!(health.wake_at(), Some(start + CHECK_PERIOD));
}

#[test]
fn a_full_server_is_not_ready_and_says_why() {
    let start = Instant::now();
    let mut health = endpoint(start);
    health.tally.application.accepted = 10;
    health.wake(start + CHECK_PERIOD, &mut Outbox::new());
    let (answer, step) = asked(&mut health, "/ready", start + CHECK_PERIOD);
    assert_eq!((answer.head.status, step), (503, Step::Done));
    let account: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(account["failed"], serde_json::json!(["room"]));
}

#[test]
fn while_stopping_each_answer_is_the_last_of_its_connection() {
    let start = Instant::now();
    let mut health = endpoint(start);
    health.stopping(start);
    let (answer, step) = asked(&mut health, "/health", start);
    assert_eq!((answer.head.status, answer.keeps_alive), (200, false));
    assert_eq!(step, Step::Close(CloseReason::Stopping));
}

#[test]
fn a_quiet_connection_keeps_no_buffer() {
    let start = Instant::now();
    let mut health = endpoint(start);
    let mut session = health.open(&peer(), start);
    let request = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    health.read_space(&mut session)[..request.len()].copy_from_slice(request);
    health.received(&mut session, request.len(), start);
    while health.step(&mut session, &mut Outbox::new(), start) == Step::Done {}
    health.rest(&mut session);
    assert_eq!(session.pending.capacity(), 0);
}
