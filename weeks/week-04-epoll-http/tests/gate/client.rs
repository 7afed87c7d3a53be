//! What the client and its tool make of it, over real sockets.

use epoll_http::client::{Client, Config, FailureKind};
use epoll_http::http::{Method, ParseError, Request};
use evidence::Fact;
use evidence::run::fact;
use faults::limits::Limits;
use logger::Exit;

use crate::peer::{Peer, Then, Turn};
use crate::tool::{DEADLINE, assert_exit, http_get, launch, records};
use crate::{answers, rows};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const BAD: &str = "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello";

/// The code of a class, from the one list of them.
fn code_of(class: &str) -> Option<&'static logger::ErrorCode> {
    let name = format!("HTTP-{}", class.to_uppercase());
    epoll_http::CATALOG.iter().copied().find(|entry| entry.code == name)
}

#[test]
fn the_reason_of_a_refusal_is_in_the_log_under_the_request_id() {
    let criterion = "epoll-http.reason-logged";
    let malformed: Vec<_> = answers::rows()
        .into_iter()
        .filter(|row| row.method.is_none())
        .filter(|row| code_of(&row.outcome).is_some_and(|code| code.exit == Exit::Malformed))
        .collect();
    assert!(malformed.len() >= 40, "only {} answers", malformed.len());
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("get.jsonl");
    let turns = malformed.iter().map(|row| Turn { send: row.wire.clone(), fill: 0, then: Then::Close });
    let peer = Peer::start(turns.collect());
    for (at, row) in malformed.iter().enumerate() {
        let id = format!("malformed-{at}");
        let ended = http_get(&peer.url("/"), &log, &["--request-id", &id]);
        assert_exit(&ended, 3);
        assert_eq!(ended.stdout_text(), "", "{}: nothing of a refused answer is passed on", row.case);
        let code = code_of(&row.outcome).unwrap().code;
        assert!(ended.stderr_text().starts_with(&format!("error[{code}]: ")), "{}", ended.stderr_text());
        let told: Vec<_> = records(&log).into_iter().filter(|record| record.id() == id).collect();
        assert_eq!(told.len(), 1, "{}: one attempt, one record: {told:#?}", row.case);
        assert_eq!((told[0].result(), told[0].code()), (row.outcome.as_str(), code), "{}", row.case);
        assert!(told[0].msg.contains("stop: final-failure"), "{}", told[0].msg);
    }
    assert_eq!(peer.requests().len(), malformed.len(), "no malformed answer was asked for again");
    fact(criterion, Fact::count("refused-by-the-tool", malformed.len() as u64, ""));
}

#[test]
fn a_malformed_answer_costs_its_own_request_and_no_other() {
    let criterion = "epoll-http.next-request";
    let turns = [GOOD, BAD, GOOD, GOOD, BAD, BAD, GOOD];
    let peer = Peer::start(turns.iter().map(|wire| Turn::answer(wire)).collect());
    let mut client = Client::new(Config::default());
    for (at, wire) in turns.iter().enumerate() {
        let id = format!("r-{at}").parse().unwrap();
        let request = Request::new(Method::Get, peer.url("/").parse().unwrap(), id);
        match client.fetch(&request) {
            Ok(done) => {
                assert_eq!((*wire, &done.value.response.body[..], done.attempts), (GOOD, &b"hello"[..], 1))
            }
            Err(gave_up) => {
                assert_eq!(*wire, BAD, "{gave_up:?}");
                assert_eq!(gave_up.last.kind, FailureKind::Answer(ParseError::SpaceBeforeColon));
            }
        }
    }
    assert_eq!(peer.requests().len(), turns.len());
    // A connection on which a malformed answer came is not used again: nobody knows where the next one begins.
    assert_eq!(peer.connections(), 4);
    fact(criterion, Fact::count("requests", turns.len() as u64, ""));
    fact(criterion, Fact::count("connections", u64::from(peer.connections()), ""));
}

#[test]
fn every_row_of_the_failure_matrix_fails_where_and_as_it_says() {
    let criterion = "epoll-http.matrix";
    let dir = tempfile::tempdir().unwrap();
    let rows = rows::rows();
    for row in &rows {
        rows::run(row, dir.path());
    }
    fact(criterion, Fact::count("rows", rows.len() as u64, ""));
}

#[test]
fn hundreds_of_broken_connections_leave_no_descriptor_behind() {
    let criterion = "epoll-http.no-descriptor-left";
    const REQUESTS: usize = 150;
    const DESCRIPTORS_MAX: u64 = 24;
    // Every request meets a body cut short first, and is answered on a new connection, which closes as well.
    let peer = Peer::serve(|number, _| {
        let send = if number % 2 == 0 { &GOOD[..GOOD.len() - 1] } else { GOOD };
        Turn { send: send.into(), fill: 0, then: Then::Close }
    });
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("get.jsonl");
    let args = ["--count", &REQUESTS.to_string(), "--backoff", "1ms", "--backoff-cap", "1ms"];
    let limited = launch(&peer.url("/"), &log, &args).limits(Limits::none().open_files(DESCRIPTORS_MAX));
    let ended = limited.spawn().unwrap().wait_with_deadline(DEADLINE).unwrap();
    assert_exit(&ended, 0);
    assert_eq!(ended.stdout_text(), "hello".repeat(REQUESTS));
    assert_eq!(peer.connections() as usize, 2 * REQUESTS);
    fact(criterion, Fact::count("connections", u64::from(peer.connections()), ""));
    fact(criterion, Fact::count("descriptors-allowed", DESCRIPTORS_MAX, ""));
}

#[test]
fn no_part_of_a_request_can_end_a_line_and_begin_another() {
    let criterion = "epoll-http.no-injection";
    let peer = Peer::start(vec![Turn::answer(GOOD)]);
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("get.jsonl");
    let evil = "\r\nGET /evil HTTP/1.1\r\nX: ";
    let fields =
        [format!("X: a{evil}"), format!("X{evil}: a"), "Host: elsewhere".into(), "Content-Length: 9".into()];
    for field in &fields {
        assert_exit(&http_get(&peer.url("/"), &log, &["--field", field]), 2);
    }
    assert_exit(&http_get(&peer.url(&format!("/{evil}")), &log, &[]), 2);
    assert_exit(&http_get(&peer.url("/"), &log, &["--request-id", &format!("r{evil}")]), 2);
    assert_eq!(peer.connections(), 0, "refused before anybody was asked");
    assert_exit(&http_get(&peer.url("/good"), &log, &["--field", "X: y", "--request-id", "r-1"]), 0);
    assert_eq!(peer.requests().len(), 1);
    fact(criterion, Fact::count("injections-refused", fields.len() as u64 + 2, ""));
}
