//! Ctrl-C and SIGTERM: remembered, so that whoever waits for a child can end it first.
//!
//! Children run in process groups of their own, which a terminal's Ctrl-C does not reach. That is on purpose: we end
//! them in an order that lets each test runner end its own children, and no half-written file stays behind.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::error::{Failure, INTERRUPTED};

/// What the signal handlers feed.
struct Caught {
    /// Becomes readable with the first signal, and stays so: nobody drains it.
    wake: UnixStream,
    /// The signal's number; 0 before any.
    signal: Arc<AtomicUsize>,
}

static CAUGHT: OnceLock<Caught> = OnceLock::new();

/// Takes over SIGINT and SIGTERM for the rest of the process. Called once, by `main`.
pub fn install() -> std::io::Result<()> {
    let (wake, writer) = UnixStream::pair()?;
    let signal = Arc::new(AtomicUsize::new(0));
    for (number, value) in [(SIGINT, SIGINT as usize), (SIGTERM, SIGTERM as usize)] {
        signal_hook::flag::register_usize(number, Arc::clone(&signal), value)?;
        signal_hook::low_level::pipe::register(number, writer.try_clone()?)?;
    }
    let _ = CAUGHT.set(Caught { wake, signal });
    Ok(())
}

/// The signal that asked us to stop, if any.
pub fn signal() -> Option<i32> {
    let number = CAUGHT.get()?.signal.load(Ordering::SeqCst);
    i32::try_from(number).ok().filter(|n| *n != 0)
}

/// Fails once a signal asked us to stop: for the gaps between children.
pub fn check() -> Result<(), Failure> {
    match signal() {
        Some(SIGTERM) => Err(Failure::new(&INTERRUPTED, "stopped by SIGTERM")),
        Some(_) => Err(Failure::new(&INTERRUPTED, "stopped by Ctrl-C")),
        None => Ok(()),
    }
}

/// Ends this process the way the signal would have, so that a calling shell sees an interruption and not a failure.
pub fn die_of_it() {
    if let Some(signal) = signal() {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
}

/// Readable once a signal came; for `poll`.
pub(super) fn wake() -> Option<BorrowedFd<'static>> {
    CAUGHT.get().map(|caught| caught.wake.as_fd())
}
