//! A body in chunks: size, data, size, data, a size of zero, trailers (RFC 9112, section 7.1).
//!
//! ```text
//!   5 \r\n hello \r\n   6 ;ext=1 \r\n world! \r\n   0 \r\n   Trailer: x \r\n   \r\n
//!   size   data         size    ext   data          last      trailers         end
//! ```

use super::body::Body;
use super::bytes::is_text;
use super::lines::Lines;
use super::{CHUNK_SIZE_DIGITS_MAX, Fields, Limits, ParseError};

/// Fields that say how to read the message. Behind the body they would say it too late, or to somebody else.
const FRAMING_FIELDS: [&str; 3] = ["Content-Length", "Transfer-Encoding", "Trailer"];

/// Where in a chunk the next byte lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the size: digits so far, and their value.
    Size { digits: u8, size: u64 },
    /// Behind the size and one blank, which only a semicolon may follow.
    Blank { size: u64 },
    /// In the extension.
    Extension { size: u64 },
    /// Behind the carriage return of the size line.
    SizeEnd { size: u64 },
    /// In the data.
    Data { left: u64 },
    /// Behind the data.
    DataCr,
    /// Behind its carriage return.
    DataLf,
    /// Behind the last chunk.
    Trailers,
    /// Behind everything.
    Done,
}

const SIZE: State = State::Size { digits: 0, size: 0 };

/// Takes a chunked body apart.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    limits: Limits,
    extension_bytes: usize,
    lines: Lines,
    trailers: Fields,
}

impl Chunked {
    pub(super) fn new(limits: Limits) -> Self {
        let bytes_max = limits.trailer_bytes_max;
        let lines = Lines::new(bytes_max, ParseError::TrailersTooLarge { limit: bytes_max });
        Chunked { state: SIZE, limits, extension_bytes: 0, lines, trailers: Fields::default() }
    }

    pub(super) fn into_trailers(self) -> Fields {
        self.trailers
    }

    /// Takes bytes off the front of the input; true once the last one of the body was among them.
    pub(super) fn feed(&mut self, input: &mut &[u8], body: &mut Body) -> Result<bool, ParseError> {
        while let [byte, rest @ ..] = *input {
            match self.state {
                State::Data { left } => {
                    let left = left - body.take(input, left);
                    self.state = if left == 0 { State::DataCr } else { State::Data { left } };
                    continue;
                }
                State::Trailers => {
                    if self.trailer(input)? {
                        self.state = State::Done;
                    }
                    continue;
                }
                State::Done => break,
                State::DataCr if *byte == b'\r' => self.state = State::DataLf,
                State::DataLf if *byte == b'\n' => self.state = SIZE,
                State::DataCr | State::DataLf => return Err(ParseError::BadChunkTerminator),
                _ => self.size_line(*byte, body)?,
            }
            *input = rest;
        }
        Ok(self.state == State::Done)
    }

    // ANCHOR: chunk-size
    /// One byte of a size line.
    fn size_line(&mut self, byte: u8, body: &mut Body) -> Result<(), ParseError> {
        // lab:hole epoll-http.chunk-size
        let digit = char::from(byte).to_digit(16).map(u64::from);
        self.state = match (self.state, byte, digit) {
            (State::Size { digits: CHUNK_SIZE_DIGITS_MAX, .. }, _, Some(_)) => {
                return Err(ParseError::ChunkSizeOverflow);
            }
            (State::Size { digits, size }, _, Some(digit)) => {
                State::Size { digits: digits + 1, size: size << 4 | digit }
            }
            (State::Size { digits: 1.., size } | State::Extension { size }, b'\r', _) => {
                State::SizeEnd { size }
            }
            (State::Size { digits: 1.., size } | State::Blank { size }, b';', _) => self.extension(size)?,
            (State::Size { digits: 1.., size }, b' ' | b'\t', _) => State::Blank { size },
            (State::Extension { size }, _, _) if is_text(byte) => self.extension(size)?,
            (State::SizeEnd { size: 0 }, b'\n', _) => State::Trailers,
            (State::SizeEnd { size }, b'\n', _) => body.admit(size).map(|()| State::Data { left: size })?,
            (State::SizeEnd { .. }, _, _) => return Err(ParseError::BareCr),
            (_, b'\n', _) => return Err(ParseError::BareLf),
            _ => return Err(ParseError::BadChunkSize),
        };
        Ok(())
        // lab:stub todo!("epoll-http.chunk-size: hexadecimal digits, an extension that is counted and dropped, CRLF")
        // lab:end
    }
    // ANCHOR_END: chunk-size

    /// One more byte of an extension, counted over all chunks.
    fn extension(&mut self, size: u64) -> Result<State, ParseError> {
        self.extension_bytes += 1;
        let limit = self.limits.chunk_extension_bytes_max;
        if self.extension_bytes > limit {
            return Err(ParseError::ChunkExtensionTooLong { limit });
        }
        Ok(State::Extension { size })
    }

    /// A line behind the last chunk; true for the empty one that ends everything.
    fn trailer(&mut self, input: &mut &[u8]) -> Result<bool, ParseError> {
        let limit = self.limits.trailer_bytes_max;
        let judged = |error: ParseError| match error {
            ParseError::TrailersTooLarge { .. } => error,
            ParseError::TooManyFields { .. } => ParseError::TrailersTooLarge { limit },
            malformed => ParseError::BadTrailer { why: malformed.class() },
        };
        let line = match self.lines.next(input).map_err(judged)? {
            None => return Ok(false),
            Some([]) => return Ok(true),
            Some(line) => line,
        };
        self.trailers.push_line(line, self.limits.fields_max).map_err(judged)?;
        let framing = FRAMING_FIELDS.iter().any(|name| self.trailers.get(name).is_some());
        if framing { Err(ParseError::BadTrailer { why: "framing-field" }) } else { Ok(false) }
    }
}
