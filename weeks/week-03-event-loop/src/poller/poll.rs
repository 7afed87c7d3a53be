//! Readiness by `poll`: a list that is as long as it has to be.
//!
//! ```text
//!     places (by descriptor)            list (dense, what the kernel reads and writes)
//!     3: silent                         0: fd 9, events IN        revents ...     watched[0]: token, interest
//!     4: at 2                           1: fd 7, events IN | OUT  revents ...     watched[1]
//!     7: at 1                           2: fd 4, events OUT       revents ...     watched[2]
//!     9: at 0
//! ```
//!
//! An entry has one field for what is of interest and one for what is ready, so nothing has to be copied for a call, and
//! a number may be as high as the process may open. What `poll` keeps of `select`'s price: the whole list travels into
//! the kernel at each call, and all of it is asked, however few are ready.
//!
//! A descriptor without interest is not in the list at all. It could be (with `events` at zero), but the kernel reports
//! errors and hang-ups to those who did not ask, and a loop that has decided not to look would be woken for ever.
//!
//! Adding, changing and removing take constant time: a place leads from the number into the list, and the last entry
//! moves into the gap that a removal leaves. The places are as many as the highest descriptor that was ever added; the
//! system's descriptor limit bounds them.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

use super::raw;
use super::{Event, Interest, Poller, PollerError, Token};

/// A poller over `poll`.
#[derive(Debug)]
pub struct Poll {
    /// By descriptor.
    places: Vec<Place>,
    /// What the kernel sees.
    list: Vec<PollFd<'static>>,
    /// Whose each entry of the list is; the same order.
    watched: Vec<Watched>,
}

/// Where a descriptor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Unknown,
    /// Known, with no interest: not in the list.
    Silent,
    /// In the list, at this index.
    At(u32),
}

#[derive(Debug, Clone, Copy)]
struct Watched {
    fd: i32,
    token: Token,
    interest: Interest,
}

fn flags_of(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.readable);
    flags.set(PollFlags::OUT, interest.writable);
    flags
}

/// What the kernel's answer means to somebody with this interest.
fn event_of(watched: Watched, answer: PollFlags) -> Event {
    // lab:hole event-loop.poll-event
    let failed = answer.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
    Event {
        token: watched.token,
        readable: watched.interest.readable && (failed || answer.contains(PollFlags::IN)),
        writable: watched.interest.writable && (failed || answer.contains(PollFlags::OUT)),
        failed,
    }
    // lab:stub todo!("event-loop.poll-event: translate IN, OUT, and the three flags that nobody asks for")
    // lab:end
}

impl Poll {
    fn place(&self, fd: BorrowedFd<'_>) -> Place {
        self.places.get(fd.as_raw_fd() as usize).copied().unwrap_or(Place::Unknown)
    }

    fn set_place(&mut self, fd: i32, place: Place) {
        let number = fd as usize;
        if self.places.len() <= number {
            self.places.resize(number + 1, Place::Unknown);
        }
        self.places[number] = place;
    }

    /// Puts a descriptor that is not in the list at its end, or leaves it out where there is no interest.
    fn enter(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) {
        if interest == Interest::NONE {
            return self.set_place(fd.as_raw_fd(), Place::Silent);
        }
        self.set_place(fd.as_raw_fd(), Place::At(self.list.len() as u32));
        self.list.push(PollFd::from_borrowed_fd(raw::until_removed(fd), flags_of(interest)));
        self.watched.push(Watched { fd: fd.as_raw_fd(), token, interest });
    }

    /// Takes the entry at `index` out of the list, and keeps every other descriptor's place true.
    fn leave(&mut self, index: usize) {
        // lab:hole event-loop.poll-leave
        self.list.swap_remove(index);
        self.watched.swap_remove(index);
        if let Some(moved) = self.watched.get(index) {
            self.places[moved.fd as usize] = Place::At(index as u32);
        }
        // lab:stub todo!("event-loop.poll-leave: close the gap in constant time")
        // lab:end
    }
}

impl Poller for Poll {
    const NAME: &'static str = "poll";

    fn new() -> io::Result<Self> {
        Ok(Poll { places: Vec::new(), list: Vec::new(), watched: Vec::new() })
    }

    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError> {
        if self.place(fd) != Place::Unknown {
            return Err(PollerError::Known(fd.as_raw_fd()));
        }
        self.enter(fd, token, interest);
        Ok(())
    }

    fn modify(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError> {
        // lab:hole event-loop.poll-modify
        match self.place(fd) {
            Place::Unknown => return Err(PollerError::Unknown(fd.as_raw_fd())),
            Place::Silent => self.enter(fd, token, interest),
            Place::At(index) if interest == Interest::NONE => {
                self.leave(index as usize);
                self.set_place(fd.as_raw_fd(), Place::Silent);
            }
            Place::At(index) => {
                let index = index as usize;
                self.list[index] = PollFd::from_borrowed_fd(raw::until_removed(fd), flags_of(interest));
                self.watched[index] = Watched { fd: fd.as_raw_fd(), token, interest };
            }
        }
        Ok(())
        // lab:stub todo!("event-loop.poll-modify: four cases, by where the descriptor is and whether it is to be silent")
        // lab:end
    }

    fn remove(&mut self, fd: BorrowedFd<'_>) -> Result<(), PollerError> {
        match self.place(fd) {
            Place::Unknown => return Err(PollerError::Unknown(fd.as_raw_fd())),
            Place::Silent => {}
            Place::At(index) => self.leave(index as usize),
        }
        self.set_place(fd.as_raw_fd(), Place::Unknown);
        Ok(())
    }

    fn wait(&mut self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        // The kernel waits to the nanosecond here. A duration beyond its range is as good as for ever.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut ready = match rustix::event::poll(&mut self.list, timeout.as_ref()) {
            Ok(ready) => ready,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for (entry, watched) in self.list.iter().zip(&self.watched) {
            if ready == 0 {
                break;
            }
            let answer = entry.revents();
            if !answer.is_empty() {
                ready -= 1;
                events.push(event_of(*watched, answer));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_hang_ups_wake_only_the_interest_that_exists() {
        let watched = |interest| Watched { fd: 0, token: Token::new(0, 0), interest };
        for flag in [PollFlags::ERR, PollFlags::HUP, PollFlags::NVAL] {
            let told = |interest| {
                let event = event_of(watched(interest), flag);
                (event.readable, event.writable, event.failed)
            };
            assert_eq!(told(Interest::READ), (true, false, true));
            assert_eq!(told(Interest::WRITE), (false, true, true));
            assert_eq!(told(Interest::BOTH), (true, true, true));
        }
        let healthy = event_of(watched(Interest::BOTH), PollFlags::IN);
        assert!(healthy.readable && !healthy.writable && !healthy.failed);
    }
}
