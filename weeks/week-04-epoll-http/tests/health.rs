//! The health endpoint of a real `epoll-server`. Claim: every request is answered as `fixtures/health-requests.yaml`
//! says, whatever its bytes and however they are cut, and what is reported is true.
//!
//! How this could be fooled: by a client that shares the server's reading of HTTP. So the peer here writes its bytes by
//! hand and reads answers with the client's parser, which knows nothing of requests; and by counts that are made up, so
//! they are compared with what the peers did.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "health/peer.rs"]
mod peer;
#[path = "health/stops.rs"]
mod stops;
#[path = "../../week-03-event-loop/tests/wire/mod.rs"]
mod wire;

use std::io::Write;

use peer::{Endpoint, ask};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[allow(dead_code, reason = "for readers of the table; shown with a row that fails")]
    what: String,
    request: String,
    answers: String,
    connection: String,
    class: String,
}

fn rows() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/health-requests.yaml");
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_row_is_answered_as_the_table_says_whole_and_byte_by_byte() {
    let rows = rows();
    assert!(rows.len() >= 24, "the table is complete");
    let endpoint = Endpoint::start(&[]);
    let mut ended = 0;
    for row in &rows {
        for piece in [row.request.len(), 1] {
            let mut peer = endpoint.connect();
            for bytes in row.request.as_bytes().chunks(piece) {
                // A server that has heard enough resets what comes too late; what it said is what counts.
                if peer.send(bytes).is_err() {
                    break;
                }
            }
            let head = row.request.starts_with("HEAD");
            let statuses: Vec<String> =
                row.answers.split(' ').map(|_| peer.answer(head).head.status.to_string()).collect();
            assert_eq!(statuses.join(" "), row.answers, "{row:?} in pieces of {piece}");
            match row.connection.as_str() {
                "kept" => assert_eq!(peer.status_of(ask("/health", "still-there")), 200, "{row:?}"),
                "ended" => peer.hears_the_end(),
                other => panic!("{other} is no word for a connection"),
            }
            drop(peer);
            ended += 1;
            let close =
                wire::wait_until("the record of the end", || endpoint.closes().get(ended - 1).cloned());
            assert_eq!(close["result"], row.class.as_str(), "{row:?} in pieces of {piece}");
        }
    }
    endpoint.assert_no_descriptor_kept();
    endpoint.stop();
}

#[test]
fn more_requests_at_once_than_one_turn_works_off_are_answered_in_order_under_their_ids() {
    let endpoint = Endpoint::start(&[]);
    let mut peer = endpoint.connect();
    let ids: Vec<String> = (0..600).map(|number| format!("q-{number}")).collect();
    let requests: String = ids.iter().map(|id| ask("/ready", id)).collect();
    peer.send(requests.as_bytes()).unwrap();
    for id in &ids {
        let answer = peer.answer(false);
        assert_eq!(answer.head.fields.get("X-Request-Id"), Some(id.as_bytes()));
    }
    drop(peer);
    let logged = endpoint.wait_for_ids(ids.len());
    assert_eq!(logged, ids, "each id is on record once, in order");
    endpoint.stop();
}

#[test]
fn what_is_reported_is_what_the_peers_did() {
    let endpoint = Endpoint::start(&[]);
    let (one, two) = (wire::connect(endpoint.echo()), wire::connect(endpoint.echo()));
    for (stream, id) in [(&one, "a"), (&one, "b"), (&two, "c")] {
        wire::exchange(stream, id, b"hello");
    }
    drop(two);
    wire::wait_until("the end of one echo connection", || (!endpoint.closes().is_empty()).then_some(()));
    let mut peer = endpoint.connect();
    let account = peer.json(ask("/health", "count"));
    let application = &account["listeners"]["application"];
    assert_eq!(account["status"], "ok");
    assert_eq!(application["answered"], 3);
    assert_eq!(application["connections"]["accepted"], 2);
    assert_eq!(application["connections"]["open"], 1);
    assert_eq!(account["listeners"]["health"]["connections"]["open"], 1);
    assert_eq!(account["listeners"]["health"]["answered"], 0, "its own answer is counted once it is given");
    let later = peer.json(ask("/health", "again"));
    assert_eq!(later["listeners"]["health"]["answered"], 1);
    assert_eq!(later["answered"], 4);
    assert!(later["uptime_ms"].as_u64() >= account["uptime_ms"].as_u64());
    drop((one, peer));
    endpoint.stop();
}

#[test]
fn ids_that_the_server_makes_up_are_repeatable_and_in_the_log() {
    let ids = || {
        let endpoint = Endpoint::start(&["--seed", "7"]);
        let mut peer = endpoint.connect();
        let mut made_up = Vec::new();
        for _ in 0..3 {
            peer.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            let answer = peer.answer(false);
            made_up
                .push(String::from_utf8(answer.head.fields.get("X-Request-Id").unwrap().to_vec()).unwrap());
        }
        assert_eq!(endpoint.wait_for_ids(3), made_up);
        drop(peer);
        endpoint.stop();
        made_up
    };
    assert_eq!(ids(), ids());
}

#[test]
fn a_request_in_slow_pieces_is_told_408_and_silence_is_ended_without_a_word() {
    let endpoint = Endpoint::start(&["--read-timeout", "300ms", "--idle-timeout", "300ms"]);
    let mut slow = endpoint.connect();
    slow.send(b"GET /health HTT").unwrap();
    assert_eq!(slow.answer(false).head.status, 408);
    slow.hears_the_end();
    let mut quiet = endpoint.connect();
    quiet.hears_the_end();
    let classes: Vec<String> = wire::wait_until("both records", || {
        let closes = endpoint.closes();
        (closes.len() == 2)
            .then(|| closes.iter().map(|close| close["result"].as_str().unwrap().into()).collect())
    });
    assert_eq!(classes, ["read-timeout", "idle-timeout"]);
    endpoint.stop();
}

#[test]
fn a_peer_that_leaves_inside_a_request_is_named_and_gets_no_answer() {
    let endpoint = Endpoint::start(&[]);
    let mut peer = endpoint.connect();
    peer.send(b"GET /health HTTP/1.1\r\nHo").unwrap();
    peer.stream.shutdown(std::net::Shutdown::Write).unwrap();
    peer.hears_the_end();
    let close = wire::wait_until("the record of the end", || endpoint.closes().first().cloned());
    assert_eq!(close["result"], "truncated-request");
    assert_eq!(close["error_code"], "HTTP-REQUEST-TRUNCATED");
    endpoint.stop();
}

#[test]
fn one_connection_too_many_is_told_503_and_when_to_come_back() {
    let endpoint = Endpoint::start(&["--connections", "1"]);
    let held = wire::connect(endpoint.echo());
    wire::exchange(&held, "held", b"x");
    let mut peer = endpoint.connect();
    let answer = peer.answer(false);
    assert_eq!(answer.head.status, 503);
    assert_eq!(answer.head.fields.get("Retry-After"), Some(&b"1"[..]));
    peer.hears_the_end();
    // The echo speaks frames to whom it turns away, also with the endpoint beside it.
    assert_eq!(wire::refusal(&wire::connect(endpoint.echo())), "ECHO-BUSY");
    drop(held);
    endpoint.stop();
}

#[test]
fn a_taken_health_address_ends_the_start_and_the_owner_of_the_address_serves_on() {
    let endpoint = Endpoint::start(&[]);
    let taken = endpoint.address.to_string();
    let refused = Endpoint::launch_expecting_failure(&["--health", &taken]);
    assert_eq!(refused.code(), Some(5));
    assert!(refused.stderr_text().contains("error[ECHO-PORT-IN-USE]: "), "{}", refused.stderr_text());
    assert!(refused.stdout.is_empty(), "nothing is announced by a server that does not start");
    let mut probe = std::net::TcpStream::connect(endpoint.address).unwrap();
    probe.write_all(ask("/ready", "still-there").as_bytes()).unwrap();
    assert_eq!(peer::Peer::of(probe).answer(false).head.status, 200);
    endpoint.stop();
}

#[test]
fn a_client_that_we_did_not_write_reads_every_answer_on_one_connection() {
    const SCRIPT: &str = "
import http.client, json, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=10)
for method, path in [('GET', '/health'), ('HEAD', '/health'), ('GET', '/nothing'), ('DELETE', '/ready'), ('GET', '/ready')]:
    connection.request(method, path, headers={'X-Request-Id': 'python'})
    answer = connection.getresponse()
    body = answer.read()
    print(answer.status, answer.getheader('X-Request-Id'), method == 'HEAD' or sorted(json.loads(body))[0])
";
    let endpoint = Endpoint::start(&[]);
    let python =
        faults::process::Launch::of("python3").args(["-c", SCRIPT, &endpoint.address.to_string()]).spawn();
    let Ok(mut python) = python else {
        eprintln!("there is no python3 here, so nobody else has read the answers");
        return;
    };
    let ended = python.wait_with_deadline(wire::DEADLINE).unwrap();
    let expected = "200 python answered\n200 python True\n404 python error_code\n405 python error_code\n200 python checked\n";
    assert_eq!(ended.stdout_text(), expected, "{}", ended.stderr_text());
    assert_eq!(endpoint.wait_for_ids(5), ["python"; 5]);
    let closes = wire::wait_until("the end of its connection", || {
        let closes = endpoint.closes();
        (!closes.is_empty()).then_some(closes)
    });
    assert_eq!(closes.len(), 1, "five questions on one connection");
    endpoint.stop();
}
