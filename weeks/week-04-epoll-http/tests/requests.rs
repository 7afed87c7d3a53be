//! Requests as a server reads them. Claims: what comes out does not depend on how the bytes were cut, whatever bytes they
//! are; and what we accept, `httparse` accepts with the same method, path and fields.
//!
//! How this could be fooled: by soup that never gets past the first line (so half of it is a good request with a few bytes
//! changed), by a parser that accepts nothing (so the unchanged ones have to be accepted).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use epoll_http::http::{AskedMethod, REQUEST_FIELDS_MAX, RequestFault, RequestHead, RequestParser};
use proptest::prelude::*;

/// Everything that comes out of these pieces.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<RequestHead>, Option<RequestFault>, bool) {
    let (mut parser, mut heads) = (RequestParser::new(), Vec::new());
    for mut piece in pieces {
        loop {
            match parser.next(&mut piece) {
                Ok(Some(head)) => heads.push(head),
                Ok(None) => break,
                Err(fault) => return (heads, Some(fault), false),
            }
        }
    }
    (heads, None, parser.is_between_requests())
}

/// A good request, and what may be in it.
fn good() -> impl Strategy<Value = Vec<u8>> {
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "BREW"]);
    let path = "/[a-z]{0,12}(\\?[a-z=]{0,6})?";
    let field = "(X-[A-Za-z]{1,8}): [ -~]{0,20}";
    let id = prop::option::of("[A-Za-z0-9._-]{1,64}");
    let close = prop::sample::select(vec!["", "Connection: close\r\n", "Connection: keep-alive\r\n"]);
    (method, path, prop::collection::vec(field, 0..5), id, close).prop_map(
        |(method, path, fields, id, close)| {
            let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            let id = id.map_or_else(String::new, |id| format!("X-Request-Id: {id}\r\n"));
            format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{fields}{id}{close}\r\n").into_bytes()
        },
    )
}

/// Good requests of which some bytes were changed, and bytes that were never good.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec(
        (any::<prop::sample::Index>(), prop::sample::select(b"\r\n :\t\0,;aG1\x80".to_vec())),
        0..4,
    );
    let changed = (prop::collection::vec(good(), 1..4), changes).prop_map(|(requests, changes)| {
        let mut bytes = requests.concat();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![3 => changed, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn what_comes_out_does_not_depend_on_the_cuts(
        bytes in soup(),
        cuts in prop::collection::vec(1_usize..9, 1..20),
    ) {
        let whole = read(std::iter::once(&bytes[..]));
        prop_assert_eq!(&read(bytes.chunks(1)), &whole);
        let (mut rest, mut pieces) = (&bytes[..], Vec::new());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, later) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = later;
        }
        prop_assert_eq!(&read(pieces.into_iter()), &whole);
    }

    #[test]
    fn a_good_request_is_accepted(bytes in good()) {
        let (heads, fault, between) = read(std::iter::once(&bytes[..]));
        prop_assert_eq!((heads.len(), fault, between), (1, None, true));
    }

    #[test]
    fn what_we_accept_httparse_accepts_with_the_same_method_path_and_id(bytes in soup()) {
        let (mut parser, mut input) = (RequestParser::new(), &bytes[..]);
        if let Ok(Some(ours)) = parser.next(&mut input) {
            let mut fields = [httparse::EMPTY_HEADER; REQUEST_FIELDS_MAX];
            let mut theirs = httparse::Request::new(&mut fields);
            let parsed = theirs.parse(&bytes);
            prop_assert!(parsed.is_ok_and(|status| status.is_complete()), "{}: {:?}", bytes.escape_ascii(), parsed);
            let method = match theirs.method.unwrap() {
                "GET" => AskedMethod::Get,
                "HEAD" => AskedMethod::Head,
                "POST" => AskedMethod::Other,
                _ => AskedMethod::Unknown,
            };
            prop_assert_eq!(method, ours.method);
            prop_assert_eq!(theirs.path.unwrap().split('?').next().unwrap(), ours.path);
            let id = theirs.headers.iter().find(|field| field.name.eq_ignore_ascii_case("x-request-id"));
            prop_assert_eq!(id.map(|field| field.value), ours.id.as_ref().map(|id| id.as_str().as_bytes()));
            prop_assert_eq!(parsed.unwrap().unwrap(), bytes.len() - input.len(), "both end at the same byte");
        }
    }
}
