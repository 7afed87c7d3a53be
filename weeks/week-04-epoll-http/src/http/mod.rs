//! HTTP/1.1 as a client needs it: requests out, answers in, and no I/O (RFC 9110 for the meaning, RFC 9112 for the
//! bytes).
//!
//! # The problem
//!
//! An answer says in several ways how long it is: a length, chunks, a status that never has a body, the end of the
//! connection. Where two of these disagree, two programs on the same connection read two different answers out of the
//! same bytes, and whoever wrote the bytes chooses what each of them believes. That is request smuggling, and it lives on
//! kindness: on every parser that repairs what it should have refused. So here there is one reading of each answer, and
//! everything else has a name and is refused under it.
//!
//! # The bytes
//!
//! ```text
//!    HTTP/1.1 200 OK\r\n                 status line   version SP status SP [reason]
//!    Content-Length: 5\r\n               fields        name ":" [blanks] value [blanks]
//!    Connection: keep-alive\r\n
//!    \r\n                                end of the head
//!    hello                               body          its end is worked out from status, method and fields
//! ```
//!
//! # The states
//!
//! ```text
//!                            a 1xx head: begin again, at most INTERIM_MAX times
//!                 +----------------------------------------------------+
//!                 v                                                    |
//!            StatusLine ---line---> Fields ---empty line---> how long is the body?
//!                                                              |    |    |     |
//!                                            none: Done <------+    |    |     +----> until the end of the stream
//!                                                                   |    v
//!                                            Length(n) <------------+  Chunked: size, data, CRLF, ..., 0, trailers
//! ```
//!
//! # Invariants
//!
//! 1. The result does not depend on how the bytes were cut (`tests/responses.rs`: whole, byte by byte, every split in
//!    two; `tests/soup.rs`: any cuts of any bytes).
//! 2. What we accept, `httparse` accepts with the same status and fields; what it accepts and we refuse is one of the
//!    strictnesses on a list (`tests/differential.rs`).
//! 3. Each of the ways to say a length twice is refused, also where both say the same.
//! 4. Memory follows the bytes that came, never a number in them, and every part has a limit ([`Limits`]).
//! 5. A refused answer stays refused, whatever follows.
//! 6. No request leaves here with a byte in it that could end a line ([`Request`]).
//!
//! # What a production system adds
//!
//! Bodies that are handed on piece by piece instead of being kept whole. Request bodies. Content codings (gzip).
//! Redirects, caches and cookies, each with rules of their own. HTTP/2 and 3, in which the length of everything is binary
//! and this whole class of attack is gone, until somebody translates back to HTTP/1.1.

mod body;
mod bytes;
mod chunked;
mod error;
mod fields;
mod head;
mod length;
mod limits;
mod lines;
mod request;
mod request_fault;
mod request_head;
mod request_parser;
mod response;
mod url;

pub use error::ParseError;
pub use fields::Fields;
pub use head::{Head, Version};
pub use length::BodyLength;
pub use limits::{
    BODY_BYTES_MAX, CHUNK_EXTENSION_BYTES_MAX, CHUNK_SIZE_DIGITS_MAX, FIELDS_MAX, HEAD_BYTES_MAX,
    INTERIM_MAX, Limits, TRAILER_BYTES_MAX,
};
pub use request::{Method, REQUEST_BYTES_MAX, REQUEST_ID_FIELD, Request, RequestError};
pub use request_fault::RequestFault;
pub use request_head::{AskedMethod, RequestHead, TARGET_BYTES_MAX};
pub use request_parser::{REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX, RequestParser};
pub use response::{Response, ResponseParser};
pub use url::{Authority, URL_BYTES_MAX, Url, UrlError};
