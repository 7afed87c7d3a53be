//! Whether a request that failed is sent again, and when.

use std::time::Duration;

use crate::ErrorClass;

/// Requests of one group that wait to be sent again. What comes on top has failed.
pub const RETRIES_WAITING_MAX: usize = 1 << 16;

/// What a group of clients does with an attempt that failed. One policy for the whole group: it may keep a budget.
pub trait Retry: Send {
    /// A request leaves for the first time.
    fn began(&mut self) {}

    /// A request got its right reply in time, at whichever attempt.
    fn succeeded(&mut self) {}

    /// The pause before the same request is sent again, or `None`: it has failed.
    ///
    /// `attempt` is the number of the one that has just failed, counted from 1, and `since_first` the time since the
    /// request was due.
    fn after(&mut self, attempt: u32, why: &Why, since_first: Duration) -> Option<Duration>;
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The server would not serve this request.
    Rejected {
        /// Its reason.
        code: String,
        /// When it may be asked again, where it said so (kind 5).
        retry_after: Option<Duration>,
    },
    /// No answer within the deadline.
    TimedOut,
    /// The connection ended.
    Ended(ErrorClass),
}

/// Sends nothing again.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRetry;

impl Retry for NoRetry {
    fn after(&mut self, _: u32, _: &Why, _: Duration) -> Option<Duration> {
        None
    }
}

/// The naive client: so many attempts, whatever the reason, with the same pause between them, no jitter, and no ear for
/// what the server asks.
#[derive(Debug, Clone, Copy)]
pub struct Eager {
    /// Attempts of one request, the first one included.
    pub attempts: u32,
    /// The time between the failure of one and the next.
    pub pause: Duration,
}

impl Retry for Eager {
    fn after(&mut self, attempt: u32, _: &Why, _: Duration) -> Option<Duration> {
        (attempt < self.attempts).then_some(self.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eager_client_tries_as_often_as_it_is_told_and_not_once_more() {
        let pause = Duration::from_millis(3);
        let mut eager = Eager { attempts: 3, pause };
        let after: Vec<_> = (1..=4).map(|n| eager.after(n, &Why::TimedOut, Duration::ZERO)).collect();
        assert_eq!(after, [Some(pause), Some(pause), None, None]);
        assert_eq!(NoRetry.after(1, &Why::TimedOut, Duration::ZERO), None);
    }
}
