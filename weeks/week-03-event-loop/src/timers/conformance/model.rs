//! Deadlines in a sorted map, as the judge of timers that are cleverer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::told;
use crate::{Timers, Token};

/// The simplest thing that is right, beside which timers are driven: each call goes to both, and the answers of the timers
/// are judged by what the model knows.
#[derive(Debug)]
pub struct Model {
    /// The present.
    pub now: Instant,
    /// Owner and deadline, by place.
    deadlines: BTreeMap<usize, (Token, Instant)>,
}

impl Model {
    /// No deadlines yet.
    pub fn new(now: Instant) -> Self {
        Model { now, deadlines: BTreeMap::new() }
    }

    /// How many deadlines are set.
    pub fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// True without deadlines.
    pub fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }

    /// Sets a deadline on both sides.
    pub fn set(&mut self, timers: &mut impl Timers, token: Token, at: Instant) {
        timers.set(token, at);
        self.deadlines.insert(token.slot(), (token, at));
        self.judge_next(timers);
    }

    /// Takes a deadline back on both sides.
    pub fn cancel(&mut self, timers: &mut impl Timers, token: Token) {
        timers.cancel(token);
        if self.deadlines.get(&token.slot()).is_some_and(|(owner, _)| *owner == token) {
            self.deadlines.remove(&token.slot());
        }
        self.judge_next(timers);
    }

    /// Lets time pass, and judges what is told.
    pub fn advance(&mut self, timers: &mut impl Timers, by: Duration) {
        self.now += by;
        for token in told(timers, self.now) {
            let known = self.deadlines.remove(&token.slot());
            let Some((owner, at)) = known else { panic!("{token:?} had no deadline") };
            assert_eq!(token, owner, "the deadline of another owner");
            assert!(at <= self.now, "{token:?} was told {:?} before its time", at - self.now);
        }
        for (token, at) in self.deadlines.values() {
            assert!(*at + timers.granularity() > self.now || *at > self.now, "{token:?} was not told");
        }
        assert!(timers.next().is_none_or(|next| next > self.now), "the loop would spin");
        self.judge_next(timers);
    }

    fn judge_next(&self, timers: &impl Timers) {
        match (timers.next(), self.deadlines.values().map(|(_, at)| *at).min()) {
            (None, None) => {}
            (Some(next), Some(earliest)) => {
                let due = earliest + timers.granularity();
                assert!(next <= due.max(self.now), "next is {:?} after the earliest is due", next - due);
            }
            (next, earliest) => panic!("next is {next:?}, the earliest deadline {earliest:?}"),
        }
    }
}
