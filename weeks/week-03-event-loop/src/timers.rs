//! The seam between the loop and whatever remembers its deadlines.

mod scan;

use std::time::Instant;

pub use scan::Scan;

use crate::Token;

// ANCHOR: timers
/// One deadline a token.
pub trait Timers {
    /// Sets the token's deadline, in place of the one that it may have had. A later owner of the same place replaces
    /// its predecessor's.
    fn set(&mut self, token: Token, at: Instant);

    /// Takes the deadline back. Nothing happens where there is none.
    fn cancel(&mut self, token: Token);

    /// When to look again: not later than the earliest deadline, `None` while there is none. It may be earlier.
    fn next(&self) -> Option<Instant>;

    /// Adds every token whose deadline is at or before `now`, each once, and forgets those deadlines. Never one before
    /// its time.
    fn expire(&mut self, now: Instant, expired: &mut Vec<Token>);
}
// ANCHOR_END: timers
