//! Stops of every kind, as readiness shows them.

use faults::process::Signal;

use crate::peer::{Endpoint, ask};
use crate::wire;

#[test]
fn a_server_that_is_stopping_says_so_to_whom_it_still_answers() {
    let mut endpoint = Endpoint::start(&[]);
    let mut peer = endpoint.connect();
    assert_eq!(peer.status_of(ask("/ready", "before")), 200);
    let last = ask("/ready", "during");
    let (begun, rest) = last.split_at(20);
    peer.send(begun.as_bytes()).unwrap();
    let mut other = endpoint.connect();
    assert_eq!(other.status_of(ask("/health", "served-later")), 200, "so what was begun before has arrived");
    endpoint.server.process.signal(Signal::TERM).unwrap();
    wire::wait_until("the record of the stop", || {
        let stopping = |record: &serde_json::Value| record["msg"].as_str().unwrap().starts_with("stopping: ");
        endpoint.server.records().iter().any(stopping).then_some(())
    });
    other.hears_the_end();
    peer.send(rest.as_bytes()).unwrap();
    let answer = peer.answer(false);
    assert_eq!(answer.head.status, 503);
    assert!(!answer.keeps_alive, "this was the last answer");
    let account: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(account["failed"], serde_json::json!(["stopping"]));
    peer.hears_the_end();
    endpoint.server.ended();
}

#[test]
fn a_process_that_was_frozen_finds_itself_late_and_then_fit_again() {
    let endpoint = Endpoint::start(&[]);
    let process = &endpoint.server.process;
    process.stop(wire::DEADLINE).unwrap();
    // The fault itself: frozen from before its first check is due until well after that.
    std::thread::sleep(epoll_http::health::CHECK_PERIOD + epoll_http::health::LAG_MAX * 2);
    process.resume(wire::DEADLINE).unwrap();
    let record = |begins: &'static str| {
        wire::wait_until(begins, || {
            let mut records = endpoint.server.records().into_iter();
            records.find(|record| record["msg"].as_str().unwrap().starts_with(begins))
        })
    };
    let failed = record("the check of itself failed: lag");
    assert_eq!(failed["error_code"], "HEALTH-NOT-READY");
    let passes = record("the check of itself passes again");
    assert_eq!(passes["result"], "ok");
    wire::wait_until("readiness", || {
        (endpoint.connect().status_of(ask("/ready", "after")) == 200).then_some(())
    });
    endpoint.stop();
}
