//! What a server of the tests says to a request.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use load::offer::{GroupOutcome, Plan};

/// The id in a request's frame.
pub(crate) fn id(frame: &[u8]) -> &[u8] {
    &frame[6..][..usize::from(frame[5])]
}

fn frame(kind: u8, id: &[u8], rest: &[u8]) -> Vec<u8> {
    let payload = [&[kind, id.len() as u8][..], id, rest].concat();
    [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
}

/// The reply to a request, with this body.
pub(crate) fn reply_with(request: &[u8], body: &[u8]) -> Vec<u8> {
    frame(2, id(request), body)
}

/// The reply to a request (kind 1): its own body.
pub(crate) fn reply(request: &[u8]) -> Vec<u8> {
    reply_with(request, &request[6 + id(request).len()..])
}

/// A refusal of this request.
pub(crate) fn refusal(request: &[u8], code: &str) -> Vec<u8> {
    frame(3, id(request), code.as_bytes())
}

/// A refusal of the whole connection.
pub(crate) fn farewell(code: &str) -> Vec<u8> {
    frame(3, b"", code.as_bytes())
}

/// A rejection of this request for now.
pub(crate) fn rejection(request: &[u8], retry_after_ms: u32, code: &str) -> Vec<u8> {
    frame(5, id(request), &[&retry_after_ms.to_be_bytes()[..], code.as_bytes()].concat())
}

/// A plan for tests.
pub(crate) fn plan(server: std::net::SocketAddr) -> Plan {
    Plan::to(server)
}

/// Every request has become one thing or another.
pub(crate) fn assert_one_fate_each(group: &GroupOutcome) {
    assert_eq!(group.requests + group.carried, group.settled() + group.in_flight, "{group:?}");
    assert_eq!(group.latency.len(), group.right, "{group:?}");
    assert!(group.retries <= group.attempts && group.attempts - group.retries <= group.requests, "{group:?}");
}
