//! Telling every connection at once that the server stops.
//!
//! A pair of connected sockets: when one end is dropped, the other becomes readable and stays so, for as many threads
//! as look. No thread has to be found, woken or counted.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The end that says stop.
#[derive(Debug)]
pub(super) struct StopSender {
    _held_open: UnixStream,
    drained_by: Arc<OnceLock<Instant>>,
}

/// The end that hears it.
#[derive(Debug)]
pub(super) struct StopReceiver {
    closed_on_stop: UnixStream,
    drained_by: Arc<OnceLock<Instant>>,
}

pub(super) fn pair() -> io::Result<(StopSender, StopReceiver)> {
    let (sender, receiver) = UnixStream::pair()?;
    let drained_by = Arc::<OnceLock<Instant>>::default();
    Ok((
        StopSender { _held_open: sender, drained_by: Arc::clone(&drained_by) },
        StopReceiver { closed_on_stop: receiver, drained_by },
    ))
}

impl StopSender {
    /// Says stop; frames that were begun may still be finished until `drained_by`.
    pub(super) fn stop(self, drained_by: Instant) {
        // The time is set before the socket closes, so whoever wakes up finds it.
        let _ = self.drained_by.set(drained_by);
    }
}

impl StopReceiver {
    /// Readable from the stop on.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.closed_on_stop.as_fd()
    }

    /// The end of the drain, once the stop was said.
    pub(super) fn drained_by(&self) -> Option<Instant> {
        self.drained_by.get().copied()
    }
}
