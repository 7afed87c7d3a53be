//! What the bytes of an answer can be.

use std::collections::BTreeSet;

use epoll_http::http::{Limits, Method, ParseError};
use evidence::Fact;
use evidence::run::fact;

use crate::answers::{check, read, rows};

#[test]
fn every_malformed_answer_is_refused_with_its_class_whatever_the_cut() {
    let criterion = "epoll-http.malformed-refused";
    let malformed: Vec<_> = rows().into_iter().filter(|row| row.outcome != "ok").collect();
    let classes: BTreeSet<&str> = malformed.iter().map(check).collect();
    assert!(classes.len() >= 29, "only these classes were provoked: {classes:?}");
    // Whole, single bytes, and every split in two.
    let readings: usize = malformed.iter().map(|row| row.wire.len() + 3).sum();
    fact(criterion, Fact::count("malformed-answers", malformed.len() as u64, ""));
    fact(criterion, Fact::count("classes", classes.len() as u64, ""));
    fact(criterion, Fact::count("readings", readings as u64, ""));
}

#[test]
fn good_answers_are_read_whole_whatever_the_cut() {
    let criterion = "epoll-http.good-accepted";
    let good: Vec<_> = rows().into_iter().filter(|row| row.outcome == "ok").collect();
    assert!(good.len() >= 20 && good.iter().all(|row| check(row) == "ok"));
    fact(criterion, Fact::count("good-answers", good.len() as u64, ""));
}

/// An answer that goes beyond its bound by so much.
type Answer<'a> = &'a dyn Fn(usize) -> String;

#[test]
fn every_limit_admits_its_bound_and_refuses_one_beyond_it() {
    let criterion = "epoll-http.limits";
    let limits = Limits::default();
    let (head_max, fields_max) = (limits.head_bytes_max, limits.fields_max);
    let chunked = |rest: String| format!("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n{rest}");
    let head = |more: usize| {
        let fixed = "HTTP/1.1 204 x\r\nX: \r\n\r\n".len();
        format!("HTTP/1.1 204 x\r\nX: {}\r\n\r\n", "y".repeat(head_max + more - fixed))
    };
    let fields = |more: usize| format!("HTTP/1.1 204 x\r\n{}\r\n", "A: b\r\n".repeat(fields_max + more));
    let body = |more: usize| {
        let bytes = limits.body_bytes_max as usize + more;
        format!("HTTP/1.1 200 x\r\nContent-Length: {bytes}\r\n\r\n{}", "y".repeat(bytes))
    };
    let interim = |more: usize| {
        let count = limits.interim_max as usize + more;
        format!("{}HTTP/1.1 204 x\r\n\r\n", "HTTP/1.1 100 x\r\n\r\n".repeat(count))
    };
    let extension = |more: usize| {
        chunked(format!("0;{}\r\n\r\n", "x".repeat(limits.chunk_extension_bytes_max - 1 + more)))
    };
    let trailers = |more: usize| {
        let fixed = "X: \r\n\r\n".len();
        chunked(format!("0\r\nX: {}\r\n\r\n", "y".repeat(limits.trailer_bytes_max - fixed + more)))
    };
    let bounds: [(Answer<'_>, &str, u64); 6] = [
        (&head, "head-too-large", head_max as u64),
        (&fields, "too-many-fields", fields_max as u64),
        (&body, "body-too-large", limits.body_bytes_max),
        (&interim, "too-many-interim", u64::from(limits.interim_max)),
        (&extension, "chunk-extension-too-long", limits.chunk_extension_bytes_max as u64),
        (&trailers, "trailers-too-large", limits.trailer_bytes_max as u64),
    ];
    for (answer, class, bound) in bounds {
        let judged = |more| {
            let wire = answer(more);
            let pieces: Vec<&[u8]> = wire.as_bytes().chunks(1500).collect();
            read(&pieces, Method::Get, limits).outcome.as_ref().map_or_else(ParseError::class, |_| "ok")
        };
        assert_eq!((judged(0), judged(1)), ("ok", class));
        fact(
            criterion,
            Fact::count(
                class,
                bound,
                if class.contains("large") || class.contains("long") { "bytes" } else { "" },
            ),
        );
    }
}
