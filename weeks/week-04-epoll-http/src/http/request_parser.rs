//! The parser of requests: the same lines and fields as an answer has, behind another first line.

use super::lines::Lines;
use super::request_head::{judge_head, parse_request_line};
use super::{AskedMethod, Fields, ParseError, RequestFault, RequestHead, TARGET_BYTES_MAX, Version};

/// Bytes of one request: its line, its fields and the empty line. A question about health is a few hundred.
pub const REQUEST_HEAD_BYTES_MAX: usize = 8 << 10;

/// Fields of one request.
pub const REQUEST_FIELDS_MAX: usize = 50;

/// Parses one request after the other.
///
/// ```
/// use epoll_http::http::RequestParser;
///
/// let mut parser = RequestParser::new();
/// let mut input = &b"GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET"[..];
/// let head = parser.next(&mut input)?.ok_or("not complete")?;
/// assert_eq!((&head.path[..], input), ("/health", &b"GET"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RequestParser {
    lines: Lines,
    first: Option<(AskedMethod, String, Version)>,
    fields: Fields,
    skipped_empty_line: bool,
}

impl Default for RequestParser {
    fn default() -> Self {
        let too_large = ParseError::HeadTooLarge { limit: REQUEST_HEAD_BYTES_MAX };
        RequestParser {
            lines: Lines::new(REQUEST_HEAD_BYTES_MAX, too_large),
            first: None,
            fields: Fields::default(),
            skipped_empty_line: false,
        }
    }
}

impl RequestParser {
    /// A parser before the first byte.
    pub fn new() -> Self {
        RequestParser::default()
    }

    /// True where no request has been begun.
    pub fn is_between_requests(&self) -> bool {
        self.first.is_none() && self.lines.used() == 0
    }

    /// The next whole request, or `None` when more bytes are needed. What was looked at is taken off the front of
    /// `input`; what is left belongs to later requests.
    ///
    /// # Errors
    /// [`RequestFault`]. The parser is of no more use then: nobody knows where the next request would begin.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<RequestHead>, RequestFault> {
        loop {
            let in_first_line = self.first.is_none();
            let Some(line) = self.lines.next(input).map_err(|error| fault_of(error, in_first_line))? else {
                return Ok(None);
            };
            match (&self.first, line) {
                // One empty line in front of a request is what old clients sent behind a body (RFC 9112, section 2.2).
                (None, []) if !self.skipped_empty_line => {
                    self.skipped_empty_line = true;
                    self.lines.begin_anew();
                }
                (None, line) => self.first = Some(parse_request_line(line)?),
                (Some(_), []) => break,
                (Some(_), line) => {
                    self.fields.push_line(line, REQUEST_FIELDS_MAX).map_err(|error| fault_of(error, false))?
                }
            }
        }
        let done = std::mem::take(self);
        let first = done.first.ok_or(RequestFault::Line)?;
        judge_head(first, &done.fields).map(Some)
    }
}

/// What is wrong with a request whose line was refused.
fn fault_of(error: ParseError, in_first_line: bool) -> RequestFault {
    match error {
        ParseError::HeadTooLarge { .. } if in_first_line => {
            RequestFault::TargetTooLong { limit: TARGET_BYTES_MAX }
        }
        ParseError::HeadTooLarge { .. } | ParseError::TooManyFields { .. } => {
            RequestFault::HeadTooLarge(error)
        }
        _ => RequestFault::Field(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that comes out of these pieces, and whether something is left over in the middle.
    fn read(pieces: &[&[u8]]) -> Result<(Vec<RequestHead>, bool), RequestFault> {
        let (mut parser, mut heads) = (RequestParser::new(), Vec::new());
        for piece in pieces {
            let mut input = *piece;
            while let Some(head) = parser.next(&mut input)? {
                heads.push(head);
            }
            assert!(input.is_empty(), "what is not a whole request is kept by the parser");
        }
        Ok((heads, parser.is_between_requests()))
    }

    const TWO: &[u8] =
        b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    #[test]
    fn two_requests_come_out_the_same_however_their_bytes_were_cut() {
        let whole = read(&[TWO]).unwrap();
        assert_eq!(whole.0.iter().map(|head| &head.path[..]).collect::<Vec<_>>(), ["/a", "/b"]);
        assert!(whole.1);
        for cut in 0..TWO.len() {
            assert_eq!(read(&[&TWO[..cut], &TWO[cut..]]), Ok(whole.clone()), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = TWO.chunks(1).collect();
        assert_eq!(read(&bytes), Ok(whole));
    }

    #[test]
    fn a_request_that_is_not_whole_is_told_from_silence() {
        assert_eq!(read(&[b""]), Ok((vec![], true)));
        for cut in 1..27 {
            assert_eq!(read(&[&TWO[..cut]]), Ok((vec![], false)), "cut at {cut}");
        }
    }

    #[test]
    fn the_head_of_the_largest_size_passes_and_one_byte_more_does_not() {
        let start = b"GET / HTTP/1.1\r\nHost: a\r\nX: ";
        let of = |bytes: usize| {
            let filler = vec![b'y'; bytes - start.len() - 4];
            read(&[&[&start[..], &filler, b"\r\n\r\n"].concat()])
        };
        assert!(of(REQUEST_HEAD_BYTES_MAX).is_ok());
        let refused = of(REQUEST_HEAD_BYTES_MAX + 1).unwrap_err();
        assert_eq!((refused.status(), refused.rule().class), (431, "head-too-large"));
    }

    #[test]
    fn a_first_line_without_an_end_is_a_target_that_is_too_long() {
        let endless = [&b"GET /"[..], &[b'x'; REQUEST_HEAD_BYTES_MAX]].concat();
        assert_eq!(read(&[&endless]).unwrap_err().status(), 414);
    }

    #[test]
    fn as_many_fields_as_the_bound_pass_and_one_more_does_not() {
        let of = |fields: usize| {
            read(&[
                &[&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], &b"X: y\r\n".repeat(fields - 1), b"\r\n"].concat()
            ])
        };
        assert!(of(REQUEST_FIELDS_MAX).is_ok());
        assert_eq!(of(REQUEST_FIELDS_MAX + 1).unwrap_err().status(), 431);
    }

    #[test]
    fn shapes_on_which_two_servers_could_disagree_are_refused() {
        for (bytes, class) in [
            (&b"GET / HTTP/1.1\nHost: a\n\n"[..], "bad-field"),
            (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "bad-field"),
            (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "bad-field"),
            (b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "bad-field"),
            (b"\r\n\r\nGET / HTTP/1.1\r\n", "bad-request-line"),
            (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n", "bad-request-line"),
            (
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                "unclear-length",
            ),
        ] {
            assert_eq!(read(&[bytes]).unwrap_err().rule().class, class, "{}", bytes.escape_ascii());
        }
    }
}
