//! Everything that can be wrong with an answer, one variant each.

use logger::{Coded, ErrorCode};

use crate::catalog;

/// Why an answer was refused, or where it ended too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The answer does not begin with `HTTP/1.1 ` or `HTTP/1.0 `.
    #[error("the status line does not begin with HTTP/1.1 or HTTP/1.0")]
    BadVersion,
    /// No status of three digits from 100 to 599 between two spaces, or a control byte in the reason.
    #[error(
        "the status line has no status from 100 to 599 between two spaces, or a control byte in its reason"
    )]
    BadStatus,
    /// A carriage return that is not followed by a line feed.
    #[error("a carriage return stands alone")]
    BareCr,
    /// A line feed that does not follow a carriage return.
    #[error("a line ends in a line feed alone")]
    BareLf,
    /// A field line that begins with a blank: the folding of lines that RFC 9112 took out of the language.
    #[error("a line of the head begins with a blank (a folded field)")]
    ObsFold,
    /// A blank between a field's name and its colon.
    #[error("a blank stands between a field's name and its colon")]
    SpaceBeforeColon,
    /// A field without a colon, without a name, or with a byte in the name that no token has.
    #[error("a field has no name made of token characters in front of a colon")]
    BadName,
    /// A control byte in a field's value.
    #[error("a field's value has the control byte {byte:#04x}")]
    BadValue {
        /// The byte.
        byte: u8,
    },
    /// A second Content-Length field, whatever it says.
    #[error("Content-Length is there more than once")]
    RepeatedLength,
    /// A Content-Length that is not digits alone: empty, signed, a list.
    #[error("Content-Length is not a plain decimal number")]
    BadLength,
    /// A Content-Length beyond 64 bits.
    #[error("Content-Length does not fit 64 bits")]
    LengthOverflow,
    /// Content-Length and Transfer-Encoding in one head.
    #[error("Content-Length and Transfer-Encoding both claim to say where the body ends")]
    LengthAndCoding,
    /// A transfer coding other than `chunked`.
    #[error("a transfer coding is not `chunked`")]
    UnknownCoding,
    /// `chunked` is not the last coding, or is there twice.
    #[error("`chunked` is not the last transfer coding, or is there twice")]
    CodingNotFinal,
    /// Transfer-Encoding in an answer of version 1.0, which has none.
    #[error("an HTTP/1.0 answer has a Transfer-Encoding")]
    CodingOnHttp10,
    /// A chunk's size line that is not hexadecimal digits and, behind a semicolon, an extension of plain text.
    #[error("the size line of a chunk is not a plain hexadecimal number")]
    BadChunkSize,
    /// A chunk's size with more digits than 64 bits hold.
    #[error("the size of a chunk does not fit 64 bits")]
    ChunkSizeOverflow,
    /// Chunk extensions above the limit.
    #[error("the chunk extensions are longer than {limit} bytes together")]
    ChunkExtensionTooLong {
        /// Limit in bytes.
        limit: usize,
    },
    /// A chunk's data is not followed by CRLF.
    #[error("the data of a chunk is not followed by a line end")]
    BadChunkTerminator,
    /// A malformed field behind the last chunk, or one that would say where the body ends.
    #[error("a trailer is refused ({why})")]
    BadTrailer {
        /// The class of the malformed field, or `framing-field`.
        why: &'static str,
    },
    /// A 101 that nobody asked for: what follows would be another protocol.
    #[error("the server switches to another protocol (101), and nobody asked it to")]
    UnexpectedUpgrade,
    /// A head above the limit.
    #[error("the head is longer than {limit} bytes")]
    HeadTooLarge {
        /// Limit in bytes.
        limit: usize,
    },
    /// More fields than the limit.
    #[error("the head has more than {limit} fields")]
    TooManyFields {
        /// Limit.
        limit: usize,
    },
    /// A body above the limit, as claimed or as received.
    #[error("the body is longer than {limit} bytes")]
    BodyTooLarge {
        /// Limit in bytes.
        limit: u64,
    },
    /// Trailers above a limit.
    #[error("the trailers are longer than {limit} bytes or have too many fields")]
    TrailersTooLarge {
        /// Limit in bytes.
        limit: usize,
    },
    /// More interim answers than the limit.
    #[error("more than {limit} interim answers (1xx) came before the one that counts")]
    TooManyInterim {
        /// Limit.
        limit: u32,
    },
    /// The stream ended inside the head.
    #[error("the answer ends inside its head, after {have} bytes of it")]
    TruncatedHead {
        /// Bytes of the head so far.
        have: usize,
    },
    /// The stream ended before the announced length.
    #[error("the answer ends after {have} of {want} body bytes")]
    TruncatedBody {
        /// Bytes of the body so far.
        have: u64,
        /// Bytes announced.
        want: u64,
    },
    /// The stream ended inside a chunked body.
    #[error("the answer ends inside a chunked body, after {have} bytes of it")]
    TruncatedChunk {
        /// Bytes of the body so far.
        have: u64,
    },
}

impl ParseError {
    /// The stable word for logs and tables.
    pub fn class(&self) -> &'static str {
        match self {
            ParseError::BadVersion => "bad-version",
            ParseError::BadStatus => "bad-status",
            ParseError::BareCr => "bare-cr",
            ParseError::BareLf => "bare-lf",
            ParseError::ObsFold => "obs-fold",
            ParseError::SpaceBeforeColon => "space-before-colon",
            ParseError::BadName => "bad-name",
            ParseError::BadValue { .. } => "bad-value",
            ParseError::RepeatedLength => "repeated-length",
            ParseError::BadLength => "bad-length",
            ParseError::LengthOverflow => "length-overflow",
            ParseError::LengthAndCoding => "length-and-coding",
            ParseError::UnknownCoding => "unknown-coding",
            ParseError::CodingNotFinal => "coding-not-final",
            ParseError::CodingOnHttp10 => "coding-on-old-version",
            ParseError::BadChunkSize => "bad-chunk-size",
            ParseError::ChunkSizeOverflow => "chunk-size-overflow",
            ParseError::ChunkExtensionTooLong { .. } => "chunk-extension-too-long",
            ParseError::BadChunkTerminator => "bad-chunk-terminator",
            ParseError::BadTrailer { .. } => "bad-trailer",
            ParseError::UnexpectedUpgrade => "unexpected-upgrade",
            ParseError::HeadTooLarge { .. } => "head-too-large",
            ParseError::TooManyFields { .. } => "too-many-fields",
            ParseError::BodyTooLarge { .. } => "body-too-large",
            ParseError::TrailersTooLarge { .. } => "trailers-too-large",
            ParseError::TooManyInterim { .. } => "too-many-interim",
            ParseError::TruncatedHead { .. } => "truncated-head",
            ParseError::TruncatedBody { .. } => "truncated-body",
            ParseError::TruncatedChunk { .. } => "truncated-chunk",
        }
    }

    /// True where the stream ended too early: the connection's failure, and not a fault in the bytes that came.
    pub fn is_truncation(&self) -> bool {
        matches!(
            self,
            ParseError::TruncatedHead { .. }
                | ParseError::TruncatedBody { .. }
                | ParseError::TruncatedChunk { .. }
        )
    }
}

impl Coded for ParseError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            ParseError::BadVersion => &catalog::HTTP_BAD_VERSION,
            ParseError::BadStatus => &catalog::HTTP_BAD_STATUS,
            ParseError::BareCr => &catalog::HTTP_BARE_CR,
            ParseError::BareLf => &catalog::HTTP_BARE_LF,
            ParseError::ObsFold => &catalog::HTTP_OBS_FOLD,
            ParseError::SpaceBeforeColon => &catalog::HTTP_SPACE_BEFORE_COLON,
            ParseError::BadName => &catalog::HTTP_BAD_NAME,
            ParseError::BadValue { .. } => &catalog::HTTP_BAD_VALUE,
            ParseError::RepeatedLength => &catalog::HTTP_REPEATED_LENGTH,
            ParseError::BadLength => &catalog::HTTP_BAD_LENGTH,
            ParseError::LengthOverflow => &catalog::HTTP_LENGTH_OVERFLOW,
            ParseError::LengthAndCoding => &catalog::HTTP_LENGTH_AND_CODING,
            ParseError::UnknownCoding => &catalog::HTTP_UNKNOWN_CODING,
            ParseError::CodingNotFinal => &catalog::HTTP_CODING_NOT_FINAL,
            ParseError::CodingOnHttp10 => &catalog::HTTP_CODING_ON_OLD_VERSION,
            ParseError::BadChunkSize => &catalog::HTTP_BAD_CHUNK_SIZE,
            ParseError::ChunkSizeOverflow => &catalog::HTTP_CHUNK_SIZE_OVERFLOW,
            ParseError::ChunkExtensionTooLong { .. } => &catalog::HTTP_CHUNK_EXTENSION_TOO_LONG,
            ParseError::BadChunkTerminator => &catalog::HTTP_BAD_CHUNK_TERMINATOR,
            ParseError::BadTrailer { .. } => &catalog::HTTP_BAD_TRAILER,
            ParseError::UnexpectedUpgrade => &catalog::HTTP_UNEXPECTED_UPGRADE,
            ParseError::HeadTooLarge { .. } => &catalog::HTTP_HEAD_TOO_LARGE,
            ParseError::TooManyFields { .. } => &catalog::HTTP_TOO_MANY_FIELDS,
            ParseError::BodyTooLarge { .. } => &catalog::HTTP_BODY_TOO_LARGE,
            ParseError::TrailersTooLarge { .. } => &catalog::HTTP_TRAILERS_TOO_LARGE,
            ParseError::TooManyInterim { .. } => &catalog::HTTP_TOO_MANY_INTERIM,
            ParseError::TruncatedHead { .. } => &catalog::HTTP_TRUNCATED_HEAD,
            ParseError::TruncatedBody { .. } => &catalog::HTTP_TRUNCATED_BODY,
            ParseError::TruncatedChunk { .. } => &catalog::HTTP_TRUNCATED_CHUNK,
        }
    }
}
