//! Retrying with an end: which failures, how often, how long apart, and when to stop.
//!
//! [`FailureKind`] says which failures are worth another try, [`Schedule`] decides after each one, and [`run`] does
//! what was decided against a [`Pause`] (real time, or a test's). Another protocol brings its own failures: all that
//! the schedule asks of them is [`Retryable`].

mod failure;
mod run;
mod schedule;

pub use failure::{Failure, FailureKind, Retryable, Side};
pub use run::{Done, GaveUp, Pause, WallPause, run};
pub use schedule::{ATTEMPTS_MAX_HARD, RetryPolicy, Schedule, Step, StopCause};
