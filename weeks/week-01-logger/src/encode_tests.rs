//! The claims of the record format: one entry, one line, one form; nothing gets in that does not come out the same.

use proptest::prelude::*;

use super::*;
use crate::Coded;
use crate::limits::{LATENCY_MS_MAX, MSG_BYTES_MAX};

fn line_of(entry: &Entry<'_>) -> String {
    let mut line = Vec::new();
    entry.encode(&mut line).unwrap();
    String::from_utf8(line).unwrap()
}

fn saying(msg: &str) -> Entry<'_> {
    Entry::new("2026-01-01T00:00:00Z".parse().unwrap(), Level::Info, "node-1", msg)
}

#[test]
fn an_entry_has_exactly_one_form() {
    let mut entry = saying("hello");
    assert_eq!(
        line_of(&entry),
        "{\"ts\":\"2026-01-01T00:00:00.000000Z\",\"level\":\"INFO\",\"node_id\":\"node-1\",\"msg\":\"hello\"}\n"
    );
    entry.request_id = Some("r-7".into());
    entry.latency_ms = Some(1.23456);
    entry.result = Some("refused".into());
    entry.error_code = Some("LOG-MSG-EMPTY".into());
    assert_eq!(
        line_of(&entry),
        "{\"ts\":\"2026-01-01T00:00:00.000000Z\",\"level\":\"INFO\",\"node_id\":\"node-1\",\"request_id\":\"r-7\",\
         \"latency_ms\":1.235,\"result\":\"refused\",\"error_code\":\"LOG-MSG-EMPTY\",\"msg\":\"hello\"}\n"
    );
}

#[test]
fn a_newline_in_a_message_stays_inside_its_record() {
    let line = line_of(&saying("bye\n{\"ts\":\"2026-01-01T00:00:00Z\",\"level\":\"ERROR\"}\r\n"));
    assert_eq!(line.matches(['\n', '\r']).count(), 1);
    assert!(line.ends_with("\"}\n"));
}

// ANCHOR: hostile
#[test]
fn nothing_that_ends_a_line_or_drives_a_terminal_is_stored_raw() {
    let hostile: String =
        (0..=0x9f).chain([0x2028, 0x2029]).filter_map(char::from_u32).filter(|c| *c != ' ').collect();
    let line = line_of(&saying(&hostile));
    let raw = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert!(!line.trim_end_matches('\n').contains(raw), "{line:?}");
    assert_eq!(Entry::decode(line.as_bytes()).unwrap().msg, hostile);
}
// ANCHOR_END: hostile

#[test]
fn a_record_is_taken_at_its_limit_and_refused_one_byte_above() {
    let overhead = line_of(&saying("x")).len() - 1;
    // A bell takes one byte as given and six as stored, so the record limit is met below the message limit.
    let room = RECORD_BYTES_MAX - overhead;
    let msg = format!("{}{}", "\u{7}".repeat(room / 6), "m".repeat(room % 6));
    assert!(msg.len() < MSG_BYTES_MAX);
    assert_eq!(line_of(&saying(&msg)).len(), RECORD_BYTES_MAX);

    let mut kept = b"what was there".to_vec();
    let msg = format!("{msg}m");
    let refused = saying(&msg).encode(&mut kept).unwrap_err();
    assert_eq!(refused.code().code, "LOG-RECORD-TOO-LARGE");
    assert_eq!(
        refused.to_string(),
        format!("the record takes {} bytes, the limit is {RECORD_BYTES_MAX}", RECORD_BYTES_MAX + 1)
    );
    assert_eq!(kept, b"what was there");
}

#[test]
fn a_line_that_is_no_record_says_why() {
    for (line, why) in [
        (&b""[..], "EOF while parsing a value at byte 0"),
        (b"plain text", "expected value at byte 1"),
        (b"{\"ts\":\"2026-01-01T00:00:00Z\"}", "missing field `level` at byte 29"),
        (b"{\"ts\":\"then\",\"level\":\"INFO\",\"node_id\":\"n\",\"msg\":\"m\"}", "failed to parse"),
        (b"{\"msg\":\"\xff\"}", "no UTF-8 at byte 8"),
        (
            b"{\"ts\":\"2026-01-01T00:00:00Z\",\"level\":\"INFO\",\"node_id\":\"n\",\"msg\":\"a\",\"msg\":\"b\"}",
            "duplicate field `msg`",
        ),
        (b"{\"ts\":\"2026-01-01T00:00:00Z\",\"level\":\"INFO\",\"node_id\":\"n\",\"msg\":\"\"}", "the message is empty"),
    ] {
        let Err(NoRecord::Malformed(reason)) = Entry::decode(line) else { panic!("{line:?}") };
        assert!(reason.starts_with(why), "{:?}: {reason}", String::from_utf8_lossy(line));
    }
}

#[test]
fn every_beginning_of_a_record_is_known_to_be_cut_off() {
    let line = line_of(&saying("grüße \u{1f980} \u{7} \\ \""));
    let record = line.trim_end().as_bytes();
    for end in 1..record.len() {
        assert_eq!(Entry::decode(&record[..end]), Err(NoRecord::CutOff), "cut at byte {end}");
    }
}

#[test]
fn a_key_from_the_future_is_passed_over() {
    let line = b"{\"ts\":\"2026-01-01T00:00:00Z\",\"level\":\"INFO\",\"trace\":{\"a\":[1]},\"node_id\":\"n\",\"msg\":\"m\"}";
    assert_eq!(Entry::decode(line).unwrap().msg, "m");
}

proptest! {
    #[test]
    fn every_entry_comes_back_as_it_was(
        micros in -62_167_219_200_000_000i64..253_402_207_200_000_000,
        node in "[A-Za-z0-9._:/@+-]{1,128}",
        request in proptest::option::of("[A-Za-z0-9._:/@+-]{1,128}"),
        latency_us in proptest::option::of(0u64..(LATENCY_MS_MAX as u64 * 1000)),
        msg in "\\PC{1,200}|[\\x00-\\x9f\u{2028}\u{2029}\u{10ffff}\"\\\\]{1,200}",
    ) {
        let mut entry = Entry::new(Timestamp::from_microsecond(micros).unwrap(), Level::Warn, node, msg);
        entry.request_id = request.map(Into::into);
        entry.latency_ms = latency_us.map(|us| us as f64 / 1000.0);
        let line = line_of(&entry);
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(line.as_bytes()[7..].iter().position(|b| *b == b'"'), Some(27));
        prop_assert_eq!(Entry::decode(line.as_bytes()).unwrap(), entry);
    }
}
