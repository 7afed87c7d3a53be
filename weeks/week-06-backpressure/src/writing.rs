//! The rule for a peer that is sent something: it takes a minimum of it in every window, or all that is left.

use std::time::{Duration, Instant};

use framing::{CloseReason, Rule};

use crate::catalog;
use crate::progress::{Pace, Progress};

/// In every window of 5 s a reader takes 4 KiB, or all that waits.
pub const WRITE_PACE_DEFAULT: Pace = Pace::fixed(4 << 10, Duration::from_secs(5));

/// A window ended and the peer had not taken its minimum. Whoever does not read cannot be told.
pub static SLOW_WRITE: Rule = Rule { class: "slow-write", code: Some(&catalog::SLOW_WRITE), told: false };

/// Watches what one peer takes from its queue at the socket.
///
/// Week 3's write deadline is met by whoever takes what waited at the beginning within ten seconds, and that may be
/// one byte where one byte waited. This rule knows a rate. Answers that still wait for tokens are not owed by the
/// peer, so only what has gone to the socket's queue counts.
#[derive(Debug, Clone)]
pub struct Writing {
    progress: Progress,
}

impl Writing {
    /// A watch over a peer for which nothing waits.
    pub fn new(pace: Pace) -> Self {
        Writing { progress: Progress::new(pace) }
    }

    /// The peer took so many bytes, and so many wait for it now.
    pub fn moved(&mut self, sent: usize, waiting: usize, now: Instant) {
        if waiting == 0 {
            self.progress.rest();
        } else {
            self.progress.moved(sent, now);
            self.progress.begin(now);
        }
    }

    /// When the peer will have been too slow; `None` while nothing waits for it.
    pub fn deadline(&self) -> Option<(Instant, CloseReason)> {
        self.progress.deadline().map(|at| (at, CloseReason::Rule(&SLOW_WRITE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing() -> (Writing, Instant) {
        (Writing::new(Pace::new(100, 1_000).unwrap()), Instant::now())
    }

    fn due(writing: &Writing, start: Instant) -> Option<u64> {
        writing.deadline().map(|(at, _)| (at - start).as_millis() as u64)
    }

    #[test]
    fn answers_that_join_the_queue_do_not_move_the_end_of_the_window() {
        let (mut writing, start) = writing();
        for millis in [0, 300, 900] {
            writing.moved(0, 5_000, start + Duration::from_millis(millis));
            assert_eq!(due(&writing, start), Some(1_000));
        }
    }

    #[test]
    fn a_reader_that_takes_the_minimum_or_everything_is_fine() {
        let (mut writing, start) = writing();
        writing.moved(20, 500, start);
        writing.moved(99, 401, start + Duration::from_millis(500));
        assert_eq!(due(&writing, start), Some(1_000), "what left before the window counts for nothing");
        writing.moved(1, 400, start + Duration::from_millis(600));
        assert_eq!(due(&writing, start), Some(1_600));
        writing.moved(7, 0, start + Duration::from_millis(700));
        assert_eq!(due(&writing, start), None);
    }
}
