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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_expires_once_and_not_before_its_time() {
        let start = Instant::now();
        let (first, second) = (Token::new(0, 0), Token::new(5, 0));
        let mut timers = Scan::default();
        timers.set(second, start + Duration::from_secs(2));
        timers.set(first, start + Duration::from_secs(1));
        assert_eq!(timers.next(), Some(start + Duration::from_secs(1)));
        let mut expired = Vec::new();
        timers.expire(start + Duration::from_millis(999), &mut expired);
        assert_eq!(expired, []);
        timers.expire(start + Duration::from_secs(2), &mut expired);
        assert_eq!(expired, [first, second]);
        timers.expire(start + Duration::from_secs(9), &mut expired);
        assert_eq!((expired.len(), timers.next()), (2, None));
    }

    #[test]
    fn a_late_cancel_does_not_touch_the_next_owner_of_the_place() {
        let start = Instant::now();
        let (old, new) = (Token::new(3, 1), Token::new(3, 2));
        let mut timers = Scan::default();
        timers.set(old, start);
        timers.set(new, start);
        timers.cancel(old);
        let mut expired = Vec::new();
        timers.expire(start, &mut expired);
        assert_eq!(expired, [new]);
    }
}
