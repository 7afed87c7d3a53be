//! After a failure: again, and when; or enough.

use std::time::Duration;

use super::Retryable;
use crate::rng::SplitMix64;

/// No policy makes more attempts than this, whatever was asked for.
pub const ATTEMPTS_MAX_HARD: u32 = 100;

// ANCHOR: policy
/// How often and how long to try. Both bounds always hold: attempts limit the load on a server that answers quickly,
/// the budget limits the time of a caller whose server does not answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included; at most [`ATTEMPTS_MAX_HARD`].
    pub attempts_max: u32,
    /// The ceiling of the first delay.
    pub base: Duration,
    /// The ceiling that doubling stops at.
    pub cap: Duration,
    /// Time for everything: attempts and delays.
    pub budget: Duration,
}
// ANCHOR_END: policy

impl Default for RetryPolicy {
    /// Five attempts, delays of up to 100 ms, 200, 400 and 800, ten seconds in all.
    fn default() -> Self {
        RetryPolicy {
            attempts_max: 5,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(2),
            budget: Duration::from_secs(10),
        }
    }
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Try again after this delay.
    Retry(Duration),
    /// Stop.
    Stop(StopCause),
}

impl Step {
    /// The same decision where the other side asked for a pause of at least `floor`: a longer wait, or the end of the
    /// budget.
    pub(super) fn no_sooner_than(self, floor: Duration, elapsed: Duration, budget: Duration) -> Self {
        match self {
            Step::Retry(delay) if delay < floor && elapsed.saturating_add(floor) >= budget => {
                Step::Stop(StopCause::BudgetSpent)
            }
            Step::Retry(delay) => Step::Retry(delay.max(floor)),
            stop => stop,
        }
    }
}

/// What ended the retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// The failure was final: no wait would help.
    Final,
    /// All attempts were made.
    AttemptsSpent,
    /// The next attempt would begin after the budget's end.
    BudgetSpent,
}

impl StopCause {
    /// The stable word for logs and tables.
    pub fn class(self) -> &'static str {
        match self {
            StopCause::Final => "final-failure",
            StopCause::AttemptsSpent => "attempts-spent",
            StopCause::BudgetSpent => "budget-spent",
        }
    }
}

/// The retries of one request: exponential backoff with full jitter, from a seed.
#[derive(Debug, Clone)]
pub struct Schedule {
    policy: RetryPolicy,
    jitter: SplitMix64,
    failed: u32,
}

impl Schedule {
    /// A schedule before its first attempt. The same seed gives the same delays.
    pub fn new(policy: RetryPolicy, seed: u64) -> Self {
        Schedule { policy, jitter: SplitMix64::new(seed), failed: 0 }
    }

    /// The policy.
    pub fn policy(&self) -> RetryPolicy {
        self.policy
    }

    /// The longest delay before retry `retry` (counted from 0): the base, doubled each time, up to the cap.
    pub fn ceiling(&self, retry: u32) -> Duration {
        // lab:hole framing.backoff-ceiling
        let doubled = 1_u32.checked_shl(retry).and_then(|factor| self.policy.base.checked_mul(factor));
        doubled.map_or(self.policy.cap, |delay| delay.min(self.policy.cap))
        // lab:stub todo!("framing.backoff-ceiling: double each time, never above the cap, never overflow")
        // lab:end
    }

    /// Decides after a failed attempt, `elapsed` after the first one began.
    pub fn after(&mut self, failure: impl Retryable, elapsed: Duration) -> Step {
        // lab:hole framing.retry-decision
        self.failed += 1;
        if !failure.is_retryable() {
            return Step::Stop(StopCause::Final);
        }
        if self.failed >= self.policy.attempts_max.min(ATTEMPTS_MAX_HARD) {
            return Step::Stop(StopCause::AttemptsSpent);
        }
        let ceiling = self.ceiling(self.failed - 1);
        let nanos = self.jitter.up_to(u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX));
        let delay = Duration::from_nanos(nanos);
        if elapsed.saturating_add(delay) >= self.policy.budget {
            return Step::Stop(StopCause::BudgetSpent);
        }
        Step::Retry(delay)
        // lab:stub todo!("framing.retry-decision: final? attempts spent? budget spent? otherwise wait a random part of the ceiling")
        // lab:end
    }
}
