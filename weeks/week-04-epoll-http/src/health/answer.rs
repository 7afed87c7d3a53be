//! Answers, written from parts that are ours: no byte of a stranger gets into a head but an id that was judged.

use event_loop::Outbox;
use framing::RequestId;

use crate::http::REQUEST_ID_FIELD;

/// An answer before it is bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, a JSON object.
    pub body: String,
    /// Fields of this answer alone, each with its line end.
    pub fields: &'static str,
}

impl Answer {
    /// An answer with this account as its body.
    pub fn of(status: u16, account: &serde_json::Value) -> Self {
        let fields = match status {
            405 => "Allow: GET, HEAD\r\n",
            503 => "Retry-After: 1\r\n",
            _ => "",
        };
        Answer { status, body: format!("{account}\n"), fields }
    }

    /// An answer that says no, and why in the words of the catalog.
    pub fn refusal(status: u16, code: &str, what: &str) -> Self {
        Answer::of(status, &serde_json::json!({ "error_code": code, "msg": what }))
    }

    /// Puts the bytes out. The answer to HEAD has the length of the body that GET would have had, and not the body
    /// (RFC 9110, section 9.3.2).
    pub fn put(&self, id: Option<&RequestId>, keeps_alive: bool, with_body: bool, out: &mut Outbox) {
        // lab:hole epoll-http.put-answer
        let Answer { status, body, fields } = self;
        let (reason, length) = (reason_phrase(*status), body.len());
        let connection = if keeps_alive { "keep-alive" } else { "close" };
        let id = id.map_or_else(String::new, |id| format!("{REQUEST_ID_FIELD}: {id}\r\n"));
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Cache-Control: no-store\r\nConnection: {connection}\r\n{id}{fields}\r\n"
        );
        out.put(head.as_bytes());
        if with_body {
            out.put(body.as_bytes());
        }
        // lab:stub todo!("epoll-http.put-answer: status line, length, whether the connection lives, the id; the body unless it was HEAD")
        // lab:end
    }
}

/// The words beside the number. Nobody may act on them.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Limits, Method, ResponseParser};

    fn wire(answer: &Answer, id: Option<&str>, keeps_alive: bool, with_body: bool) -> Vec<u8> {
        let (mut out, id) = (Outbox::new(), id.map(|id| id.parse().unwrap()));
        answer.put(id.as_ref(), keeps_alive, with_body, &mut out);
        out.bytes().to_vec()
    }

    #[test]
    fn our_own_strict_parser_accepts_every_answer_and_finds_the_same_in_it() {
        for status in [200, 400, 404, 405, 408, 413, 414, 431, 501, 503, 505] {
            for (method, keeps_alive) in [(Method::Get, true), (Method::Get, false), (Method::Head, true)] {
                let answer = Answer::refusal(status, "SOME-CODE", "some words");
                let bytes = wire(&answer, Some("r-1"), keeps_alive, method == Method::Get);
                let mut parser = ResponseParser::new(method, Limits::default());
                assert_eq!(parser.feed(&bytes), Ok(bytes.len()), "nothing is left over");
                let read = parser.into_response().unwrap();
                assert_eq!((read.head.status, read.keeps_alive), (status, keeps_alive));
                assert_eq!(read.head.fields.get("x-request-id"), Some(&b"r-1"[..]));
                let length = answer.body.len().to_string();
                assert_eq!(read.head.fields.get("content-length"), Some(length.as_bytes()), "{method:?}");
                assert_eq!(read.head.fields.get("allow").is_some(), status == 405);
                assert_eq!(read.head.fields.get("retry-after").is_some(), status == 503);
                let body = if method == Method::Get { answer.body.as_bytes() } else { b"" };
                assert_eq!(read.body, body);
            }
        }
    }

    #[test]
    fn every_status_that_is_used_has_its_words() {
        let answer = Answer::refusal(414, "X", "y");
        assert!(wire(&answer, None, true, true).starts_with(b"HTTP/1.1 414 URI Too Long\r\n"));
        assert!(!wire(&answer, None, true, true).windows(12).any(|part| part == b"X-Request-Id"));
    }
}
