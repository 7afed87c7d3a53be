//! The clients of the simulation: those that ask again at once, and those that obey.

use std::time::Duration;

use backpressure::wire::Deferral;
use backpressure::{Patience, RetryBudget, catalog};
use framing::retry::{FailureKind, RetryPolicy};

/// Both kinds make at most this many attempts.
const ATTEMPTS_MAX: u32 = 4;

/// How a client takes a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// It asks again at once.
    Naive,
    /// It comes back when it was told to, backs off where it was not, and keeps a retry budget.
    Patient,
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failed {
    Deferred(Duration),
    TimedOut,
}

/// One client with all of its requests.
pub(crate) struct Client {
    manners: Manners,
    budget: RetryBudget,
}

/// What a client remembers of one request.
pub(crate) struct Memory {
    patience: Patience,
    failed: u32,
}

impl Client {
    pub(crate) fn new(manners: Manners) -> Self {
        Client { manners, budget: RetryBudget::default() }
    }

    pub(crate) fn ask(&mut self, seed: u64) -> Memory {
        self.budget.first_attempt();
        let policy = RetryPolicy { attempts_max: ATTEMPTS_MAX, ..RetryPolicy::default() };
        Memory { patience: Patience::new(policy, seed), failed: 0 }
    }

    /// The pause before the next attempt; `None` to leave it.
    pub(crate) fn after(
        &mut self,
        memory: &mut Memory,
        failed: Failed,
        elapsed: Duration,
    ) -> Option<Duration> {
        memory.failed += 1;
        match (self.manners, failed) {
            (Manners::Naive, _) => (memory.failed < ATTEMPTS_MAX).then_some(Duration::ZERO),
            (Manners::Patient, Failed::TimedOut) => {
                memory.patience.after(FailureKind::ReplyTimeout, elapsed, &mut self.budget).ok()
            }
            (Manners::Patient, Failed::Deferred(pause)) => {
                let id = "r".parse().expect("an id");
                let deferral = Deferral::new(id, pause, &catalog::OVERLOAD_REJECTED);
                memory.patience.after(&deferral, elapsed, &mut self.budget).ok()
            }
        }
    }
}
