//! Clients that are slow on purpose.
//!
//! # The problem
//!
//! A client that sends a byte a second holds a connection, a buffer and perhaps a thread for as long as it likes, and a
//! client that does not read holds everything that was answered to it. Neither breaks a rule of the protocol. A server
//! therefore needs rules of progress, and whoever says that it has them has to show three things: that such a client is
//! ended, after how long, and that it was told why.
//!
//! ```text
//!    slow sender    ·  ·  ·  ·  ·  ·  ·  ·  a piece at a time; reads all that comes
//!    stalled        ····                    the beginning at once, and then nothing
//!    slow reader    ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇    asks as fast as it can, reads a piece at a time
//! ```
//!
//! A crowd is up to some thousand of them on one thread. It has no opinion: what the server did is in the [`Tally`].
//!
//! # What an end is
//!
//! The moment when this side's kernel knows of it: the server's end of stream, or its reset. What was said before is
//! read to its end then, so that a slow reader too hears why. A server that keeps sending into a full buffer has not
//! ended the connection, whatever it thinks.
//!
//! # What it does not do
//!
//! Between two calls of [`Crowd::run_for`] nobody moves, and an end is noticed with the next one. A crowd that shall be
//! slow while others ask has a thread of its own.

mod connect;
mod engine;
mod plan;
mod scan;
mod tally;
mod visitor;

pub use engine::Crowd;
pub use plan::{
    Behaviour, EVERY_MAX, Group, PIECE_BYTES_MAX, Plan, REPEATS_MAX, SAYS_BYTES_MAX, SOURCES_MAX, TOTAL_MAX,
};
pub use tally::{GroupTally, SEEN_KEPT_MAX, Seen, Tally};
