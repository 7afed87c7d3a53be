//! Claim: every row of `fixtures/responses.yaml` has the outcome that stands there, for every way to cut its bytes; and
//! the table has a row for every class that there is.
//!
//! How this could be fooled: by a class that no row provokes (so the classes are counted against the catalog), by limits
//! that nobody approaches (so each is met exactly and passed by one), by a parser that remembers what it may not (so
//! interim answers and their fields are followed by an answer without any).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod answers;

use std::collections::BTreeSet;

use answers::{Reading, check, read, read_every_way, rows};
use epoll_http::http::{
    BODY_BYTES_MAX, BodyLength, CHUNK_EXTENSION_BYTES_MAX, FIELDS_MAX, HEAD_BYTES_MAX, INTERIM_MAX, Limits,
    Method, ParseError, TRAILER_BYTES_MAX,
};
use logger::Coded;

#[test]
fn every_row_has_its_outcome_for_every_way_to_cut_its_bytes() {
    for row in rows() {
        check(&row);
    }
}

#[test]
fn the_table_has_a_row_for_every_class_and_every_class_has_a_code() {
    let seen: BTreeSet<String> = rows().into_iter().map(|row| row.outcome).collect();
    let mut codes = BTreeSet::new();
    for error in EVERY_ERROR {
        assert!(seen.contains(error.class()), "no row is refused as {}", error.class());
        let code = error.code().code;
        assert!(codes.insert(code), "{} has the code of another class", error.class());
        assert_eq!(
            code,
            format!("HTTP-{}", error.class().to_uppercase()),
            "a class and its code share their words"
        );
    }
    assert_eq!(seen.len(), EVERY_ERROR.len() + 1, "every outcome but `ok` is a class");
}

/// One of each; the compiler counts the variants in `ParseError::class`, and the test above counts the classes.
const EVERY_ERROR: [ParseError; 29] = [
    ParseError::BadVersion,
    ParseError::BadStatus,
    ParseError::BareCr,
    ParseError::BareLf,
    ParseError::ObsFold,
    ParseError::SpaceBeforeColon,
    ParseError::BadName,
    ParseError::BadValue { byte: 0 },
    ParseError::RepeatedLength,
    ParseError::BadLength,
    ParseError::LengthOverflow,
    ParseError::LengthAndCoding,
    ParseError::UnknownCoding,
    ParseError::CodingNotFinal,
    ParseError::CodingOnHttp10,
    ParseError::BadChunkSize,
    ParseError::ChunkSizeOverflow,
    ParseError::ChunkExtensionTooLong { limit: 0 },
    ParseError::BadChunkTerminator,
    ParseError::BadTrailer { why: "" },
    ParseError::UnexpectedUpgrade,
    ParseError::HeadTooLarge { limit: 0 },
    ParseError::TooManyFields { limit: 0 },
    ParseError::BodyTooLarge { limit: 0 },
    ParseError::TrailersTooLarge { limit: 0 },
    ParseError::TooManyInterim { limit: 0 },
    ParseError::TruncatedHead { have: 0 },
    ParseError::TruncatedBody { have: 0, want: 0 },
    ParseError::TruncatedChunk { have: 0 },
];

fn answer(wire: &str) -> Reading {
    read(&[wire.as_bytes()], Method::Get, Limits::default())
}

fn class(wire: &str) -> &'static str {
    answer(wire).outcome.map_or_else(|error| error.class(), |_| "ok")
}

#[test]
fn the_default_limits_hold_at_the_bound_and_refuse_one_beyond_it() {
    let head = |bytes: usize| {
        let fixed = "HTTP/1.1 204 x\r\nX: \r\n\r\n".len();
        format!("HTTP/1.1 204 x\r\nX: {}\r\n\r\n", "y".repeat(bytes - fixed))
    };
    assert_eq!(head(HEAD_BYTES_MAX).len(), HEAD_BYTES_MAX);
    let fields = |count: usize| format!("HTTP/1.1 204 x\r\n{}\r\n", "A: b\r\n".repeat(count));
    let body = |bytes: u64| format!("HTTP/1.1 200 x\r\nContent-Length: {bytes}\r\n\r\n");
    let interim =
        |count: u32| format!("{}HTTP/1.1 204 x\r\n\r\n", "HTTP/1.1 100 x\r\n\r\n".repeat(count as usize));
    let chunked = |rest: String| format!("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n{rest}");
    let extension = |bytes: usize| chunked(format!("0;{}\r\n\r\n", "x".repeat(bytes - 1)));
    let trailers =
        |bytes: usize| chunked(format!("0\r\nX: {}\r\n\r\n", "y".repeat(bytes - "X: \r\n\r\n".len())));
    for (at, beyond, refused) in [
        (head(HEAD_BYTES_MAX), head(HEAD_BYTES_MAX + 1), "head-too-large"),
        (fields(FIELDS_MAX), fields(FIELDS_MAX + 1), "too-many-fields"),
        (interim(INTERIM_MAX), interim(INTERIM_MAX + 1), "too-many-interim"),
        (
            extension(CHUNK_EXTENSION_BYTES_MAX),
            extension(CHUNK_EXTENSION_BYTES_MAX + 1),
            "chunk-extension-too-long",
        ),
        (trailers(TRAILER_BYTES_MAX), trailers(TRAILER_BYTES_MAX + 1), "trailers-too-large"),
    ] {
        assert_eq!((class(&at), class(&beyond)), ("ok", refused));
    }
    // A length at the limit is admitted, so what is missing is the body itself.
    assert_eq!(class(&body(BODY_BYTES_MAX)), "truncated-body");
    assert_eq!(class(&body(BODY_BYTES_MAX + 1)), "body-too-large");
}

#[test]
fn the_fields_of_an_interim_answer_do_not_reach_the_one_that_counts() {
    let wire =
        "HTTP/1.1 100 x\r\nContent-Length: 9\r\nConnection: close\r\n\r\nHTTP/1.1 200 x\r\nX: y\r\n\r\n";
    let response = answer(wire).outcome.unwrap();
    assert_eq!(response.head.fields.iter().collect::<Vec<_>>(), [("X", &b"y"[..])]);
    assert_eq!((response.length, response.interim), (BodyLength::UntilClose, 1));
}

#[test]
fn trailers_are_kept_apart_from_the_fields_of_the_head() {
    let wire = b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n";
    let response = read_every_way(wire, Method::Get, Limits::default()).outcome.unwrap();
    assert_eq!(response.trailers.get("x-sum"), Some(&b"7"[..]));
    assert_eq!(response.head.fields.get("x-sum"), None);
    assert_eq!(response.body, b"ok");
}
