//! The client's half of the policy: when to ask again, and when to leave it.
//!
//! A server that says no has saved its own work only if the request does not come back at once. Three rules see to
//! that. *Never before the time that was asked for*, and then spread over at least as long again: clients that were
//! refused together would otherwise come back together. *Exponential backoff* where no time was asked for
//! ([`Schedule`], week 2). And a *retry budget* for the whole client: a tenth of a retry is earned by each request
//! that is asked for the first time. One failure in a hundred is retried as ever; where everything fails, the load
//! grows by a tenth, and not by the number of attempts. gRPC's retry throttling (proposal A6) and Finagle's
//! `RetryBudget` do the same with other numbers.

use std::time::Duration;

use framing::retry::{Retryable, Schedule, Step, StopCause};
use framing::rng::SplitMix64;

use crate::catalog;
use crate::range::{OutOfRange, within};
use crate::wire::Deferral;

/// Retries earned by a hundred first attempts: 10.
pub const RETRY_PERCENT_DEFAULT: u8 = 10;

/// Retries that a client may make before it has earned any, and the most that it can save up: 10.
pub const RETRY_RESERVE_DEFAULT: u32 = 10;

/// The largest reserve: 10,000 retries.
pub const RETRY_RESERVE_MAX: u32 = 10_000;

/// What one retry costs, in hundredths of a retry.
const RETRY: u64 = 100;

/// How many retries a client may make, over all of its requests.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    percent: u64,
    most: u64,
    /// In hundredths of a retry.
    balance: u64,
}

impl RetryBudget {
    /// So many retries for a hundred first attempts, and so many in reserve, which the client begins with.
    ///
    /// # Errors
    /// [`OutOfRange`] where the percentage is above 100 or the reserve above [`RETRY_RESERVE_MAX`].
    pub fn new(percent: u8, reserve: u32) -> Result<Self, OutOfRange> {
        let percent = within("the retry budget in percent", u64::from(percent), 0..=100)?;
        let reserve = within("the retry reserve", u64::from(reserve), 0..=u64::from(RETRY_RESERVE_MAX))?;
        Ok(RetryBudget { percent, most: reserve * RETRY, balance: reserve * RETRY })
    }

    /// A request is asked for the first time.
    pub fn first_attempt(&mut self) {
        // One retry can always be saved up, or a client without a reserve would never make one.
        self.balance = (self.balance + self.percent).min(self.most.max(RETRY));
    }

    /// Pays for a retry. False where the balance does not cover one.
    fn pay(&mut self) -> bool {
        // lab:hole backpressure.retry-budget
        if self.balance < RETRY {
            return false;
        }
        self.balance -= RETRY;
        true
        // lab:stub todo!("backpressure.retry-budget: take the price of one retry, or nothing")
        // lab:end
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        let percent = u64::from(RETRY_PERCENT_DEFAULT);
        let reserve = u64::from(RETRY_RESERVE_DEFAULT) * RETRY;
        RetryBudget { percent, most: reserve, balance: reserve }
    }
}

/// Why a request is not asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    /// The schedule of this request says so.
    Schedule(StopCause),
    /// The client has no retries left for any request.
    RetryBudgetSpent,
}

impl GaveUp {
    /// The stable word for logs and tables.
    pub fn class(self) -> &'static str {
        match self {
            GaveUp::Schedule(cause) => cause.class(),
            GaveUp::RetryBudgetSpent => "retry-budget-spent",
        }
    }
}

/// The retries of one request.
#[derive(Debug, Clone)]
pub struct Patience {
    schedule: Schedule,
    jitter: SplitMix64,
    failed: u32,
}

impl Patience {
    /// The patience of a request before its first attempt. The same seed gives the same pauses.
    pub fn new(policy: framing::retry::RetryPolicy, seed: u64) -> Self {
        let mut seeds = SplitMix64::new(seed);
        let schedule = Schedule::new(policy, seeds.next_u64());
        Patience { schedule, jitter: seeds, failed: 0 }
    }

    /// Decides after a failed attempt, `elapsed` after the first one began: the pause before the next, or the end.
    ///
    /// # Errors
    /// [`GaveUp`], and then nothing was taken from the retry budget.
    pub fn after(
        &mut self,
        failure: impl Retryable,
        elapsed: Duration,
        budget: &mut RetryBudget,
    ) -> Result<Duration, GaveUp> {
        // lab:hole backpressure.heed-retry-after
        let asked = failure.wait_at_least();
        let backoff = match self.schedule.after(failure, elapsed) {
            Step::Retry(delay) => delay,
            Step::Stop(cause) => return Err(GaveUp::Schedule(cause)),
        };
        let spread = asked.max(self.schedule.ceiling(self.failed));
        self.failed += 1;
        let pause = if asked.is_zero() { backoff } else { asked.saturating_add(self.up_to(spread)) };
        if elapsed.saturating_add(pause) >= self.schedule.policy().budget {
            return Err(GaveUp::Schedule(StopCause::BudgetSpent));
        }
        if budget.pay() { Ok(pause) } else { Err(GaveUp::RetryBudgetSpent) }
        // lab:stub todo!("backpressure.heed-retry-after: the schedule decides; what was asked for and a random part of as much again; then pay")
        // lab:end
    }

    /// A random span, up to this one.
    fn up_to(&mut self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.jitter.up_to(nanos))
    }
}

impl Retryable for Deferral<'_> {
    fn is_retryable(&self) -> bool {
        passes(self.code())
    }

    fn wait_at_least(&self) -> Duration {
        self.retry_after()
    }
}

/// True where what this code says will pass. A code that this client does not know is final, and so is an expired
/// deadline: nobody waits for that answer.
pub(crate) fn passes(code: &str) -> bool {
    let passing = [
        &catalog::OVERLOAD_SHED,
        &catalog::OVERLOAD_REJECTED,
        &catalog::QUOTA_IN_FLIGHT,
        &worker_pool::catalog::POOL_FULL,
    ];
    passing.iter().any(|entry| entry.code == code)
}

#[cfg(test)]
#[path = "patience_tests.rs"]
mod tests;
