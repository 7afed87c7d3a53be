//! Deadlines in constant time: the hierarchical timer wheel of Varghese and Lauck (SOSP 1987, scheme 7).
//!
//! # The problem
//!
//! A server sets a deadline for every connection and takes it back on nearly every request; hardly one in a thousand ever
//! passes. A heap pays a logarithm for each setting and leaves what was cancelled lying around; a list is looked through
//! from end to end to find one. Both order *all* deadlines, although only the next few matter.
//!
//! # The picture
//!
//! A wheel sorts deadlines as a post office does letters: finely for this town, coarsely for the rest of the world, and
//! again when the sack arrives. Time is counted in ticks of one millisecond, and a tick is a number in base 64:
//!
//! ```text
//!  tick = … digit 2 · 64² + digit 1 · 64 + digit 0
//!
//!                now                           how far one slot reaches     how far the level reaches
//!  level 0   [..........|X....X...........]    1 ms                          64 ms
//!  level 1   [...|......X......XX.........]   64 ms                         4.1 s
//!  level 2   [......|..X..................]   4.1 s                         4.4 min
//!  level 3   [.|..........................]   4.4 min                       4.7 h
//!  level 4   [|...........................]   4.7 h                          12 days
//!  level 5   [|...................X.......]    12 days                      2.2 years, as a ring
//!             ^ each level has 64 slots and one word that says which of them are occupied
//! ```
//!
//! A deadline lies on the level of the highest digit in which it differs from now, in the slot of that digit. When time
//! reaches the slot, what is due is told, and the rest *cascades*: it differs only in lower digits by then, so it moves
//! down at least one level. Setting is a shift and a push onto a list, and the next occupied slot is one instruction on a
//! word. Nobody ever looks through the deadlines.
//!
//! # Postponed, taken back
//!
//! A request postpones the idle deadline of its connection, and the next one does it again, a thousand times before the
//! first of these deadlines would have passed. So a deadline that moves to a later time stays in its list, and one that
//! is taken back stays there as well, marked: either costs one store into a node that is at hand. When the slot's time
//! comes, the node is sorted in by the deadline that it has by then, or dropped. The price is a wake-up in which nothing
//! is due: at most one for each slot, however many deadlines it held.
//!
//! # Why a tick of one millisecond
//!
//! `poll` and the classic `epoll_wait` count their timeouts in milliseconds, and a thread that sleeps is woken some tens
//! of microseconds late by default (`PR_SET_TIMERSLACK`), so little would come of a finer tick. A coarser one would be felt: a heartbeat of 50 ms with a tick of 10 ms is a fifth late. And what is due
//! within the same millisecond wakes the loop once: a hundred thousand deadlines within a second are at most a thousand
//! wake-ups. Deadlines are rounded **up** to a tick, never down, because "not before" is the promise.
//!
//! # Invariants
//!
//! 1. A deadline lies in a slot that begins after the present tick, and at or before its own. So when every slot that has
//!    begun has been emptied, everything that is due has been told.
//! 2. Every slot below the top level shares all higher digits with now, so the lowest occupied level has the earliest one,
//!    and `next` looks at one word a level.
//! 3. A cascade moves a deadline down at least one level, so a setting pays for at most five of them, and for one more
//!    look at it if it was postponed or taken back.
//! 4. A deadline beyond the horizon of the top level lies in its last slot, and is sorted in again from there.
//! 5. One node a place, one list a slot; a place is in at most one list. After the table has grown to the number of
//!    places, nothing is allocated, and the table is as bounded as the loop's places are.
//! 6. After a long sleep the work is that for what lies in slots that have begun, not for the ticks that have passed
//!    ([`Wheel::work`] counts it).
//!
//! # Periodic work
//!
//! A wheel tells a deadline once. What shall happen every second, such as a health check, is a
//! [`Service::wake_at`](event_loop::Service::wake_at) that is the last *planned* time plus the period: adding the period to
//! the time of the wake-up would add its lateness as well, and the schedule would drift.
//!
//! # What a production system adds
//!
//! - **One wheel a thread.** A wheel that threads share needs a lock around each setting; Linux, tokio and Netty all keep
//!   one for each core or each event loop instead.
//! - **No cascade at all.** Linux since 4.8 tells a far deadline when its coarse slot comes, up to an eighth late. That is
//!   right for timeouts that nearly never pass, and wrong for a lease.
//! - **Slack.** Deadlines that may be late by a second can share the wake-up of others, and a battery lasts longer.

mod levels;
mod places;

use std::time::{Duration, Instant};

use event_loop::{Timers, Token};

use levels::{Levels, begin_of, tick_after, tick_of};
use places::{Judgement, Places};

/// How finely time is told apart.
pub const TICK: Duration = Duration::from_millis(1);

// ANCHOR: wheel
/// Deadlines by the digits of their time.
#[derive(Debug)]
pub struct Wheel {
    /// Tick 0.
    origin: Instant,
    /// The last tick that `expire` has dealt with.
    now: u64,
    places: Places,
    levels: Levels,
    work: Work,
}
// ANCHOR_END: wheel

/// What a wheel has done so far, counted in steps instead of seconds: a figure that is the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Deadlines that [`Timers::expire`] looked at: told, cascaded or dropped.
    pub visits: u64,
    /// Occupied slots that it emptied.
    pub slots: u64,
    /// Settings that put a deadline into a list; the others found it in one in which it could stay.
    pub moves: u64,
}

impl Wheel {
    /// A wheel without deadlines. Time begins at `origin`; a deadline before it is due at once.
    pub fn new(origin: Instant) -> Self {
        Wheel { origin, now: 0, places: Places::default(), levels: Levels::default(), work: Work::default() }
    }

    /// What it has done so far.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Lists a place by its deadline.
    fn list(&mut self, place: usize) {
        let slot = self.levels.slot_for(self.places.due(place), self.now);
        self.places.push(place, self.levels.head_mut(slot), slot);
        self.levels.note(slot);
    }

    /// Takes a place out of the list that it is in.
    fn unlist(&mut self, place: usize) {
        if let Some(slot) = self.places.slot(place) {
            self.places.unlink(place, self.levels.head_mut(slot));
            self.levels.note(slot);
        }
    }

    /// Empties a slot: tells what is due at tick `until`, and sorts the rest in anew.
    fn empty(&mut self, slot: u16, until: u64, expired: &mut Vec<Token>) {
        // lab:hole epoll-http.cascade
        let mut rest = self.levels.take(slot);
        while let Some(place) = self.places.pop(&mut rest) {
            self.work.visits += 1;
            match self.places.judge(place, until) {
                Judgement::Due(token) => expired.push(token),
                Judgement::Waits => self.list(place),
                Judgement::Gone => {}
            }
        }
        // lab:stub todo!("epoll-http.cascade: what is due is told, the rest is listed by the digits that still differ")
        // lab:end
    }
}

impl Timers for Wheel {
    fn set(&mut self, token: Token, at: Instant) {
        let (place, due) = (token.slot(), tick_after(self.origin, at));
        let can_stay = self.places.claim(token, due);
        if !can_stay {
            self.work.moves += 1;
            self.unlist(place);
            self.list(place);
        }
    }

    fn cancel(&mut self, token: Token) {
        self.places.release(token);
    }

    fn next(&self) -> Option<Instant> {
        if self.places.is_empty() {
            return None;
        }
        let (_, begins) = self.levels.first(self.now)?;
        begin_of(self.origin, begins)
    }

    fn expire(&mut self, now: Instant, expired: &mut Vec<Token>) {
        let until = tick_of(self.origin, now).max(self.now);
        while let Some((slot, begins)) = self.levels.first(self.now)
            && begins <= until
        {
            self.work.slots += 1;
            // Time stands at the slot's beginning while it is emptied: what cascades is sorted by what differs from there.
            self.now = self.now.max(begins);
            self.empty(slot, until, expired);
        }
        self.now = until;
    }

    fn granularity(&self) -> Duration {
        TICK
    }
}
