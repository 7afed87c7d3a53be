//! Requests: written from parts that were judged, so that no part can end a line and begin another request.

use framing::RequestId;
use logger::{Coded, ErrorCode};

use super::bytes::{is_text, is_token, trim};
use super::{Authority, Url};
use crate::catalog;

/// The field that carries the request id from log to log.
pub const REQUEST_ID_FIELD: &str = "X-Request-Id";

/// The longest request, in bytes: the longest URL fits, with fields.
pub const REQUEST_BYTES_MAX: usize = 16 << 10;

/// Fields that the encoder writes itself, or that would announce a body that never comes.
const RESERVED: [&str; 5] = ["Host", "Connection", REQUEST_ID_FIELD, "Content-Length", "Transfer-Encoding"];

/// What a request asks for. Both methods are safe: they change nothing on the server, so both may be sent again
/// (RFC 9110, section 9.2). A method of which that is not true needs an answer to that question first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The representation.
    Get,
    /// Its head alone.
    Head,
}

impl Method {
    /// The method as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
        }
    }

    /// True where sending the request twice does what sending it once does.
    pub fn is_idempotent(self) -> bool {
        match self {
            Method::Get | Method::Head => true,
        }
    }
}

/// Why a field was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a field of the request is refused: {why}")]
pub struct RequestError {
    /// What is wrong with it.
    pub why: &'static str,
}

impl Coded for RequestError {
    fn code(&self) -> &'static ErrorCode {
        &catalog::HTTP_BAD_REQUEST_FIELD
    }
}

/// A request, whose every part was judged when it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: Method,
    url: Url,
    id: RequestId,
    keep_alive: bool,
    fields: Vec<u8>,
}

impl Request {
    /// A request that lets the connection live.
    pub fn new(method: Method, url: Url, id: RequestId) -> Self {
        Request { method, url, id, keep_alive: true, fields: Vec::new() }
    }

    /// Asks the server to close the connection after its answer.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.keep_alive = false;
        self
    }

    /// Adds a field.
    ///
    /// # Errors
    /// A name that is no token or that the encoder writes itself, a value with a control byte, a request above
    /// [`REQUEST_BYTES_MAX`].
    pub fn field(mut self, name: &str, value: &str) -> Result<Self, RequestError> {
        // lab:hole epoll-http.request-field
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(RequestError { why: "its name is not made of token characters" });
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return Err(RequestError { why: "its name is one that the client writes itself" });
        }
        let value = trim(value.as_bytes());
        if !value.iter().all(|byte| is_text(*byte)) {
            return Err(RequestError { why: "its value has a control byte" });
        }
        self.fields.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        if self.encode().len() > REQUEST_BYTES_MAX {
            return Err(RequestError { why: "with it the request is longer than 16384 bytes" });
        }
        Ok(self)
        // lab:stub todo!("epoll-http.request-field: a token, not one of ours, no byte that ends a line, within the limit")
        // lab:end
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Whom it is for.
    pub fn authority(&self) -> &Authority {
        self.url.authority()
    }

    /// The id that client and server log it under.
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// The bytes: request line, Host, Connection, the request id, the caller's fields, an empty line.
    pub fn encode(&self) -> Vec<u8> {
        let Request { method, url, id, .. } = self;
        let connection = if self.keep_alive { "keep-alive" } else { "close" };
        let (method, target, host) = (method.as_str(), url.target(), url.authority());
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n{REQUEST_ID_FIELD}: {id}\r\n"
        );
        [head.as_bytes(), &self.fields, b"\r\n"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Request {
        Request::new(Method::Get, url.parse().unwrap(), "r-1".parse().unwrap())
    }

    #[test]
    fn a_request_names_host_connection_and_id_and_ends_in_an_empty_line() {
        let plain = request("http://localhost:7004/health?x=1");
        let expected = "GET /health?x=1 HTTP/1.1\r\nHost: localhost:7004\r\nConnection: keep-alive\r\n\
                        X-Request-Id: r-1\r\n\r\n";
        assert_eq!(String::from_utf8(plain.encode()).unwrap(), expected);
        let more = plain.close().field("Accept", " text/plain ").unwrap();
        let text = String::from_utf8(more.encode()).unwrap();
        assert!(
            text.ends_with("Connection: close\r\nX-Request-Id: r-1\r\nAccept: text/plain\r\n\r\n"),
            "{text}"
        );
    }

    #[test]
    fn no_field_can_end_a_line_or_say_where_the_message_ends() {
        for (name, value) in [
            ("X", "a\r\nEvil: yes"),
            ("X", "a\nb"),
            ("X", "a\rb"),
            ("X", "\0"),
            ("X\r\nEvil", "a"),
            ("X ", "a"),
            ("X:", "a"),
            ("", "a"),
            ("host", "elsewhere"),
            ("content-length", "5"),
            ("Transfer-Encoding", "chunked"),
            ("x-request-id", "another"),
            ("CONNECTION", "close"),
        ] {
            assert!(request("http://a/").field(name, value).is_err(), "{name:?}: {value:?}");
        }
    }

    #[test]
    fn a_request_of_the_largest_size_passes_and_one_byte_more_does_not() {
        let room = REQUEST_BYTES_MAX - request("http://a/").encode().len() - "X: \r\n".len();
        let largest = request("http://a/").field("X", &"y".repeat(room)).unwrap();
        assert_eq!(largest.encode().len(), REQUEST_BYTES_MAX);
        assert!(request("http://a/").field("X", &"y".repeat(room + 1)).is_err());
    }
}
