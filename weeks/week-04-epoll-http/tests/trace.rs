//! The trace from end to end. Claim: the id that a client chose is in the records of both processes, and the two logs
//! together tell what happened to the request, in order.
//!
//! How this could be fooled: by a server that logs whatever id stands in its own configuration (each request here has
//! another one), by logs that were written after the fact (the times are compared), by one process that plays both sides
//! (there are two, and each has a log of its own).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod traced;

use std::net::TcpListener;

use framing::client::{Client, Config};
use logger::{LogPath, Options, Setup};
use traced::{DEADLINE, Traced, get, http_get, of_request, records};
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn the_id_of_an_http_request_is_in_both_logs_and_the_answer_comes_before_its_receipt() {
    let server = Traced::start(&[]);
    let client_log = server.path("client.jsonl");
    for id in ["trace-1", "trace-2"] {
        get(&server.url("/health"), &client_log, &["--request-id", id]);
    }
    let logs = server.stop();
    for id in ["trace-1", "trace-2"] {
        let (asked, answered) = (of_request(&logs.client(), id), of_request(&logs.server(), id));
        let ([asked], [answered]) = (&asked[..], &answered[..]) else {
            panic!("one record on each side: {asked:?}, {answered:?}");
        };
        assert_eq!((asked.result.as_deref(), answered.result.as_deref()), (Some("ok"), Some("ok")));
        assert_eq!((&*asked.node_id, &*answered.node_id), ("http-get", "epoll-server"));
        assert!(answered.ts <= asked.ts, "{answered:?} before {asked:?}");
        assert!(answered.latency_ms <= asked.latency_ms, "the server's time lies within the client's");
    }
}

#[test]
fn the_id_of_an_echo_is_in_both_logs_too() {
    let server = Traced::start(&[]);
    let client_log = server.path("client.jsonl");
    let (layer, logging) = Setup::new("echo-client")
        .file(LogPath::new(&client_log).unwrap(), Options::default())
        .layer()
        .unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let mut client = Client::new(Config::to(server.echo));
        client.echo(&"echo-1".parse().unwrap(), b"hello").unwrap();
    });
    drop(logging);
    let logs = server.stop();
    let (asked, answered) = (of_request(&logs.client(), "echo-1"), of_request(&logs.server(), "echo-1"));
    assert_eq!((asked.len(), answered.len()), (1, 1), "{asked:?}, {answered:?}");
    assert!(answered[0].ts <= asked[0].ts);
    assert!(answered[0].msg.starts_with("answered 5 bytes"), "{}", answered[0].msg);
}

#[test]
fn every_attempt_has_the_id_of_its_request_and_only_the_last_one_reached_the_server() {
    // A port that was free a moment ago: nobody listens there until the server does.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let client_log = dir.path().join("client.jsonl");
    let url = format!("http://{address}/health");
    let patient = ["--request-id", "late", "--attempts", "100", "--backoff", "20ms", "--backoff-cap", "50ms"];
    let mut asking = http_get(&url, &client_log, &patient).spawn().unwrap();
    let until = std::time::Instant::now() + DEADLINE;
    while !std::fs::read_to_string(&client_log).is_ok_and(|text| text.contains("attempt 1 of 100 failed")) {
        assert!(std::time::Instant::now() < until, "no attempt was made");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let server = Traced::at(&address, dir, &[]);
    let ended = asking.wait_with_deadline(DEADLINE).unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr_text());
    let logs = server.stop();
    let asked = of_request(&logs.client(), "late");
    let (last, failed) = asked.split_last().unwrap();
    assert!(
        !failed.is_empty() && failed.iter().all(|attempt| attempt.msg.contains("retry in")),
        "{failed:?}"
    );
    assert!(failed.iter().all(|attempt| attempt.error_code.as_deref() == Some("HTTP-CONNECT-REFUSED")));
    assert_eq!(last.result.as_deref(), Some("ok"));
    assert_eq!(of_request(&logs.server(), "late").len(), 1, "a request that did not arrive was not answered");
}

// ANCHOR: repeatable
/// What of a log has to be the same in every run: all but times that were measured and addresses that were free.
fn repeatable(log: &std::path::Path) -> Vec<String> {
    let varies =
        |word: &&str| !word.contains("127.0.0.1:") && !word.contains("_ms=") && !word.contains("turns=");
    let line = |entry: logger::Entry<'static>| {
        let words: Vec<&str> = entry.msg.split(' ').filter(varies).collect();
        let (id, result) = (entry.request_id.unwrap_or_default(), entry.result.unwrap_or_default());
        format!("{} {} {} [{id}] {} ({result})", entry.ts, entry.level, entry.node_id, words.join(" "))
    };
    // Whether the machine let the server be late for its own check is measured as well.
    records(log).into_iter().map(line).filter(|line| !line.contains("the check of itself")).collect()
}
// ANCHOR_END: repeatable

#[test]
fn two_runs_differ_in_nothing_but_what_was_declared_to_vary() {
    let clock = ["--clock", "fixed:2026-01-01T00:00:00Z,step=1ms"];
    let run = || {
        let server = Traced::start(&[&clock[..], &["--seed", "7"]].concat());
        let client_log = server.path("client.jsonl");
        // HEAD, because the body that GET has is a byte longer once the server is up for ten milliseconds.
        let asked = [&clock[..], &["--head", "--count", "3", "--seed", "7"]].concat();
        get(&server.url("/health"), &client_log, &asked);
        let missing =
            http_get(&server.url("/nothing"), &client_log, &[&clock[..], &["--request-id", "no"]].concat());
        let ended = missing.spawn().unwrap().wait_with_deadline(DEADLINE).unwrap();
        assert_eq!(ended.code(), Some(1), "{}", ended.stderr_text());
        let logs = server.stop();
        (repeatable(&logs.client()), repeatable(&logs.server()))
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    assert!(first.0.len() >= 4 && first.1.len() >= 6, "{first:#?}");
}
