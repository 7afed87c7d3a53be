//! The rows of `fixtures/failure-matrix.yaml`, made to happen.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use epoll_http::client::{Client, Config, Deadlines, Resolver};
use epoll_http::http::{Method, Request};
use framing::retry::{RetryPolicy, StopCause};
use serde::Deserialize;

use crate::peer::{self, Peer, Turn};
use crate::tool::{assert_exit, http_get, records};

/// The deadline of the phase that a row is about, where it is about one.
const SHORT: Duration = Duration::from_millis(150);
/// Every other deadline: long enough never to be the one that ends.
const LONG: Duration = Duration::from_secs(15);

/// A row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) peer: String,
    #[serde(default)]
    pub(crate) turns: Vec<Turn>,
    pub(crate) phase: String,
    pub(crate) class: String,
    pub(crate) code: String,
    pub(crate) retry: String,
    pub(crate) attempts: u32,
    pub(crate) exit: i32,
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let rows = serde_yaml::from_str(include_str!("../../fixtures/failure-matrix.yaml"));
    rows.unwrap_or_else(|error| panic!("fixtures/failure-matrix.yaml: {error}"))
}

/// Makes a row happen and holds what was seen against it.
pub(crate) fn run(row: &Row, dir: &Path) {
    match row.peer.as_str() {
        "server" => {
            let peer = Peer::start(row.turns.clone());
            ask_with_the_tool(row, &peer.url("/"), dir);
            let asked = peer.requests().len() as u32;
            assert_eq!(asked, row.attempts, "{}: one request an attempt", row.case);
        }
        "nobody" => {
            let (address, _held) = peer::nobody();
            ask_with_the_tool(row, &format!("http://{address}/"), dir);
        }
        "full backlog" => {
            let (address, _held) = peer::full_backlog();
            ask_with_the_tool(row, &format!("http://{address}/"), dir);
        }
        // A label of 64 bytes is one more than any name can have, so the answer needs no network.
        "no such name" => ask_with_the_tool(row, &format!("http://{}.test/", "x".repeat(64)), dir),
        // What the tool has no argument for is asked of the library.
        "silent resolver" => {
            let (_quiet, silence) = std::sync::mpsc::channel();
            let client = Client::with_resolver(config(row), Arc::new(Silent(Mutex::new(silence))));
            ask_with_the_library(row, client, "http://name.test/");
        }
        "takes nothing" => {
            let (address, _held) = peer::takes_nothing();
            let config = Config { send_buffer_bytes: Some(1), ..config(row) };
            let long = "x".repeat(8000);
            ask_with_the_library(row, Client::new(config), &format!("http://{address}/{long}"));
        }
        other => panic!("{}: no peer {other:?}", row.case),
    }
}

/// A resolver that waits for ever, or until the test is over.
struct Silent(Mutex<Receiver<()>>);

impl Resolver for Silent {
    fn lookup(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        let _ = self.0.lock().map(|silence| silence.recv());
        Err(io::ErrorKind::TimedOut.into())
    }
}

fn config(row: &Row) -> Config {
    let of = |phase: &str| if row.class == format!("{phase}-timeout") { SHORT } else { LONG };
    Config {
        deadlines: Deadlines {
            resolve: of("resolve"),
            connect: of("connect"),
            write: of("write"),
            first_byte: of("first-byte"),
            body: of("body"),
        },
        retry: RetryPolicy {
            attempts_max: 2,
            base: Duration::from_millis(1),
            cap: Duration::from_millis(1),
            budget: if row.class == "budget-spent" { SHORT } else { Duration::from_secs(60) },
        },
        seed: 4,
        ..Config::default()
    }
}

fn ask_with_the_library(row: &Row, mut client: Client, url: &str) {
    let request = Request::new(Method::Get, url.parse().unwrap(), "matrix".parse().unwrap());
    let gave_up = client.fetch(&request).unwrap_err();
    let last = &gave_up.last;
    let seen = (last.phase.word(), last.kind.class(), last.kind.code().code, gave_up.attempts);
    assert_eq!(
        seen,
        (row.phase.as_str(), row.class.as_str(), row.code.as_str(), row.attempts),
        "{}",
        row.case
    );
    assert_eq!(last.kind.is_retryable(), row.retry == "yes", "{}", row.case);
    assert_eq!(gave_up.cause, StopCause::AttemptsSpent, "{}", row.case);
    assert_eq!(i32::from(last.kind.code().exit.number()), row.exit, "{}", row.case);
}

fn ask_with_the_tool(row: &Row, url: &str, dir: &Path) {
    let config = config(row);
    let ms = |duration: Duration| format!("{}ms", duration.as_millis());
    let Deadlines { resolve, connect, write, first_byte, body } = config.deadlines;
    let log = dir.join(format!("{}.jsonl", row.case.replace(' ', "-")));
    let args = [
        ("--resolve-timeout", ms(resolve)),
        ("--connect-timeout", ms(connect)),
        ("--write-timeout", ms(write)),
        ("--first-byte-timeout", ms(first_byte)),
        ("--body-timeout", ms(body)),
        ("--budget", ms(config.retry.budget)),
        ("--attempts", config.retry.attempts_max.to_string()),
        ("--backoff", ms(config.retry.base)),
        ("--request-id", "matrix".into()),
    ];
    let args: Vec<&str> = args.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
    let ended = http_get(url, &log, &args);
    assert_exit(&ended, row.exit);

    let timeline = records(&log);
    assert_eq!(timeline.len() as u32, row.attempts, "{}: one record an attempt: {timeline:#?}", row.case);
    assert!(timeline.iter().all(|record| record.id() == "matrix" && record.latency_ms.is_some()));
    let first = &timeline[0];
    assert_eq!((first.result(), first.code()), (row.class.as_str(), row.code.as_str()), "{}", row.case);
    if row.class != "status" {
        assert!(first.msg.contains(&format!("phase={}", row.phase)), "{}: {}", row.case, first.msg);
        let again = first.msg.contains("retry in");
        assert_eq!(again, row.retry == "yes", "{}: {}", row.case, first.msg);
    }
    if row.exit == 0 {
        assert_eq!(timeline.last().map(|record| record.result()), Some("ok"), "{}", row.case);
        assert_eq!(ended.stdout_text(), "hello", "{}", row.case);
    } else {
        assert!(
            ended.stderr_text().starts_with(&format!("error[{}]: ", row.code)),
            "{}",
            ended.stderr_text()
        );
    }
}
