//! A deadline that travels with its request, and how its time is divided.
//!
//! The client says how long it will wait. That is worth something only where every stage can see it, and only where
//! each stage knows what the others need: a queue that uses up the whole second leaves a worker the choice between
//! dropping the request and computing an answer that nobody waits for. So the budget is divided before the first
//! stage:
//!
//! ```text
//!   arrival            queue ends          work ends     reply ends
//!      |                   |                   |             |
//!      +------ queue ------+------ work -------+--- reply ---+--> time
//!      |<--- 50 % -------->|<---- 30 % ------->|<-- 20 % --->|
//!
//!   A stage that is quick leaves its rest to those behind it. A stage that is slow may not take what is theirs.
//! ```
//!
//! What travels is a span, not a moment: two machines agree about how long a second is, and not about when it begins.
//! The time on the way is the client's, who sees it in its own clock.

use std::time::{Duration, Instant};

use logger::{Coded, ErrorCode};
use serde::Deserialize;

use crate::catalog;
use crate::range::{OutOfRange, within};

/// The smallest budget: 1 ms.
pub const BUDGET_MS_MIN: u32 = 1;

/// The largest budget: a minute. Whoever waits longer is no longer waiting.
pub const BUDGET_MS_MAX: u32 = 60_000;

/// How long a client waits, in whole milliseconds from [`BUDGET_MS_MIN`] to [`BUDGET_MS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget {
    millis: u32,
}

impl Budget {
    /// A budget of so many milliseconds.
    ///
    /// # Errors
    /// [`OutOfRange`] below the smallest and above the largest.
    pub fn from_millis(millis: u32) -> Result<Self, OutOfRange> {
        let range = u64::from(BUDGET_MS_MIN)..=u64::from(BUDGET_MS_MAX);
        within("the budget in milliseconds", u64::from(millis), range)?;
        Ok(Budget { millis })
    }

    /// Milliseconds.
    pub fn millis(self) -> u32 {
        self.millis
    }
}

/// The stages of a request, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// It waits for a worker.
    Queue,
    /// A worker has it.
    Work,
    /// Its answer waits to leave.
    Reply,
}

impl Stage {
    /// All of them.
    pub const ALL: [Stage; 3] = [Stage::Queue, Stage::Work, Stage::Reply];

    /// The word for logs.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Queue => "queue",
            Stage::Work => "work",
            Stage::Reply => "reply",
        }
    }
}

/// How a budget is divided, in percent that sum to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Shares")]
pub struct Split {
    /// Where the shares of the stages end, in percent of the budget: the last one at 100.
    ends: [u8; 3],
}

/// A split as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shares {
    queue: u8,
    work: u8,
    reply: u8,
}

impl TryFrom<Shares> for Split {
    type Error = OutOfRange;

    fn try_from(shares: Shares) -> Result<Self, OutOfRange> {
        Split::new(shares.queue, shares.work, shares.reply)
    }
}

impl Split {
    /// So many percent for each stage.
    ///
    /// # Errors
    /// [`OutOfRange`] where a stage has nothing, or the sum is not 100.
    pub fn new(queue: u8, work: u8, reply: u8) -> Result<Self, OutOfRange> {
        for share in [queue, work, reply] {
            within("a share in percent", u64::from(share), 1..=98)?;
        }
        let sum = u64::from(queue) + u64::from(work) + u64::from(reply);
        within("the sum of the shares in percent", sum, 100..=100)?;
        Ok(Split { ends: [queue, queue + work, 100] })
    }

    /// Where the stage's share ends, in percent of the budget.
    pub fn end_percent(self, stage: Stage) -> u8 {
        self.ends[stage as usize]
    }
}

/// A stage ended later than its share does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request left stage {} {over_by:?} too late", stage.name())]
pub struct Expired {
    /// The stage that noticed.
    pub stage: Stage,
    /// By how much the share was exceeded.
    pub over_by: Duration,
}

impl Coded for Expired {
    fn code(&self) -> &'static ErrorCode {
        &catalog::DEADLINE_EXPIRED
    }
}

/// The deadline of one request on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    start: Instant,
    budget: Budget,
    split: Split,
}

impl Deadline {
    /// The deadline of a request that has just come.
    pub fn starting(now: Instant, budget: Budget, split: Split) -> Self {
        Deadline { start: now, budget, split }
    }

    /// The last moment at which a request may leave a stage.
    pub fn ends(&self, stage: Stage) -> Instant {
        // lab:hole backpressure.stage-end
        let micros = u64::from(self.budget.millis) * 1_000 * u64::from(self.split.end_percent(stage)) / 100;
        self.start + Duration::from_micros(micros)
        // lab:stub todo!("backpressure.stage-end: the shares of this stage and of all before it, from the start")
        // lab:end
    }

    /// Asked where a request leaves a stage: whether it may go on. It may as long as what is left of its budget is no
    /// less than what the stages behind this one are entitled to.
    ///
    /// | leaves | of 1,000 ms, split 50/30/20, at | left | the others' | goes on |
    /// | --- | --- | --- | --- | --- |
    /// | queue | 500 ms | 500 ms | 300 + 200 ms | yes |
    /// | queue | 501 ms | 499 ms | 300 + 200 ms | no, and no work is wasted on it |
    /// | work | 800 ms | 200 ms | 200 ms | yes, whatever the queue took of it |
    /// | work | 801 ms | 199 ms | 200 ms | no |
    /// | reply | 1,000 ms | 0 ms | nothing | yes |
    /// | reply | 1,001 ms | nothing | nothing | no, and the answer is not sent |
    ///
    /// # Errors
    /// [`Expired`] where it may not.
    pub fn check(&self, stage: Stage, now: Instant) -> Result<(), Expired> {
        // lab:hole backpressure.stage-check
        match now.checked_duration_since(self.ends(stage)) {
            Some(over_by) if !over_by.is_zero() => Err(Expired { stage, over_by }),
            _ => Ok(()),
        }
        // lab:stub todo!("backpressure.stage-check: up to the end of the share and including it; beyond it, by how much")
        // lab:end
    }

    /// What is left of the whole budget: what a request to the next machine may take.
    pub fn left(&self, now: Instant) -> Duration {
        self.ends(Stage::Reply).saturating_duration_since(now)
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
