//! Claim: a head that we accept, `httparse` accepts with the same status and the same fields; a head that it accepts and
//! we refuse falls under one of the strictnesses listed here.
//!
//! How this could be fooled: by heads that both refuse (so the accepted ones are counted), by a list that excuses
//! anything (so each excuse looks for its reason in the bytes, without the parser's help).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod answers;

use answers::rows;
use epoll_http::http::{FIELDS_MAX, HEAD_BYTES_MAX, Limits, Method, ParseError, ResponseParser};
use framing::rng::SplitMix64;
use proptest::collection::vec;
use proptest::prelude::*;

/// What both have to agree on.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    status: u16,
    fields: Vec<(String, Vec<u8>)>,
}

/// What httparse makes of a whole head.
fn theirs(head: &[u8]) -> Result<Judged, String> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(head) {
        Ok(httparse::Status::Complete(_)) => Ok(Judged {
            status: response.code.unwrap(),
            fields: response.headers.iter().map(|field| (field.name.into(), field.value.to_vec())).collect(),
        }),
        Ok(httparse::Status::Partial) => Err("partial".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// What we make of it. The body is of no interest here: HEAD has none.
fn ours(head: &[u8]) -> Result<Judged, ParseError> {
    let mut parser = ResponseParser::new(Method::Head, Limits { interim_max: 0, ..Limits::default() });
    parser.feed(head)?;
    parser.end_of_stream()?;
    let response = parser.into_response().unwrap();
    let fields = response.head.fields.iter().map(|(name, value)| (name.into(), value.to_vec())).collect();
    Ok(Judged { status: response.head.status, fields })
}

/// The strictnesses that are ours on purpose, each with its reason found in the bytes or in what httparse read.
fn deliberate(error: ParseError, head: &[u8], theirs: &Judged) -> bool {
    let named =
        |name: &'static str| theirs.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
    let (lengths, codings) = (named("Content-Length").count(), named("Transfer-Encoding").count());
    let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match error {
        // It skips empty lines in front of the status line.
        ParseError::BadVersion => matches!(head.first(), Some(b'\r' | b'\n')),
        // It takes any three digits, and does without the space behind them.
        ParseError::BadStatus => {
            !(100..600).contains(&theirs.status) || first_line.len() <= "HTTP/1.1 200\r".len()
        }
        // It takes a line feed alone for the end of a line.
        ParseError::BareLf => {
            (0..head.len()).any(|at| head[at] == b'\n' && (at == 0 || head[at - 1] != b'\r'))
        }
        // It does not look at what the fields mean.
        ParseError::RepeatedLength => lengths > 1,
        ParseError::BadLength | ParseError::LengthOverflow => {
            let plain = |value: &[u8]| {
                std::str::from_utf8(value).is_ok_and(|text| {
                    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok()
                })
            };
            named("Content-Length").any(|(_, value)| !plain(value))
        }
        ParseError::LengthAndCoding => lengths > 0 && codings > 0,
        ParseError::CodingOnHttp10 => head.starts_with(b"HTTP/1.0") && codings > 0,
        ParseError::UnknownCoding => {
            named("Transfer-Encoding").any(|(_, value)| !value.eq_ignore_ascii_case(b"chunked"))
        }
        ParseError::CodingNotFinal => {
            codings > 1 || named("Transfer-Encoding").any(|(_, value)| value.contains(&b','))
        }
        ParseError::UnexpectedUpgrade => theirs.status == 101,
        ParseError::TooManyInterim { .. } => (100..200).contains(&theirs.status),
        ParseError::HeadTooLarge { .. } => head.len() > HEAD_BYTES_MAX,
        _ => false,
    }
}

/// Compares the two on one head; true where both accepted it.
fn compare(head: &[u8]) -> bool {
    match (ours(head), theirs(head)) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs, "{}", head.escape_ascii());
            true
        }
        (Ok(ours), Err(refused)) => panic!("only we accept {}: {ours:?}, {refused}", head.escape_ascii()),
        (Err(error), Ok(theirs)) => {
            let listed = deliberate(error, head, &theirs);
            assert!(listed, "only httparse accepts {}: {error:?}, {theirs:?}", head.escape_ascii());
            false
        }
        (Err(_), Err(_)) => false,
    }
}

/// The head alone: up to the first empty line, or all of it.
fn head_of(wire: &[u8]) -> &[u8] {
    let end = wire.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(wire.len(), |at| at + 4);
    &wire[..end]
}

#[test]
fn both_read_the_table_of_answers_alike() {
    let both = rows().iter().filter(|row| compare(head_of(row.wire.as_bytes()))).count();
    assert!(both >= 15, "only {both} heads were accepted by both");
}

#[test]
fn both_read_mutations_of_good_heads_alike() {
    let rows = rows();
    let mut rng = SplitMix64::new(2026);
    let interesting = b"\r\n \t:\0;,+-0159aZ\x0b\x7f\x80\xff";
    let mut both = 0;
    for _ in 0..30_000 {
        let row = &rows[rng.up_to(rows.len() as u64 - 1) as usize];
        let mut head = head_of(row.wire.as_bytes()).to_vec();
        for _ in 0..rng.up_to(3) {
            if head.is_empty() {
                break;
            }
            let at = rng.up_to(head.len() as u64 - 1) as usize;
            let byte = interesting[rng.up_to(interesting.len() as u64 - 1) as usize];
            match rng.up_to(3) {
                0 => head[at] = byte,
                1 => head.insert(at, byte),
                2 => drop(head.remove(at)),
                _ => head.truncate(at),
            }
        }
        // Two heads in one would be compared by their first one only.
        both += usize::from(compare(head_of(&head)));
    }
    assert!(both > 1000, "only {both} heads were accepted by both, so little was proved");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn both_read_well_formed_heads_alike_and_accept_them(
        version in 0_u8..2,
        status in prop_oneof![200_u16..600],
        reason in "[ -~\t]{0,20}",
        fields in vec(("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", "[\t]?[ -~]{0,24}[ \t]?"), 0..20),
    ) {
        let framing = |name: &str| ["content-length", "transfer-encoding"].contains(&name.to_lowercase().as_str());
        let mut head = format!("HTTP/1.{version} {status} {reason}\r\n");
        for (name, value) in fields.iter().filter(|(name, _)| !framing(name)) {
            head += &format!("{name}:{value}\r\n");
        }
        head += "\r\n";
        prop_assert!(compare(head.as_bytes()), "{head:?}");
    }

    #[test]
    fn both_judge_any_bytes_alike(bytes in vec(any::<u8>(), 0..60)) {
        let head = [b"HTTP/1.1 200 OK\r\n", &bytes[..], b"\r\n\r\n"].concat();
        compare(head_of(&head));
    }
}
