//! Requests that each have a fate of their own: answered, refused, rejected for now, given up, sent again.
//!
//! # The problem
//!
//! [`Load`](crate::Load) knows both streams of a connection byte for byte beforehand, which makes it fast, and blind
//! where a server may refuse one request and answer the next. A server under more load than it can carry does just
//! that. Here every answer is read, and matched to its request by the id.
//!
//! ```text
//!    due ──► attempt 1 ──► rejected ──► pause ──► attempt 2 ──► right reply
//!    └──────────────────────── latency ──────────────────────────────┘
//!             └ deadline ┘                        └─ deadline ─┘
//! ```
//!
//! # Goodput, not throughput
//!
//! What counts is a right reply within the deadline, charged from the moment when its request was *due* and through all
//! its attempts. A right reply to an attempt that was given up is work that the server did for nobody: it has a counter
//! of its own, because a server that does mostly such work looks busy and serves no one (Bronson, Aghayev, Charapko and
//! Zhu, "Metastable Failures in Distributed Systems", HotOS 2021).
//!
//! # Invariants
//!
//! - **Every request becomes exactly one thing**: `requests + carried = right + late + rejected + timed_out + failed +
//!   wrong + in_flight`, at any moment ([`GroupOutcome::settled`]).
//! - **An id is used once.** A retry is the same request under a new id, so an answer belongs to one attempt.
//! - **The timetable does not wait for the server, nor for the caller**: what came due between two pushes leaves with
//!   the second one and is charged from when it was due.
//! - **Everything ends**: an attempt has a deadline, a retry a last moment, a drain at most two deadlines.
//! - **Everything has a bound**: attempts on a connection, attempts remembered, retries waiting, codes told apart.
//!
//! # What it does not do
//!
//! A policy that behaves well ([`Retry`]) comes from outside: this crate knows none ([`NoRetry`]) and a naive one
//! ([`Eager`]). An attempt cannot be cancelled on the wire. Who gives up keeps the connection, so a late reply can
//! still be seen; a client that closes instead would make the server's work invisible.

mod bodies;
mod connect;
mod engine;
mod fate;
mod group;
mod id;
mod link;
mod outcome;
mod plan;
mod retry;
mod run;
mod tally;
mod timetable;
mod turn;
mod window;

pub use engine::Offer;
pub use group::{
    Arrivals, BODY_BYTES_MAX, DEADLINE_MAX, Expected, Form, Group, IN_FLIGHT_MAX, Importance, RetryFactory,
    SIZES_MAX, Size, Spacing, WEIGHT_MAX,
};
pub use outcome::{GroupOutcome, Interval, Outcome};
pub use plan::{BODIES_BYTES_MAX, Plan};
pub use retry::{Eager, NoRetry, RETRIES_WAITING_MAX, Retry, Why};
