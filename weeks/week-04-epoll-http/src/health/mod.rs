//! A health endpoint on the event loop: what a server says about itself to whoever asks over HTTP.
//!
//! # The problem
//!
//! A process that runs is not a process that serves. Whoever restarts it, routes to it or is woken because of it has to
//! ask, and the question has to travel the way that requests do: through the same loop, whose being stuck is the very
//! thing one wants to know. So the endpoint is no thread beside the server but one more listener of its loop.
//!
//! ```text
//!                      +--------------------- one loop, one thread --------------------+
//!   echo clients ----->| listener 0 --> Beside --> frames: Echo, Feed                  |
//!                      |                  |  counts both                               |
//!   http-get, probes ->| listener 1 --> Beside --> Health --> /health  what it counted |
//!                      |                             |         /ready   its last check |
//!                      |       wake_at, each second: +-> SelfCheck                     |
//!                      +---------------------------------------------------------------+
//! ```
//!
//! # Two questions
//!
//! | path | means | says no when |
//! | --- | --- | --- |
//! | `/health` | "are you alive?" For whoever may restart the process | never: a process that cannot answer does not answer |
//! | `/ready` | "shall I send you work?" For whoever routes | it is stopping, or its last check of itself failed |
//!
//! Mixing them up is how a busy server gets restarted for being busy, and its load falls onto the next one.
//!
//! # Invariants
//!
//! 1. Every whole request is answered, in the order in which they came, under its own id, and leaves one record.
//! 2. A request whose end is unclear is answered with what is wrong, and then the connection ends: the bytes behind it
//!    are not read as another request.
//! 3. Requests are bounded in bytes, fields and time ([`crate::http::RequestParser`], [`framing::Deadlines`]).
//! 4. What is reported was counted or checked. Nothing asks the clock of the wall, so no answer has a Date.
//!
//! # What a production system adds
//!
//! Metrics in a form that is collected (counters, histograms). Authentication, or at least an address that only the
//! inside can reach, since counts tell a stranger more than he needs. Checks of what the service depends on, with care:
//! when a shared dependency fails, a readiness that follows it takes out every server at once.

mod answer;
mod beside;
mod check;
mod endings;
mod serve;
mod tally;

pub use answer::Answer;
pub use beside::{Beside, BesideSession};
pub use check::{CHECK_PERIOD, LAG_MAX, SelfCheck, Verdict};
pub use serve::{Health, HealthSession, READ_BYTES_MAX};
pub use tally::{Counts, Tally};
