//! Messages on top of a byte stream.
//!
//! # The problem
//!
//! TCP delivers bytes in order, or says that it cannot. It keeps no other promise: two writes may arrive as one read,
//! one write as ten, and the last read may end in the middle of anything. Whoever wants messages has to mark where they
//! end. Then the marks come from strangers, who may lie about a length, send it one byte an hour, leave halfway through
//! a payload, or never read what they are sent. This crate is the boundary: on the one side a stream that can be cut in
//! any way, on the other whole messages, and for everything in between a name.
//!
//! # The bytes
//!
//! ```text
//!    0               4        5      6             6+n                    4+len
//!    +---------------+--------+------+-------------+----------------------+
//!    | len: u32, big | kind   | n    | request id  | body                 |
//!    | endian        | u8     | u8   | n bytes     | the rest             |
//!    +---------------+--------+------+-------------+----------------------+
//!    |<-- header --->|<--------------- payload: len bytes --------------->|
//!                    |<------- head ------------->|
//! ```
//!
//! The frame (header and payload) is what [`Decoder`] and [`Outgoing`] know; later weeks put other payloads into it. The
//! message inside is the echo protocol's own ([`message`]), and as small as tracing and refusals allow. A length of zero
//! is refused: no message is empty, and a run of zero bytes is how a confused or half-written stream looks.
//!
//! # The states
//!
//! ```text
//!                   4 bytes here, length admitted            all of it here
//!       Header ------------------------------> Payload ----------------------> Ready
//!        |  ^                                     |                              |
//!        |  +-------------------------------------|--------- frame taken --------+
//!        |                                        |
//!        |  end of stream                         |  end of stream
//!        v                                        v
//!    0 bytes: clean end                       Truncated
//!    1 to 3:  ShortHeader
//!    4 bytes, length 0 or above the limit:    Refused, and it stays refused
//! ```
//!
//! # Invariants
//!
//! 1. The frames that come out do not depend on how the stream was cut (`tests/decoder.rs`: every split in two and in
//!    three, single bytes, random cuts, mutations against a naive reader).
//! 2. A length is judged before anything is allocated, read or skipped on its account ([`FrameLimit::admit`]).
//! 3. Memory follows bytes that came: a header that promises 16 MiB buys nothing.
//! 4. Every wait has a deadline, and a deadline is measured against whole frames, so that a trickle of bytes does not
//!    extend it ([`Watch`]).
//! 5. Every connection that ends leaves one record with one reason ([`CloseReason`]), and a peer that can still hear it
//!    is told.
//! 6. Every retry loop ends, in attempts and in time ([`retry`]).
//! 7. Connections, frames, retries, farewells: each has a bound, a named constant with its unit.
//!
//! # The parts
//!
//! | part | does | knows of |
//! | --- | --- | --- |
//! | [`Decoder`], [`Outgoing`], [`FrameLimit`] | frames in, frames out | bytes only |
//! | [`Watch`], [`retry::Schedule`] | deadlines and retries | a time that it is told, a seed |
//! | [`message`], [`CloseReason`] | the echo protocol and its endings | bytes and codes |
//! | [`stream`], [`wait`] | the read loop, the write loop, the one place to wait | anything that reads or writes |
//! | [`server`], [`client`] | sockets, threads, signals | all of the above |
//!
//! The first three rows do no I/O. Week 3 throws the last row away and keeps the others.
//!
//! # What a production system adds
//!
//! Encryption and authentication (week 8 signs messages; TLS is left to those who do it well). A version in the protocol,
//! and a way to negotiate it. Several requests under way on one connection, matched by id, instead of one after the
//! other. A retry budget shared by all requests of a process, so that an outage does not multiply the load by the number
//! of attempts. Connection pools. Limits per peer address. And no thread per connection: that is week 3.

pub mod arguments;
pub mod catalog;
pub mod client;
mod close;
mod deadline;
mod decoder;
mod fault;
pub mod header;
mod limit;
pub mod message;
mod outgoing;
mod request_id;
pub mod retry;
pub mod rng;
pub mod server;
pub mod stream;
pub mod wait;

pub use catalog::CATALOG;
pub use close::{CloseReason, Rule};
pub use deadline::{Deadlines, Timeout, Watch};
pub use decoder::{Decoder, READ_BUFFER_BYTES, State};
pub use fault::FrameError;
pub use limit::{FrameLimit, HEADER_BYTES, PAYLOAD_BYTES_MAX_DEFAULT, PAYLOAD_BYTES_MAX_HARD};
pub use message::{Message, MessageError};
pub use outgoing::Outgoing;
pub use request_id::{REQUEST_ID_BYTES_MAX, RequestId, RequestIds, any_seed};
