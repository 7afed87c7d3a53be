//! The parser of one answer: bytes in, in any pieces; an answer, a refusal, or "more" out.

use super::body::Body;
use super::chunked::Chunked;
use super::head::{OPENING, parse_status_line};
use super::length::{body_length, keeps_alive};
use super::lines::Lines;
use super::{BodyLength, Fields, Head, Limits, Method, ParseError, Version};

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status and fields.
    pub head: Head,
    /// The body, without chunks.
    pub body: Vec<u8>,
    /// Fields that came behind the body; empty unless it was chunked.
    pub trailers: Fields,
    /// How the end of the body was found.
    pub length: BodyLength,
    /// True where another request may follow on the same connection.
    pub keeps_alive: bool,
    /// How many interim answers (1xx) came before.
    pub interim: u32,
}

/// Where the next byte belongs.
#[derive(Debug)]
enum Phase {
    StatusLine,
    Fields,
    Exactly { left: u64, of: u64 },
    Chunked(Box<Chunked>),
    UntilClose,
    Done,
    Refused(ParseError),
}

/// Parses one answer to one request.
///
/// ```
/// use epoll_http::http::{Limits, Method, ResponseParser};
///
/// let mut parser = ResponseParser::new(Method::Get, Limits::default());
/// let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1";
/// assert_eq!(parser.feed(wire)?, wire.len() - 8, "what belongs to the next answer is left");
/// let response = parser.into_response().ok_or("not complete")?;
/// assert_eq!((response.head.status, &response.body[..]), (200, &b"hi"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ResponseParser {
    method: Method,
    limits: Limits,
    phase: Phase,
    lines: Lines,
    head: Head,
    length: BodyLength,
    body: Body,
    trailers: Fields,
    interim: u32,
}

impl ResponseParser {
    /// A parser for the answer to a request of this method, before its first byte.
    pub fn new(method: Method, limits: Limits) -> Self {
        let bytes_max = limits.head_bytes_max;
        ResponseParser {
            method,
            limits,
            phase: Phase::StatusLine,
            lines: Lines::new(bytes_max, ParseError::HeadTooLarge { limit: bytes_max }),
            head: Head { version: Version::Http11, status: 0, fields: Fields::default() },
            length: BodyLength::None,
            body: Body::new(limits.body_bytes_max),
            trailers: Fields::default(),
            interim: 0,
        }
    }

    /// Takes the bytes of this answer off `input` and says how many they were: fewer than there are only where the
    /// answer is complete, and what is left does not belong to it.
    ///
    /// # Errors
    /// One [`ParseError`] for each way in which an answer can be wrong; the same one on every later call.
    pub fn feed(&mut self, input: &[u8]) -> Result<usize, ParseError> {
        let mut rest = input;
        loop {
            match self.step(&mut rest) {
                Ok(true) => {}
                Ok(false) => return Ok(input.len() - rest.len()),
                Err(refused) => {
                    self.phase = Phase::Refused(refused);
                    return Err(refused);
                }
            }
        }
    }

    /// Says what the end of the stream means here: the end of a body that lasts until then, or an answer cut short.
    ///
    /// # Errors
    /// [`ParseError::TruncatedHead`], [`ParseError::TruncatedBody`] and [`ParseError::TruncatedChunk`]; a refusal stays
    /// what it was.
    pub fn end_of_stream(&mut self) -> Result<(), ParseError> {
        // lab:hole epoll-http.end-of-answer
        match &self.phase {
            Phase::StatusLine | Phase::Fields => Err(ParseError::TruncatedHead { have: self.lines.used() }),
            Phase::Exactly { left, of } => Err(ParseError::TruncatedBody { have: of - left, want: *of }),
            Phase::Chunked(_) => Err(ParseError::TruncatedChunk { have: self.body.len() }),
            Phase::Refused(refused) => Err(*refused),
            Phase::UntilClose | Phase::Done => {
                self.phase = Phase::Done;
                Ok(())
            }
        }
        // lab:stub todo!("epoll-http.end-of-answer: good news in one state, no news in another, an answer cut short in all others")
        // lab:end
    }

    /// True once the last byte of the answer was taken.
    pub fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// The answer, once it is complete.
    pub fn into_response(self) -> Option<Response> {
        self.is_done().then(|| Response {
            keeps_alive: keeps_alive(self.head.version, &self.head.fields, self.length),
            head: self.head,
            body: self.body.into_bytes(),
            trailers: self.trailers,
            length: self.length,
            interim: self.interim,
        })
    }

    /// Goes on by one line or one run of body bytes; false when it needs more, or is done.
    fn step(&mut self, rest: &mut &[u8]) -> Result<bool, ParseError> {
        match &mut self.phase {
            Phase::Refused(refused) => Err(*refused),
            Phase::Done => Ok(false),
            _ if rest.is_empty() => Ok(false),
            Phase::StatusLine => self.status_line(rest),
            Phase::Fields => self.field(rest),
            Phase::Exactly { left, .. } => {
                *left -= self.body.take(rest, *left);
                if *left == 0 {
                    self.phase = Phase::Done;
                }
                Ok(true)
            }
            Phase::Chunked(chunked) => {
                if chunked.feed(rest, &mut self.body)?
                    && let Phase::Chunked(chunked) = std::mem::replace(&mut self.phase, Phase::Done)
                {
                    self.trailers = chunked.into_trailers();
                }
                Ok(true)
            }
            Phase::UntilClose => {
                self.body.admit(rest.len() as u64)?;
                self.body.push(rest);
                *rest = &[];
                Ok(true)
            }
        }
    }

    fn status_line(&mut self, rest: &mut &[u8]) -> Result<bool, ParseError> {
        let expected = OPENING.iter().skip(self.lines.used());
        if expected.zip(*rest).any(|(expected, byte)| expected != byte) {
            return Err(ParseError::BadVersion);
        }
        let Some(line) = self.lines.next(rest)? else { return Ok(false) };
        (self.head.version, self.head.status) = parse_status_line(line)?;
        self.phase = Phase::Fields;
        Ok(true)
    }

    fn field(&mut self, rest: &mut &[u8]) -> Result<bool, ParseError> {
        match self.lines.next(rest)? {
            None => return Ok(false),
            Some([]) => {}
            Some(line) => {
                self.head.fields.push_line(line, self.limits.fields_max)?;
                return Ok(true);
            }
        }
        let Head { version, status, ref fields } = self.head;
        self.length = body_length(self.method, version, status, fields)?;
        self.phase = match (status, self.length) {
            (101, _) => return Err(ParseError::UnexpectedUpgrade),
            (100..=199, _) => self.skip_interim()?,
            (_, BodyLength::None | BodyLength::Exactly(0)) => Phase::Done,
            (_, BodyLength::Exactly(length)) => {
                self.body.admit(length)?;
                Phase::Exactly { left: length, of: length }
            }
            (_, BodyLength::Chunked) => Phase::Chunked(Box::new(Chunked::new(self.limits))),
            (_, BodyLength::UntilClose) => Phase::UntilClose,
        };
        Ok(true)
    }

    /// Forgets an interim answer; the next head begins.
    fn skip_interim(&mut self) -> Result<Phase, ParseError> {
        self.interim += 1;
        if self.interim > self.limits.interim_max {
            return Err(ParseError::TooManyInterim { limit: self.limits.interim_max });
        }
        self.lines.begin_anew();
        self.head.fields = Fields::default();
        Ok(Phase::StatusLine)
    }
}
