//! The peer: what a program would keep its deadlines in that has no wheel.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use event_loop::{Timers, Token};

/// A binary heap of the standard library, with lazy deletion: an entry that counts no more stays until it is on top, or
/// until such entries are the larger half.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    entries: BinaryHeap<Reverse<(Instant, usize)>>,
    /// By place.
    deadlines: Vec<Option<Deadline>>,
    live: usize,
    postpones: bool,
}

#[derive(Debug, Clone, Copy)]
struct Deadline {
    token: Token,
    at: Instant,
    /// The time of the entry that counts.
    queued: Instant,
}

/// Below this many entries nobody sweeps.
const SWEEP_ENTRIES_MIN: usize = 64;

impl Heap {
    /// As most people would write it: every setting is an entry.
    pub(crate) fn new() -> Self {
        Heap::default()
    }

    /// With the trick of our wheel: a deadline that moves to a later time keeps its entry, and is queued anew when that
    /// is on top. It shows how much of a difference is the trick's and how much the wheel's.
    pub(crate) fn postponing() -> Self {
        Heap { postpones: true, ..Heap::default() }
    }

    fn sweep(&mut self) {
        if self.entries.len() > SWEEP_ENTRIES_MIN && self.entries.len() > 2 * self.live {
            let deadlines = &self.deadlines;
            self.entries
                .retain(|Reverse((at, place))| deadlines[*place].is_some_and(|known| known.queued == *at));
        }
    }
}

impl Timers for Heap {
    fn set(&mut self, token: Token, at: Instant) {
        let place = token.slot();
        if self.deadlines.len() <= place {
            self.deadlines.resize(place + 1, None);
        }
        match &mut self.deadlines[place] {
            Some(known) if self.postpones && known.queued <= at => {
                (known.token, known.at) = (token, at);
                return;
            }
            known => {
                self.live += usize::from(known.is_none());
                *known = Some(Deadline { token, at, queued: at });
            }
        }
        self.entries.push(Reverse((at, place)));
        self.sweep();
    }

    fn cancel(&mut self, token: Token) {
        if let Some(known) = self.deadlines.get_mut(token.slot())
            && known.take_if(|known| known.token == token).is_some()
        {
            self.live -= 1;
            self.sweep();
        }
    }

    fn next(&self) -> Option<Instant> {
        self.entries.peek().filter(|_| self.live > 0).map(|Reverse((at, _))| *at)
    }

    fn expire(&mut self, now: Instant, expired: &mut Vec<Token>) {
        while let Some(Reverse((queued, place))) = self.entries.peek().copied()
            && queued <= now
        {
            self.entries.pop();
            let Some(known) = self.deadlines[place].as_mut().filter(|known| known.queued == queued) else {
                continue;
            };
            if known.at <= now {
                expired.push(known.token);
                self.deadlines[place] = None;
                self.live -= 1;
            } else {
                known.queued = known.at;
                self.entries.push(Reverse((known.at, place)));
            }
        }
    }
}
