//! Readiness by `epoll`: the kernel keeps the list, and a wait returns only what happened.
//!
//! ```text
//!     add, modify, remove                      wait
//!            |                                   ^
//!            v                                   |  at most EVENTS_PER_WAIT_MAX
//!     interest list (a tree by descriptor)  ready list (a queue)
//!       7 -> IN        token               [ 9 ][ 7 ]
//!       9 -> IN | OUT  token                 |
//!       ...ten thousand idle ones...         +-- level-triggered: goes back to the end of the queue as it is told,
//!                                                and is looked at again at its turn
//! ```
//!
//! `select` and `poll` carry the whole population into the kernel and ask it, at every call. Here registering costs a
//! call when an interest changes, and waiting costs what is ready: ten thousand idle connections cost a wait nothing.
//!
//! # Which trigger
//!
//! **Level-triggered, by choice.** A ready descriptor is told until it is not ready. The other mode, `EPOLLET`, tells it
//! once for each change, and leaves it to the program to remember who is not finished. What decided:
//!
//! | question | level | edge |
//! | --- | --- | --- |
//! | what a handler must do | as much as it likes | go on until `EAGAIN`, or keep a list of its own of the unfinished |
//! | calls for a request that fits one read | read, write | read, a read that says `EAGAIN`, write |
//! | a peer that never stops sending | bounded work a turn; the kernel tells it again, after the others | drained first (it starves the others), or into the list |
//! | changing interest | one `epoll_ctl` for each change | none: both directions are registered once |
//! | a handler with a bug that stops early | does its work a turn later | one connection that hangs until its timeout |
//!
//! The loop bounds what one connection may do in a turn, because fairness is a promise of week 3. Under edge-triggering
//! that bound needs a ready list in user space, in other words what the kernel has already. Level-triggering with bounded
//! work is fair with no such list, and saves the read that only says "nothing more". (A read that was short can stand for
//! that one, but not safely: an end that came together with the bytes is no further edge, as a test shows. Programs that
//! rely on short reads have to ask for `EPOLLRDHUP` as well.)
//!
//! What it costs: a call whenever a peer starts or stops to be slow, since the interest in room comes and goes. A proxy
//! whose peers are nearly all slow, or a loop shared by several threads, where a level wakes all of them, would be
//! reasons to choose otherwise.
//!
//! # No wakeup is missed
//!
//! | | invariant | shown by (`conformance epoll::…`, unless it says otherwise) |
//! | --- | --- | --- |
//! | W1 | what is ready when an interest begins is told by the next wait; the kernel looks at registration, not only at change | `interest::what_arrived_without_interest_is_told_with_it`, `time::no_wakeup_is_lost_between_a_change_of_interest_and_the_wait` |
//! | W2 | half-done work is told again | `readiness::half_of_the_work_done_is_told_again_and_all_of_it_is_not`; what an edge does there: `epoll an_edge_is_not_told_again_after_half_a_read`, `epoll an_edge_hides_an_end_behind_a_short_read` |
//! | W3 | an end or an error wakes whoever waits for anything | `endings::a_reset_frees_a_writer_from_a_full_buffer` and the others in that group |
//! | W4 | what does not fit an answer stays ready for the next | `epoll what_does_not_fit_one_answer_comes_first_in_the_next` |
//! | W5 | nobody is woken for nothing: no interest is silence, and a timeout is rounded up | `interest::no_interest_is_silence_even_after_a_hang_up`, `time::a_wait_without_events_lasts_for_its_timeout` |
//!
//! # Nobody starves
//!
//! | | invariant | shown by |
//! | --- | --- | --- |
//! | S1 | an answer is bounded, whoever is ready | `epoll what_does_not_fit_one_answer_comes_first_in_the_next` |
//! | S2 | of n who are ready each is told within n waits. The kernel goes round its ready list: `epoll_wait(2)`, NOTES | `many::everybody_who_is_ready_is_told_within_bounded_waits` |
//! | S3 | one that is always ready hides no other | `many::a_busy_descriptor_hides_no_quiet_one` |
//!
//! S4 belongs to the loop: a turn ends after bounded work for each connection. Together they say that a polite client
//! waits for at most one bounded turn of each of the others.

mod silent;

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use event_loop::{Event, Interest, Poller, PollerError, Token};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use self::silent::SilentSet;

/// Events in one answer. What else is ready is in the next ones; a larger answer would only make a turn longer.
pub const EVENTS_PER_WAIT_MAX: usize = 1024;

/// The longest wait in one call: `epoll_wait` takes milliseconds in 31 bits, about 24 days.
const WAIT_MS_MAX: u64 = i32::MAX as u64;

/// A poller over `epoll`.
pub struct Epoll {
    epoll: OwnedFd,
    /// Who is known here and not in the kernel's list.
    silent: SilentSet,
    /// Where the kernel writes its answer.
    answer: Box<[MaybeUninit<epoll::Event>]>,
}

// ANCHOR: flags
/// What the kernel is asked to watch for. It adds errors and hang-ups by itself.
fn flags_of(interest: Interest) -> epoll::EventFlags {
    // lab:hole epoll-http.trigger
    let mut flags = epoll::EventFlags::empty();
    flags.set(epoll::EventFlags::IN, interest.readable);
    flags.set(epoll::EventFlags::OUT, interest.writable);
    flags
    // lab:stub todo!("epoll-http.trigger: one flag for each direction, and the trigger that you can argue for")
    // lab:end
}
// ANCHOR_END: flags

// ANCHOR: event
/// The kernel's event, as the loop's. What was asked for is not known here, so an error counts as both.
fn event_of(event: &epoll::Event) -> Event {
    // lab:hole epoll-http.event
    let (flags, data) = (event.flags, event.data);
    let failed = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
    Event {
        token: Token::from_bits(data.u64()),
        readable: failed || flags.contains(epoll::EventFlags::IN),
        writable: failed || flags.contains(epoll::EventFlags::OUT),
        failed,
    }
    // lab:stub todo!("epoll-http.event: the token out of 64 bits, and the flags that nobody asked for")
    // lab:end
}
// ANCHOR_END: event

/// A timeout as the kernel takes it: whole milliseconds, never fewer than were asked for.
fn timeout_of(timeout: Duration) -> Timespec {
    // lab:hole epoll-http.timeout
    let millis = timeout.as_nanos().div_ceil(1_000_000).min(u128::from(WAIT_MS_MAX)) as u64;
    Timespec { tv_sec: (millis / 1000) as i64, tv_nsec: (millis % 1000 * 1_000_000) as _ }
    // lab:stub todo!("epoll-http.timeout: round up to milliseconds, and stay within 31 bits of them")
    // lab:end
}

impl Epoll {
    fn enter(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), Errno> {
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(token.to_bits()), flags_of(interest))
    }
}

/// The kernel's answer to a registration, in the words of the trait.
fn refusal(errno: Errno, fd: BorrowedFd<'_>) -> PollerError {
    match errno {
        Errno::EXIST => PollerError::Known(fd.as_raw_fd()),
        Errno::NOENT => PollerError::Unknown(fd.as_raw_fd()),
        errno => PollerError::System(errno.into()),
    }
}

impl Poller for Epoll {
    const NAME: &'static str = "epoll";

    fn new() -> io::Result<Self> {
        Ok(Epoll {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            silent: SilentSet::default(),
            answer: Box::new_uninit_slice(EVENTS_PER_WAIT_MAX),
        })
    }

    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError> {
        if self.silent.contains(fd.as_raw_fd()) {
            return Err(PollerError::Known(fd.as_raw_fd()));
        }
        self.enter(fd, token, interest).map_err(|errno| refusal(errno, fd))?;
        if interest == Interest::NONE {
            // Entered first, so that the kernel says whether it is known, and whether it can be watched at all.
            self.modify(fd, token, interest)?;
        }
        Ok(())
    }

    // ANCHOR: modify
    fn modify(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError> {
        // lab:hole epoll-http.modify
        let number = fd.as_raw_fd();
        let data = epoll::EventData::new_u64(token.to_bits());
        let done = match (self.silent.contains(number), interest == Interest::NONE) {
            (false, false) => epoll::modify(&self.epoll, fd, data, flags_of(interest)),
            (false, true) => epoll::delete(&self.epoll, fd).map(|()| self.silent.insert(number)),
            (true, false) => self.enter(fd, token, interest).map(|()| self.silent.remove(number)),
            (true, true) => Ok(()),
        };
        done.map_err(|errno| refusal(errno, fd))
        // lab:stub todo!("epoll-http.modify: in and out of silence, and from one interest to another")
        // lab:end
    }
    // ANCHOR_END: modify

    fn remove(&mut self, fd: BorrowedFd<'_>) -> Result<(), PollerError> {
        if self.silent.contains(fd.as_raw_fd()) {
            self.silent.remove(fd.as_raw_fd());
            return Ok(());
        }
        epoll::delete(&self.epoll, fd).map_err(|errno| refusal(errno, fd))
    }

    // ANCHOR: wait
    fn wait(&mut self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        // lab:hole epoll-http.wait
        events.clear();
        let timeout = timeout.map(timeout_of);
        match epoll::wait(&self.epoll, &mut *self.answer, timeout.as_ref()) {
            Ok((answer, _)) => {
                events.extend(answer.iter().map(event_of));
                Ok(())
            }
            Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
        // lab:stub todo!("epoll-http.wait: one bounded answer; an interrupted call is an answer without events")
        // lab:end
    }
    // ANCHOR_END: wait
}

impl std::fmt::Debug for Epoll {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Epoll").field("epoll", &self.epoll).finish_non_exhaustive()
    }
}

impl AsFd for Epoll {
    /// The poller's own descriptor, readable while it has events.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_shortened_to_fit_milliseconds() {
        let millis = |timeout| {
            let timeout = timeout_of(timeout);
            timeout.tv_sec as u64 * 1000 + timeout.tv_nsec as u64 / 1_000_000
        };
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_nanos(1)), 1);
        assert_eq!(millis(Duration::from_millis(1)), 1);
        assert_eq!(millis(Duration::from_nanos(1_000_001)), 2);
        assert_eq!(millis(Duration::from_millis(WAIT_MS_MAX)), WAIT_MS_MAX);
        assert_eq!(millis(Duration::from_millis(WAIT_MS_MAX + 1)), WAIT_MS_MAX);
        assert_eq!(millis(Duration::MAX), WAIT_MS_MAX);
    }
}
