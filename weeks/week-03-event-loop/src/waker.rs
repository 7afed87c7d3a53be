//! Waking the loop from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

/// Wakes a loop that waits, from any thread. Any number of wakes before the loop looks are one.
#[derive(Debug, Clone)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let counter = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Waker(Arc::new(counter)))
    }

    /// Makes the loop call [`Service::wake`](crate::Service::wake) soon. Never waits.
    pub fn wake(&self) {
        // A counter that is full (EAGAIN) wakes as well as one that was just raised.
        while rustix::io::write(&*self.0, &1u64.to_ne_bytes()) == Err(Errno::INTR) {}
    }

    /// Takes all wakes so far.
    pub(crate) fn take(&self) {
        let mut count = [0; 8];
        while rustix::io::read(&*self.0, &mut count) == Err(Errno::INTR) {}
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (*self.0).as_fd()
    }
}
