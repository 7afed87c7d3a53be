//! How long a task may run, and how it is told to stop.
//!
//! Cancellation between threads is a request. Nothing can stop a thread that computes from outside without leaving its
//! locks locked and its memory half written, so a task looks for itself, often enough:
//!
//! | | guaranteed | not guaranteed |
//! | --- | --- | --- |
//! | a task that asks | ends at its first question after the budget, the caller's cancellation or the pool's last moment | ends at that very moment |
//! | a task that never asks | is charged all that it took, counted as an overrun, and named by a shutdown that waits in vain | ends at all |

use std::time::{Duration, Instant};

use crate::sync::{Arc, AtomicU8, Ordering};

/// Why a task should stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// Its class's budget is used up.
    OverBudget,
    /// Nobody wants its answer any more.
    Unwanted,
    /// The pool's shutdown has reached its deadline.
    LastMoment,
}

impl Cancelled {
    /// The stable word for logs and tables.
    pub fn class(self) -> &'static str {
        match self {
            Cancelled::OverBudget => "over-budget",
            Cancelled::Unwanted => "unwanted",
            Cancelled::LastMoment => "last-moment",
        }
    }
}

/// Tells tasks that they should stop. Clones tell the same tasks.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<AtomicU8>);

impl Default for Cancel {
    fn default() -> Self {
        Cancel(Arc::new(AtomicU8::new(0)))
    }
}

impl Cancel {
    /// From now on, tasks that ask are told to stop.
    pub fn cancel(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    /// True once it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// What a running task may ask.
#[derive(Debug, Clone, Copy)]
pub struct Budget<'a> {
    until: Instant,
    caller: Option<&'a Cancel>,
    pool: Option<&'a Cancel>,
}

impl<'a> Budget<'a> {
    /// A budget that ends at this moment, or when one of the two is cancelled.
    pub fn until(until: Instant, caller: Option<&'a Cancel>, pool: Option<&'a Cancel>) -> Self {
        Budget { until, caller, pool }
    }

    /// The same budget, ending at this moment where that is earlier.
    pub fn no_later_than(self, until: Instant) -> Self {
        Budget { until: self.until.min(until), ..self }
    }

    // ANCHOR: check
    /// Whether to go on. Costs a look at the clock, some tens of nanoseconds: ask between pieces of some ten microseconds.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), Cancelled> {
        // lab:hole worker-pool.ask
        if self.pool.is_some_and(Cancel::is_cancelled) {
            return Err(Cancelled::LastMoment);
        }
        if self.caller.is_some_and(Cancel::is_cancelled) {
            return Err(Cancelled::Unwanted);
        }
        if Instant::now() >= self.until { Err(Cancelled::OverBudget) } else { Ok(()) }
        // lab:stub todo!("worker-pool.ask: the pool's last moment, the caller's wish, the budget")
        // lab:end
    }
    // ANCHOR_END: check

    /// What is left of it.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_told_the_first_reason_that_holds() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(3600));
        let (yes, no) = (Cancel::default(), Cancel::default());
        yes.cancel();
        // ANCHOR: reasons
        for (pool, caller, until, expected) in [
            (&no, &no, later, Ok(())),
            (&no, &no, now, Err(Cancelled::OverBudget)),
            (&no, &yes, later, Err(Cancelled::Unwanted)),
            (&no, &yes, now, Err(Cancelled::Unwanted)),
            (&yes, &no, later, Err(Cancelled::LastMoment)),
            (&yes, &yes, now, Err(Cancelled::LastMoment)),
        ] {
            assert_eq!(Budget::until(until, Some(caller), Some(pool)).check(), expected);
        }
        // ANCHOR_END: reasons
    }

    #[test]
    fn a_budget_can_be_narrowed_and_never_widened() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(3600));
        assert_eq!(Budget::until(later, None, None).no_later_than(now).check(), Err(Cancelled::OverBudget));
        assert_eq!(Budget::until(now, None, None).no_later_than(later).check(), Err(Cancelled::OverBudget));
        assert_eq!(Budget::until(later, None, None).no_later_than(later).check(), Ok(()));
    }

    #[test]
    fn a_clone_cancels_what_the_original_watches() {
        let cancel = Cancel::default();
        cancel.clone().cancel();
        assert!(cancel.is_cancelled());
    }
}
