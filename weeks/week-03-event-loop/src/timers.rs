//! The seam between the loop and whatever remembers its deadlines.
//!
//! # Contract
//!
//! 1. **Never early.** [`expire`](Timers::expire) tells no token before its deadline.
//! 2. **Due.** A deadline is due at its time, or at most one [`granularity`](Timers::granularity) later: at once, where
//!    that has passed when it is set. The first `expire` at or after that tells its token, once.
//! 3. **No oversleeping, no spinning.** [`next`](Timers::next) is never after the moment at which the earliest deadline
//!    is due, and after `expire(now)` it is after `now`. It may be early: then `expire` tells nothing, and asks for
//!    another wait.
//! 4. One deadline a place. A later owner of the place replaces its predecessor's, and a cancel that comes too late does
//!    not touch the successor's.
//! 5. Time is what the caller says it is, and never goes back.
//!
//! [`conformance`] turns these into checks, for this week's [`Scan`] and for whatever comes after it.

pub mod conformance;
mod scan;

use std::time::{Duration, Instant};

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

    /// When to look again: not later than the earliest deadline is due, `None` while there is none. It may be earlier.
    fn next(&self) -> Option<Instant>;

    /// Adds every token whose deadline is due at `now`, each once, and forgets those deadlines. Never one before its
    /// time.
    fn expire(&mut self, now: Instant, expired: &mut Vec<Token>);

    /// How much later than its time a deadline may become due, because times are rounded up.
    fn granularity(&self) -> Duration {
        Duration::ZERO
    }
}
// ANCHOR_END: timers
