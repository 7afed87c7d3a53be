//! A client that obeys, for the load generator: pauses that were asked for, jitter, and a budget for retries.

use std::time::Duration;

use backpressure::{Patience, RetryBudget};
use framing::retry::{RetryPolicy, Retryable};
use load::offer::{Retry, Why};

/// A client of this week, as the load generator wants it.
pub(crate) struct Patient {
    budget: RetryBudget,
    policy: RetryPolicy,
    seed: u64,
}

impl Patient {
    pub(crate) fn seeded(seed: u64) -> Self {
        Patient { budget: RetryBudget::default(), policy: RetryPolicy::default(), seed }
    }
}

/// A failure, as the schedule wants it.
struct Failed {
    retryable: bool,
    wait: Duration,
}

impl Retryable for Failed {
    fn is_retryable(&self) -> bool {
        self.retryable
    }

    fn wait_at_least(&self) -> Duration {
        self.wait
    }
}

impl Retry for Patient {
    fn began(&mut self) {
        self.budget.first_attempt();
    }

    fn after(&mut self, attempt: u32, why: &Why, since_first: Duration) -> Option<Duration> {
        if attempt >= self.policy.attempts_max {
            return None;
        }
        let failed = match why {
            Why::Rejected { code, retry_after } => {
                Failed { retryable: code != "DEADLINE-EXPIRED", wait: retry_after.unwrap_or_default() }
            }
            Why::TimedOut | Why::Ended(_) => Failed { retryable: true, wait: Duration::ZERO },
        };
        self.seed = self.seed.wrapping_add(1);
        Patience::new(self.policy, self.seed).after(failed, since_first, &mut self.budget).ok()
    }
}
