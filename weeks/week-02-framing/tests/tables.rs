//! Claim: the tables that the pages show are the tables that the code obeys, with no row missing on either side.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod naive;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use framing::retry::{Failure, FailureKind, Side};
use framing::{CloseReason, FrameError, MessageError};
use logger::Coded;
use naive::{cut, decode, naive};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn rows<Row: DeserializeOwned>(file: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn yes(word: &str) -> bool {
    assert!(word == "yes" || word == "no", "{word} is neither yes nor no");
    word == "yes"
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParserRow {
    case: String,
    bytes: String,
    frames: usize,
    ends: String,
}

/// The word for how a stream ended, from the same place as the server's close reasons.
fn ending(ends: Result<(), FrameError>) -> &'static str {
    ends.err().map_or("clean", |error| CloseReason::Frame(error).class())
}

#[test]
fn every_row_of_the_parser_table_holds_for_every_way_to_cut_its_bytes() {
    const LIMIT: u32 = 16;
    for row in rows::<ParserRow>("parser-table.yaml") {
        let digits: Vec<u8> = row.bytes.bytes().filter(|byte| *byte != b' ').collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let by_byte: Vec<usize> = (0..bytes.len()).collect();
        let cuts = (0..=bytes.len()).map(|place| vec![place]).chain([by_byte]);
        for places in cuts {
            let reading = decode(&cut(&bytes, &places), LIMIT, 4);
            assert_eq!(reading, naive(&bytes, LIMIT), "{}", row.case);
            let got = (reading.frames.len(), ending(reading.ending));
            assert_eq!(got, (row.frames, row.ends.as_str()), "{}, cut at {places:?}", row.case);
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassRow {
    class: String,
    when: String,
    code: String,
    told: String,
}

/// One close reason of every variant. The match in `CloseReason::class` has no catch-all, so a variant that is added
/// there and not here shows up as a class without a row.
fn every_close_reason() -> Vec<CloseReason> {
    vec![
        CloseReason::PeerFinished,
        CloseReason::Frame(FrameError::ShortHeader { have: 1 }),
        CloseReason::Frame(FrameError::Truncated { have: 1, want: 2 }),
        CloseReason::Frame(FrameError::TooLarge { len: 2, limit: 1 }),
        CloseReason::Frame(FrameError::Empty),
        CloseReason::Message(MessageError::UnknownKind(9)),
        CloseReason::IdleTimeout,
        CloseReason::ReadTimeout,
        CloseReason::WriteTimeout,
        CloseReason::PeerReset,
        CloseReason::Io(ErrorKind::OutOfMemory),
        CloseReason::Busy,
        CloseReason::Stopping,
        CloseReason::DrainDeadline,
        CloseReason::Bug,
    ]
}

#[test]
fn the_failure_classes_of_the_table_are_those_of_the_code() {
    let reasons = every_close_reason();
    let table = rows::<ClassRow>("failure-classes.yaml");
    let in_table: Vec<&str> = table.iter().map(|row| row.class.as_str()).collect();
    let in_code: Vec<&str> = reasons.iter().map(|reason| reason.class()).collect();
    assert_eq!(in_table, in_code);
    for (row, reason) in table.iter().zip(reasons) {
        assert_eq!(reason.code().map_or("", |code| code.code), row.code, "{}", row.class);
        assert_eq!(reason.is_told(), yes(&row.told), "{}", row.class);
        assert!(!row.when.is_empty() && !reason.detail().is_empty(), "{}", row.class);
    }
}

#[test]
fn errors_of_a_socket_are_classed_by_whose_fault_they_are() {
    for kind in [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::BrokenPipe] {
        assert_eq!(CloseReason::of_io(kind), CloseReason::PeerReset, "{kind:?}");
    }
    for kind in [ErrorKind::TimedOut, ErrorKind::WouldBlock] {
        assert_eq!(CloseReason::of_io(kind), CloseReason::WriteTimeout, "{kind:?}");
    }
    assert_eq!(CloseReason::of_io(ErrorKind::OutOfMemory).class(), "io-error");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryRow {
    failure: String,
    side: String,
    retry: String,
    code: String,
    why: String,
}

#[test]
fn the_retry_table_names_every_failure_and_the_code_follows_it() {
    let table = rows::<RetryRow>("retry-table.yaml");
    let in_table: Vec<&str> = table.iter().map(|row| row.failure.as_str()).collect();
    let in_code: Vec<&str> = FailureKind::ALL.iter().map(|kind| kind.class()).collect();
    assert_eq!(in_table, in_code);
    for (row, kind) in table.iter().zip(FailureKind::ALL) {
        assert_eq!(kind.is_retryable(), yes(&row.retry), "{}: {}", row.failure, row.why);
        assert_eq!(Failure::new(kind, "").code().code, row.code, "{}", row.failure);
        let side = match kind.side() {
            Side::Transport => "transport",
            Side::Refusal => "refusal",
            Side::Protocol => "protocol",
        };
        assert_eq!(side, row.side, "{}", row.failure);
    }
}

// ANCHOR: known-refusals
#[test]
fn every_refusal_that_the_server_sends_is_one_that_the_client_knows() {
    let mut kinds = BTreeSet::new();
    for reason in every_close_reason().into_iter().filter(|reason| reason.is_told()) {
        let code = reason.code().unwrap().code;
        let kind = FailureKind::of_refusal(code);
        assert_eq!(kind.side(), Side::Refusal, "{code}");
        // What the server found wrong with the request is final, what it found wrong with the moment is not.
        let about_the_request = code.starts_with("FRAME-") || code.starts_with("MESSAGE-");
        assert_eq!(kind.is_retryable(), !about_the_request, "{code}");
        kinds.insert(kind.class());
    }
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["refused-busy", "refused-request", "refused-slow", "refused-stopping"]
    );
}
// ANCHOR_END: known-refusals
