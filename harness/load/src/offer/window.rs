//! The attempts of one connection, by number.
//!
//! ```text
//!    base           watch                 unwritten            next
//!    +------+------+------+------+------+-----------+---------+
//!    | done | given| live | done | live | unwritten | given up|
//!    +------+------+------+------+------+-----------+---------+
//!      answered, or will not be   in flight   waits for the socket
//! ```
//!
//! A server that answers in order empties it from the front. An attempt that was given up stays until its answer comes,
//! so that a late reply is known for what it is; only where the window is at its bound is the oldest of them forgotten.

use std::collections::VecDeque;

use super::group::IN_FLIGHT_MAX;

/// Attempts that one connection remembers.
pub(super) const WINDOW_MAX: usize = 2 * IN_FLIGHT_MAX as usize;

/// A request, wherever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    /// When it was due for the first time.
    pub(super) due_ns: u64,
    /// The place of the connection that it counts for, within its group.
    pub(super) home: u32,
    /// How often it was sent, this time included.
    pub(super) attempt: u32,
    /// Which body.
    pub(super) body: u16,
}

/// One sending of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) request: Request,
    /// After that it has failed.
    pub(super) give_up_ns: u64,
    pub(super) state: State,
}

/// What has become of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Waits for the socket.
    Unwritten,
    /// On its way.
    Live,
    /// Nobody waits for its answer any more. `last`: the counting in which its request was given up with it, where it
    /// was.
    GivenUp { last: Option<u32> },
    /// Answered, or never to be.
    Done,
}

/// See above.
#[derive(Debug, Default)]
pub(super) struct Window {
    attempts: VecDeque<Attempt>,
    base: u64,
    /// The number of the first one that is not written.
    unwritten: u64,
    /// Before this number nobody waits for anything.
    watch: u64,
    /// Unwritten or live.
    waiting: u32,
    /// One past the highest number that had a reply, and that had an answer of any kind.
    replied: u64,
    answered: u64,
    /// One past the highest number that was forgotten.
    forgotten: u64,
}

/// What the number of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// An attempt that has no answer yet.
    Attempt(Attempt),
    /// It was given up so long ago that nothing else is known of it.
    Forgotten,
    /// It has an answer already.
    Answered,
    /// Nobody sent that.
    Never,
}

impl Window {
    /// True while no further attempt may be sent.
    pub(super) fn is_full(&self, in_flight_max: u32) -> bool {
        let oldest_waits = || self.attempts.front().is_some_and(|oldest| waits(oldest.state));
        self.waiting >= in_flight_max || self.attempts.len() >= WINDOW_MAX && oldest_waits()
    }

    /// Adds an attempt, to be written. The caller has asked whether there is room.
    pub(super) fn push(&mut self, request: Request, give_up_ns: u64) {
        if self.attempts.len() >= WINDOW_MAX {
            self.forget_oldest();
        }
        self.attempts.push_back(Attempt { request, give_up_ns, state: State::Unwritten });
        self.waiting += 1;
    }

    /// The next attempt to write, with its number; it is live from here on.
    pub(super) fn write_next(&mut self) -> Option<(u64, Request)> {
        loop {
            let number = self.unwritten;
            let attempt = self.attempts.get_mut(usize::try_from(number.checked_sub(self.base)?).ok()?)?;
            self.unwritten += 1;
            if attempt.state == State::Unwritten {
                attempt.state = State::Live;
                return Some((number, attempt.request));
            }
        }
    }

    /// True where something waits for the socket.
    pub(super) fn wants_write(&self) -> bool {
        self.unwritten < self.base + self.attempts.len() as u64
    }

    /// What is known of the attempt of this number.
    pub(super) fn find(&self, number: u64) -> Found {
        let Some(at) = number.checked_sub(self.base) else {
            return if number < self.forgotten { Found::Forgotten } else { Found::Answered };
        };
        match usize::try_from(at).ok().and_then(|at| self.attempts.get(at)) {
            None => Found::Never,
            Some(Attempt { state: State::Unwritten, .. }) => Found::Never,
            Some(Attempt { state: State::Done, .. }) => Found::Answered,
            Some(attempt) => Found::Attempt(*attempt),
        }
    }

    /// The attempt of this number has its answer. Returns whether a later one had a reply before, and an answer.
    pub(super) fn settle(&mut self, number: u64, is_reply: bool) -> (bool, bool) {
        let late = (is_reply && number < self.replied, number < self.answered);
        if is_reply {
            self.replied = self.replied.max(number + 1);
        }
        self.answered = self.answered.max(number + 1);
        self.change(number, State::Done);
        late
    }

    /// The next attempt that waits past its deadline, oldest first; it is given up from here on.
    pub(super) fn give_up_next(&mut self, now_ns: u64) -> Option<(u64, Attempt)> {
        loop {
            let at = usize::try_from(self.watch.checked_sub(self.base)?).ok()?;
            let attempt = *self.attempts.get(at)?;
            if waits(attempt.state) {
                if now_ns <= attempt.give_up_ns {
                    return None;
                }
                let number = self.watch;
                self.give_up(number);
                return Some((number, attempt));
            }
            self.watch += 1;
        }
    }

    /// Gives this one up.
    pub(super) fn give_up(&mut self, number: u64) {
        // Never written, it has no answer to wait for.
        let written = number < self.unwritten;
        self.change(number, if written { State::GivenUp { last: None } } else { State::Done });
    }

    /// The request was given up with this attempt, in that counting.
    pub(super) fn mark_last(&mut self, number: u64, counting: u32) {
        if let Some(attempt) = self.get_mut(number)
            && attempt.state == (State::GivenUp { last: None })
        {
            attempt.state = State::GivenUp { last: Some(counting) };
        }
    }

    /// The requests that still wait, oldest first: the connection has ended.
    pub(super) fn into_waiting(self) -> impl Iterator<Item = Request> {
        self.attempts.into_iter().filter(|attempt| waits(attempt.state)).map(|attempt| attempt.request)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Attempt> {
        let at = usize::try_from(number.checked_sub(self.base)?).ok()?;
        self.attempts.get_mut(at)
    }

    fn change(&mut self, number: u64, to: State) {
        if let Some(attempt) = self.get_mut(number) {
            let waited = waits(std::mem::replace(&mut attempt.state, to));
            self.waiting -= u32::from(waited && !waits(to));
        }
        while self.attempts.front().is_some_and(|oldest| oldest.state == State::Done) {
            self.pop();
        }
    }

    fn forget_oldest(&mut self) {
        self.pop();
        self.forgotten = self.base;
    }

    fn pop(&mut self) {
        self.attempts.pop_front();
        self.base += 1;
        self.watch = self.watch.max(self.base);
        self.unwritten = self.unwritten.max(self.base);
    }
}

fn waits(state: State) -> bool {
    matches!(state, State::Unwritten | State::Live)
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
