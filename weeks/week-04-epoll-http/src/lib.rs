//! epoll, timers in constant time, a strict HTTP client, and a server that says how it is.
//!
//! # The problem
//!
//! The loop of week 3 asks about every connection in every turn: who is ready, whose time is over. Both questions cost
//! more with each connection, busy or not, and in a real service nearly all are idle. Here the cost begins to follow the
//! work: the kernel keeps the list of who is waited for, and a wheel keeps the deadlines in an order just good enough to
//! find the next one.
//!
//! Then the first protocol that somebody else has defined. A stranger's answer can be read in more than one way unless
//! one reading is enforced, and a stranger can stall in more than one place. And with two programs that talk, a request
//! has two stories, which are one only if both are told under the same name.
//!
//! # The picture
//!
//! ```text
//!    http-get, any program                      epoll-server
//!    +---------------------------+              +-------------------------------------------+
//!    | client: phases, deadlines |              |  event_loop::EventLoop<Epoll, Wheel, _>   |
//!    | http:   one reading       |  HTTP/1.1    |     |                |            |       |
//!    | framing::retry: a budget  |------------->|  readiness       deadlines     Beside     |
//!    +-------------+-------------+ X-Request-Id |  of interest     in ticks       |    |    |
//!                  |                            |                               Echo  Health|
//!                  v                            +---------------------+---------------------+
//!            client's log  <--- the same request id, one trace --->  server's log
//! ```
//!
//! # Invariants
//!
//! 1. A wait returns what happened, in bounded answers, and no wakeup is missed: the conformance suite of week 3, and the
//!    argument for level-triggering with its list in [`mod@epoll`] (`tests/conformance.rs`, `tests/epoll.rs`).
//! 2. An idle connection costs a bounded number of bytes and no time (`tests/idle.rs` holds ten thousand).
//! 3. No deadline fires early, each fires once, and finding the due ones looks at no others ([`mod@wheel`]; `tests/wheel.rs`
//!    against a naive model).
//! 4. An answer has one reading or is refused under the class that says why, however its bytes are cut ([`http`];
//!    `tests/responses.rs`, `tests/differential.rs`).
//! 5. Each phase of a request has a deadline and a code of its own, and all attempts together a budget ([`client`];
//!    `tests/matrix.rs`).
//! 6. Every whole request to the health endpoint is answered once, in order, under its id; after an unclear one nothing
//!    more is read ([`health`]; `tests/health.rs`).
//! 7. The id that a client chose is in the records of both sides, for every attempt (`tests/trace.rs`).
//! 8. What a peer of the echo hears is what week 2 recorded (`tests/migration.rs`).
//!
//! # The parts
//!
//! | part | does | knows of |
//! | --- | --- | --- |
//! | [`Epoll`] | the poller | descriptors |
//! | [`Wheel`] | the timers | a time that it is told |
//! | [`http`] | requests and answers, both ways | bytes only |
//! | [`client`] | phases, deadlines, attempts | sockets, the resolver |
//! | [`health`] | `/health`, `/ready`, the check of itself | bytes, counts, a time that it is told |
//!
//! # What a production system adds
//!
//! TLS under the client, and a pool of connections instead of one that is kept. Several loops, one a core, with
//! `SO_REUSEPORT` or an acceptor before them, since one thread is one core. `io_uring` where system calls are what is
//! left to save. HTTP/2 for whoever talks to many. A trace that travels as W3C `traceparent` with spans and sampling,
//! and leaves the machine: an id in two logs answers questions about two processes, and somebody has to collect the logs
//! of two hundred.

pub mod catalog;
pub mod client;
pub mod epoll;
pub mod health;
pub mod http;
pub mod wheel;

pub use catalog::CATALOG;
pub use epoll::Epoll;
pub use wheel::Wheel;
