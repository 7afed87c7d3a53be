//! Doing what the schedule decides.

use std::time::{Duration, Instant};

use super::{Failure, Retryable, Schedule, Step, StopCause};

/// Time, as the retries need it: how much went by, and letting some go by.
pub trait Pause {
    /// Time since the first attempt began.
    fn elapsed(&self) -> Duration;
    /// Lets time pass.
    fn sleep(&mut self, delay: Duration);
}

/// The real clock.
#[derive(Debug)]
pub struct WallPause {
    start: Instant,
}

impl WallPause {
    /// The first attempt begins now.
    pub fn begin() -> Self {
        WallPause { start: Instant::now() }
    }
}

impl Pause for WallPause {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&mut self, delay: Duration) {
        std::thread::sleep(delay);
    }
}

/// A request that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What the last attempt gave.
    pub value: T,
    /// How many attempts it took.
    pub attempts: u32,
}

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaveUp<F = Failure> {
    /// What ended the retries.
    pub cause: StopCause,
    /// How many attempts were made.
    pub attempts: u32,
    /// Time from the first attempt to the end.
    pub elapsed: Duration,
    /// The last failure.
    pub last: F,
}

/// Tries until an attempt succeeds or the schedule says stop.
///
/// `attempt` gets its number (from 1) and the time that is left of the budget, which bounds its own deadlines.
/// `observe` sees every failure together with what was decided: that is the retry timeline.
///
/// # Errors
/// [`GaveUp`], with the cause and the last failure.
// ANCHOR: run
pub fn run<T, F: Retryable>(
    mut schedule: Schedule,
    pause: &mut impl Pause,
    mut attempt: impl FnMut(u32, Duration) -> Result<T, F>,
    mut observe: impl FnMut(u32, Duration, &F, Step),
) -> Result<Done<T>, GaveUp<F>> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let left = schedule.policy().budget.saturating_sub(pause.elapsed());
        let last = match attempt(attempts, left) {
            Ok(value) => return Ok(Done { value, attempts }),
            Err(failure) => failure,
        };
        let elapsed = pause.elapsed();
        let budget = schedule.policy().budget;
        let step = schedule.after(&last, elapsed).no_sooner_than(last.wait_at_least(), elapsed, budget);
        observe(attempts, elapsed, &last, step);
        match step {
            Step::Retry(delay) => pause.sleep(delay),
            Step::Stop(cause) => return Err(GaveUp { cause, attempts, elapsed, last }),
        }
    }
}
// ANCHOR_END: run
