//! Answers as bytes, and what the parser makes of them for every way to cut them.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]

use epoll_http::http::{Limits, Method, ParseError, Response, ResponseParser};
use serde::Deserialize;

/// The limits of `fixtures/responses.yaml`.
pub(crate) const SMALL: Limits = Limits {
    head_bytes_max: 128,
    fields_max: 5,
    body_bytes_max: 16,
    trailer_bytes_max: 32,
    chunk_extension_bytes_max: 8,
    interim_max: 2,
};

/// A row of `fixtures/responses.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) case: String,
    #[serde(default)]
    pub(crate) method: Option<String>,
    pub(crate) wire: String,
    pub(crate) outcome: String,
    pub(crate) status: Option<u16>,
    pub(crate) body: Option<String>,
    pub(crate) keeps: Option<String>,
    #[serde(default)]
    pub(crate) rest: usize,
}

impl Row {
    pub(crate) fn method(&self) -> Method {
        match self.method.as_deref() {
            None => Method::Get,
            Some("HEAD") => Method::Head,
            Some(other) => panic!("{}: no method {other}", self.case),
        }
    }
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let rows = serde_yaml::from_str(include_str!("../../fixtures/responses.yaml"));
    rows.unwrap_or_else(|error| panic!("fixtures/responses.yaml: {error}"))
}

/// What came out, and how many bytes were not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) outcome: Result<Response, ParseError>,
    pub(crate) rest: usize,
}

/// Feeds the pieces one after the other, then ends the stream. A refusal has to be the same when it is asked again.
pub(crate) fn read(pieces: &[&[u8]], method: Method, limits: Limits) -> Reading {
    let mut parser = ResponseParser::new(method, limits);
    let mut rest: usize = pieces.iter().map(|piece| piece.len()).sum();
    let refused = |error| Reading { outcome: Err(error), rest: 0 };
    for piece in pieces {
        match parser.feed(piece) {
            Ok(taken) => {
                assert!(taken == piece.len() || parser.is_done(), "bytes were left before the end");
                rest -= taken;
            }
            Err(error) => {
                assert_eq!(parser.feed(b"HTTP/1.1 200 OK\r\n\r\n"), Err(error), "a refusal stays");
                assert_eq!(parser.end_of_stream(), Err(error), "a refusal stays");
                return refused(error);
            }
        }
    }
    match parser.end_of_stream() {
        Ok(()) => match parser.into_response() {
            Some(response) => Reading { outcome: Ok(response), rest },
            None => panic!("the stream ended well, and there is no answer"),
        },
        Err(error) => refused(error),
    }
}

/// The bytes, cut at these places (in any order, beyond the end as well).
pub(crate) fn cut<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.sort_unstable();
    let ends = places.iter().copied().chain([bytes.len()]);
    let mut from = 0;
    ends.map(|end| &bytes[std::mem::replace(&mut from, end)..end]).collect()
}

/// Reads the bytes whole, byte by byte and cut in two at every place; every way must give the same reading.
pub(crate) fn read_every_way(wire: &[u8], method: Method, limits: Limits) -> Reading {
    let whole = read(&[wire], method, limits);
    let bytes: Vec<&[u8]> = wire.chunks(1).collect();
    assert_eq!(read(&bytes, method, limits), whole, "byte by byte: {}", wire.escape_ascii());
    for place in 0..=wire.len() {
        let (front, back) = wire.split_at(place);
        assert_eq!(read(&[front, back], method, limits), whole, "cut at {place}: {}", wire.escape_ascii());
    }
    whole
}

/// Holds a row against what the parser makes of it, in every way; returns the class of what came out.
pub(crate) fn check(row: &Row) -> &'static str {
    let reading = read_every_way(row.wire.as_bytes(), row.method(), SMALL);
    let class = reading.outcome.as_ref().map_or_else(ParseError::class, |_| "ok");
    assert_eq!(class, row.outcome, "{}", row.case);
    if let Ok(response) = &reading.outcome {
        let keeps = if response.keeps_alive { "yes" } else { "no" };
        assert_eq!(Some(response.head.status), row.status, "{}", row.case);
        assert_eq!(
            Some(String::from_utf8_lossy(&response.body).as_ref()),
            row.body.as_deref(),
            "{}",
            row.case
        );
        assert_eq!(Some(keeps), row.keeps.as_deref(), "{}", row.case);
        assert_eq!(reading.rest, row.rest, "{}", row.case);
    }
    class
}
