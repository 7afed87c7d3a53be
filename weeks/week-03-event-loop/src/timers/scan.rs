//! Deadlines in a row, looked at one by one: the simplest thing that is right.

use std::time::Instant;

use super::Timers;
use crate::Token;

/// A deadline a place. Setting costs nothing; finding the next one looks at all of them.
///
/// That is fine for fifty connections and no answer for fifty thousand: week 4 puts a timer wheel behind the same trait.
#[derive(Debug, Default)]
pub struct Scan {
    /// By place.
    deadlines: Vec<Option<(Token, Instant)>>,
}

impl Timers for Scan {
    fn set(&mut self, token: Token, at: Instant) {
        if self.deadlines.len() <= token.slot() {
            self.deadlines.resize(token.slot() + 1, None);
        }
        self.deadlines[token.slot()] = Some((token, at));
    }

    fn cancel(&mut self, token: Token) {
        if let Some(deadline) = self.deadlines.get_mut(token.slot())
            && deadline.is_some_and(|(owner, _)| owner == token)
        {
            *deadline = None;
        }
    }

    fn next(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().map(|(_, at)| *at).min()
    }

    fn expire(&mut self, now: Instant, expired: &mut Vec<Token>) {
        for deadline in &mut self.deadlines {
            if let Some((token, _)) = deadline.take_if(|(_, at)| *at <= now) {
                expired.push(token);
            }
        }
    }
}
