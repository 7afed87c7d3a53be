//! What pulls at a server that speaks frames, and the servers that ours are compared with.
//!
//! # The problem
//!
//! A measurement says something about the server only if it says nothing about the instrument. Three mistakes are so
//! common that most published numbers have at least one of them:
//!
//! 1. **The instrument is the slower part.** A client with a thread for each connection, or one call for each reply,
//!    reaches its limit long before a good server does, and then all servers look alike.
//! 2. **The instrument waits with the server.** A client that sends its next request when it has its reply asks a stalled
//!    server nothing. Of all those who would have come during the stall, one is in the books. Gil Tene named this
//!    *coordinated omission*: the requests that suffered most are the ones that were never sent.
//! 3. **The instrument believes what it gets.** A server that mixes up two replies under load is not fast, it is broken.
//!
//! # Two loops
//!
//! ```text
//!    closed                                        open
//!    request ─► reply ─► request ─► reply          │ │ │ │ │ │ │   due, every 1/rate
//!            └─latency─┘                           ├─┼─┼─┼─┤ │ │
//!    asks as fast as it is answered:               └─┴─latency─┴─► from due to reply, sent late or not
//!    finds the most that a server can do           asks as fast as the world does: finds what a user waits
//! ```
//!
//! [`Pace::Closed`] keeps a fixed number of requests in flight and charges each from its sending; its latency is that of
//! a server at its limit, and comparable only with another one at the same depth. [`Pace::Open`] has a timetable and
//! charges each request from its place in it, so a stall is charged for everybody who would have come meanwhile
//! (`tests/pace.rs` shows both against the same stall).
//!
//! # Why one thread can pull that hard
//!
//! Every request of a group is the same frame but for its sequence number, so both streams of a connection are known
//! beforehand, byte for byte. A connection is then four numbers: how many requests may leave, how many bytes of them have
//! left, how many bytes of replies were right, and how many requests that answers. For k replies there is one read, one
//! comparison, one look at the clock, one entry in the histogram, and one write with k new requests; nothing is allocated,
//! queued or parsed. What remains is the cost of two system calls, which the server pays too. `examples/pull.rs` says what
//! that reaches on a given machine.
//!
//! # Why there is a second engine
//!
//! That knowledge ends where a server may refuse one request and answer the next, which is what a server under more
//! load than it carries has to do. [`offer`] therefore reads each answer and finds its request by the id: answered in
//! time, late, refused, rejected for now, given up, sent again. It costs a look at every frame and an entry for every
//! attempt, and still asks faster than a service that works for its answers. So [`Load`] measures how fast a server is,
//! [`offer`] what becomes of the requests when there are more than it can carry, and [`crowd`] what becomes of the
//! server when its clients take their time.
//!
//! # Invariants
//!
//! - **Every request becomes exactly one thing**: a right reply, a wrong one, an error of one class, or still in flight.
//! - **Every reply is checked in every byte**, with its length and its place in the order; a sequence number belongs to one
//!   connection, so a reply that strays is seen.
//! - **Everything ends**: a request has a deadline, and so has a connection that is being made.
//! - **A greedy client cannot eat the instrument**: its reads and writes are small, and come after everybody else's turn.
//! - **Nothing grows without a bound**: see the constants of [`Plan`], and those of [`offer`], [`crowd`] and [`churn`].
//!
//! # The parts
//!
//! | part | does |
//! | --- | --- |
//! | [`Plan`], [`Group`] | says who pulls, how, and how long |
//! | [`run`], [`Load`] | pull, once or in slots over standing connections, so that contestants can take turns |
//! | [`Outcome`] | what came of it: replies, errors and wrong replies by class, latencies, a series over time |
//! | [`offer`] | more than a server can carry: each answer is read, and failed requests may be sent again |
//! | [`crowd`] | connections that send or read slowly on purpose |
//! | [`churn`] | short connections that end in every way there is |
//! | [`peers`] | echo servers as users of tokio and mio write them |
//! | [`pin`], [`cpu`] | which core, and how much of it |
//!
//! # Why it imports no week
//!
//! Week 2 has a codec, and it would be shorter to use it. But then a mistake in it would be on both ends of the wire, where
//! two mistakes make a right reply; and a faster codec would speed up the instrument along with the server. The few bytes
//! of a frame are written down here a second time, from the format and not from the code.
//!
//! # What it does not do
//!
//! It runs on one core, on Linux, over TCP. [`Load`] has one size of request for each group and knows no arrivals but
//! even ones; [`offer`] has several sizes, and a Poisson process, which is harder on queues. The loopback has no delay
//! and loses nothing: `faults::proxy` adds what is missing. Beyond some million requests a second on one core it takes
//! several processes and merged histograms.

mod answer;
mod bounds;
pub mod churn;
pub mod compare;
pub mod cpu;
pub mod crowd;
mod dial;
mod engine;
mod error;
mod inbox;
pub mod offer;
mod outcome;
pub mod peers;
pub mod pin;
mod plan;
mod poller;
mod socket;
mod strange;
mod wire;

pub use engine::Load;
pub use error::LoadError;
pub use outcome::{Corruption, ErrorClass, GroupOutcome, Interval, LATENCY_NS_MAX, Outcome};
pub use plan::{
    CONNECTIONS_MAX, DEPTH_MAX, Group, INTERVALS_MAX, OPEN_IN_FLIGHT_MAX, OPENING_BYTES_MAX,
    PAYLOAD_BYTES_MAX, Pace, Plan, REQUESTS_PER_SECOND_MAX, Role,
};
pub use wire::Dialect;

/// Carries out a plan: connects, warms up, pulls for its duration, waits for the last replies.
///
/// # Errors
/// As [`Load::connect`] and [`Load::run_for`].
pub fn run(plan: &Plan) -> Result<Outcome, LoadError> {
    let mut load = Load::connect(plan.clone())?;
    if !plan.warm_up.is_zero() {
        load.run_for(plan.warm_up)?;
        load.reset();
    }
    load.run_for(plan.duration)?;
    Ok(load.outcome())
}
