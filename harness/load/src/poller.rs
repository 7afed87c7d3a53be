//! Waiting for sockets: to the millisecond, and to the microsecond where a request is due.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::LoadError;

/// Events taken from the kernel at once.
const EVENTS_MAX: usize = 1024;
/// What is due sooner is awaited by looking at the clock: the kernel would wake us later.
const SPIN_NS: u64 = 100_000;

/// What a connection that reads is watched for.
pub(crate) const READING: EventFlags = EventFlags::IN.union(EventFlags::RDHUP);

/// An epoll whose sockets are known by their place in a list.
pub(crate) struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    pub(crate) fn new() -> Result<Self, LoadError> {
        let epoll =
            epoll::create(CreateFlags::CLOEXEC).map_err(|e| LoadError::system("making an epoll", e))?;
        Ok(Poller { epoll })
    }

    pub(crate) fn add(&self, socket: impl AsFd, place: usize, flags: EventFlags) -> Result<(), LoadError> {
        epoll::add(&self.epoll, socket, EventData::new_u64(place as u64), flags)
            .map_err(|e| LoadError::system("watching a connection", e))
    }

    pub(crate) fn modify(&self, socket: impl AsFd, place: usize, flags: EventFlags) -> Result<(), LoadError> {
        epoll::modify(&self.epoll, socket, EventData::new_u64(place as u64), flags)
            .map_err(|e| LoadError::system("watching a connection", e))
    }

    /// Waits until a socket is ready, at most `left_ns` to the millisecond and `due_in_ns` to the microsecond, and
    /// writes down which are.
    pub(crate) fn wait(
        &self,
        left_ns: u64,
        due_in_ns: u64,
        ready: &mut Vec<(usize, EventFlags)>,
    ) -> Result<(), LoadError> {
        if due_in_ns >= left_ns {
            return self.take(left_ns.div_ceil(1_000_000), ready);
        }
        if due_in_ns > SPIN_NS {
            // Epoll's own timeout is in milliseconds; `poll` on the epoll descriptor waits to the nanosecond.
            let timeout = timespec(due_in_ns - SPIN_NS / 2);
            let mut on = [PollFd::new(&self.epoll, PollFlags::IN)];
            match rustix::event::poll(&mut on, Some(&timeout)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(LoadError::system("waiting for connections", error)),
            }
        }
        self.take(0, ready)
    }

    fn take(&self, ms: u64, ready: &mut Vec<(usize, EventFlags)>) -> Result<(), LoadError> {
        ready.clear();
        // Not kept in the poller: an event may hold a pointer, and who holds one is not sent to another thread.
        let mut events = [const { MaybeUninit::<Event>::uninit() }; EVENTS_MAX];
        let timeout = timespec(ms.saturating_mul(1_000_000));
        match epoll::wait(&self.epoll, &mut events, Some(&timeout)) {
            Ok((events, _)) => {
                ready.extend(events.iter().map(|event| (event.data.u64() as usize, event.flags)));
                Ok(())
            }
            Err(Errno::INTR) => Ok(()),
            Err(error) => Err(LoadError::system("waiting for connections", error)),
        }
    }
}

fn timespec(ns: u64) -> Timespec {
    Timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as i64 }
}
