//! The seam between the loop and the system call that waits.
//!
//! The loop says which descriptors it cares about and what for; the poller says which of them are ready. Everything
//! that differs between `select`, `poll` and `epoll` (bitmaps, lists, kernel tables) stays on the other side of this
//! trait, so that exchanging one for another changes no byte on the wire.
//!
//! # Contract
//!
//! 1. **Level-triggered.** A descriptor that is ready and of interest is in the answer of *every* [`wait`](Poller::wait)
//!    until it is no longer ready or no longer of interest. A caller that does half of the work is told again.
//! 2. Readiness is a hint: the call that follows may still answer `EAGAIN`.
//! 3. An end of stream and an error make a descriptor readable, an error makes it writable too: each where it was asked
//!    for, and with [`Event::failed`] perhaps beyond. That flag says more where the system call does, which `select` does
//!    not; the read or write that follows always does. [`Interest::NONE`] is silence: whatever happens to the descriptor,
//!    a hang-up included, is told once there is an interest again.
//! 4. A descriptor is removed before it is closed.
//! 5. One `wait` reports a token at most once, and an interrupted call is an answer without events.
//! 6. A wait without events that no signal ended lasted for its timeout: what a system call cannot express is rounded up,
//!    so that a loop does not spin in front of a deadline.
//!
//! Each sentence has its checks in [`conformance`](mod@crate::conformance), which every implementation passes.

mod poll;
mod raw;
mod select;
mod set;
mod token;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

pub use poll::Poll;
pub use select::Select;
pub use set::SELECT_DESCRIPTORS_MAX;
pub use token::Token;

// ANCHOR: interest
/// What a descriptor is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest {
    /// Bytes, an end of stream, a connection to accept.
    pub readable: bool,
    /// Room in the send buffer.
    pub writable: bool,
}

/// One descriptor that is ready, for what it was watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Whose descriptor it is.
    pub token: Token,
    /// A read makes progress: bytes, an end, or the error itself.
    pub readable: bool,
    /// A write makes progress, or fails with the reason.
    pub writable: bool,
    /// The kernel reports an error or a full hang-up, beside what was asked for. Never on a healthy descriptor; not every
    /// poller is told.
    pub failed: bool,
}
// ANCHOR_END: interest

impl Interest {
    /// Nothing for now, not even a hang-up; the descriptor stays known.
    pub const NONE: Interest = Interest { readable: false, writable: false };
    /// Something to read.
    pub const READ: Interest = Interest { readable: true, writable: false };
    /// Room to write.
    pub const WRITE: Interest = Interest { readable: false, writable: true };
    /// Both.
    pub const BOTH: Interest = Interest { readable: true, writable: true };
}

// ANCHOR: poller
/// Waits for readiness.
pub trait Poller: Sized {
    /// The name of the system call, for logs and tables.
    const NAME: &'static str;

    /// A poller that watches nothing.
    ///
    /// # Errors
    /// What the system reports; only a poller that needs a descriptor of its own can fail.
    fn new() -> io::Result<Self>;

    /// Watches a descriptor from now on.
    ///
    /// # Errors
    /// [`PollerError::OutOfRange`] where this poller cannot hold the descriptor, [`PollerError::Known`] where it
    /// already does, [`PollerError::System`] otherwise.
    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError>;

    /// Changes what a watched descriptor is watched for.
    ///
    /// # Errors
    /// [`PollerError::Unknown`] for one that is not watched, [`PollerError::System`] otherwise.
    fn modify(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError>;

    /// Forgets a descriptor. To be called before it is closed.
    ///
    /// # Errors
    /// As for [`modify`](Self::modify).
    fn remove(&mut self, fd: BorrowedFd<'_>) -> Result<(), PollerError>;

    /// Waits until something is ready, at most for `timeout` (`None`: for as long as it takes), and replaces the
    /// contents of `events` by what is. A signal ends the wait early, with no events. A poller may report only some
    /// of what is ready, as long as it gets to the others in its next calls.
    ///
    /// # Errors
    /// What the system reports.
    fn wait(&mut self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()>;
}
// ANCHOR_END: poller

// ANCHOR: error
/// Why a descriptor cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum PollerError {
    /// The poller has no place for a descriptor of this number.
    #[error("descriptor {fd} is beyond {poller}, which ends at {last}")]
    OutOfRange {
        /// The descriptor.
        fd: i32,
        /// The highest that fits.
        last: i32,
        /// The poller's name.
        poller: &'static str,
    },
    /// It is watched already.
    #[error("descriptor {0} is watched already")]
    Known(i32),
    /// It is not watched.
    #[error("descriptor {0} is not watched")]
    Unknown(i32),
    /// The system refused.
    #[error("the system does not watch the descriptor: {0}")]
    System(#[from] io::Error),
}
// ANCHOR_END: error
