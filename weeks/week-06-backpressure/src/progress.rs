//! Minimum progress: what an active peer has to achieve in every window.
//!
//! An idle timeout asks whether *anything* came. Somebody who sends one byte just before each timeout holds a
//! connection, a buffer and a place in the table for as long as he likes, at a price of nothing: that is the attack
//! known as Slowloris (RFC 4732, section 2.1.2, describes the family). So while a peer owes bytes, it owes a number of
//! them in every window:
//!
//! ```text
//!   begin        enough came: the next window opens         rest: nothing is owed
//!     |                     |                                    |
//!     v                     v                                    v
//!     [===bytes=============][===bytes============== . . . ]-----X
//!     |<---- at most one window ---->|
//!                            |<---- at most one window ---->|
//!                                                            fails here
//! ```
//!
//! A window that is reached opens the next one at that moment, and with nothing in it: what came beyond the minimum
//! is not saved up, so a fast start does not pay for a stall. One that is not reached stays open until its end,
//! whatever begins meanwhile.
//!
//! Who sends small whole messages is not caught by this, and should not be: each of them is real work, done and
//! answered, and after it nothing is owed. What bounds such a peer is the idle deadline between messages and its
//! quota.

use std::time::{Duration, Instant};

use crate::range::{OutOfRange, within};

/// The longest window: ten minutes.
pub const WINDOW_MS_MAX: u64 = 600_000;

/// The largest minimum: 1 GiB a window.
pub const WINDOW_BYTES_MAX: u64 = 1 << 30;

/// So many bytes in every window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    bytes_min: u64,
    window: Duration,
}

impl Pace {
    /// At least so many bytes in each window of so many milliseconds.
    ///
    /// # Errors
    /// [`OutOfRange`] where one of both is zero, or above [`WINDOW_BYTES_MAX`] or [`WINDOW_MS_MAX`].
    pub fn new(bytes_min: u64, window_ms: u64) -> Result<Self, OutOfRange> {
        let bytes_min = within("the least progress in bytes a window", bytes_min, 1..=WINDOW_BYTES_MAX)?;
        let window_ms = within("the window of progress in milliseconds", window_ms, 1..=WINDOW_MS_MAX)?;
        Ok(Pace { bytes_min, window: Duration::from_millis(window_ms) })
    }

    /// One that was checked by the compiler's reader.
    pub(crate) const fn fixed(bytes_min: u64, window: Duration) -> Self {
        Pace { bytes_min, window }
    }

    /// Bytes that a window needs.
    pub fn bytes_min(self) -> u64 {
        self.bytes_min
    }

    /// How long a window is.
    pub fn window(self) -> Duration {
        self.window
    }
}

/// Watches one direction of one connection.
#[derive(Debug, Clone)]
pub struct Progress {
    pace: Pace,
    open: Option<Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Instant,
    bytes: u64,
}

impl Progress {
    /// A watch over a direction in which nothing is owed.
    pub fn new(pace: Pace) -> Self {
        Progress { pace, open: None }
    }

    /// From now on something is owed. Where that was so before, nothing changes: what begins now buys no time for what
    /// was late already.
    pub fn begin(&mut self, now: Instant) {
        self.open.get_or_insert(Window { since: now, bytes: 0 });
    }

    /// So many bytes moved. They count although the window may be over: they can have waited in the kernel for us.
    pub fn moved(&mut self, bytes: usize, now: Instant) {
        // lab:hole backpressure.progress-moved
        let Some(window) = &mut self.open else { return };
        window.bytes = window.bytes.saturating_add(bytes as u64);
        if window.bytes >= self.pace.bytes_min {
            *window = Window { since: now, bytes: 0 };
        }
        // lab:stub todo!("backpressure.progress-moved: count; a window that is reached makes room for an empty one that begins now")
        // lab:end
    }

    /// Nothing is owed any more.
    pub fn rest(&mut self) {
        self.open = None;
    }

    /// The peer had to wait for us until now: what is owed is owed from now on.
    pub fn restart(&mut self, now: Instant) {
        if let Some(window) = &mut self.open {
            *window = Window { since: now, bytes: 0 };
        }
    }

    /// When the open window ends; `None` while nothing is owed.
    pub fn deadline(&self) -> Option<Instant> {
        self.open.map(|window| window.since + self.pace.window)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 100 bytes a second.
    fn progress() -> (Progress, Instant) {
        (Progress::new(Pace::new(100, 1_000).unwrap()), Instant::now())
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn nothing_is_owed_before_the_beginning_and_after_a_rest() {
        let (mut progress, start) = progress();
        progress.moved(50, start);
        assert_eq!(progress.deadline(), None);
        progress.begin(start);
        assert_eq!(progress.deadline(), Some(start + ms(1_000)));
        progress.rest();
        assert_eq!(progress.deadline(), None);
    }

    #[test]
    fn a_minimum_that_is_reached_opens_an_empty_window_and_one_byte_less_does_not() {
        let (mut progress, start) = progress();
        progress.begin(start);
        progress.moved(99, start + ms(200));
        assert_eq!(progress.deadline(), Some(start + ms(1_000)));
        progress.moved(901, start + ms(300));
        assert_eq!(progress.deadline(), Some(start + ms(1_300)));
        progress.moved(99, start + ms(400));
        assert_eq!(
            progress.deadline(),
            Some(start + ms(1_300)),
            "what was beyond the minimum is not saved up"
        );
    }

    #[test]
    fn what_begins_later_buys_no_time_for_what_was_late() {
        let (mut progress, start) = progress();
        progress.begin(start);
        for millis in [100, 500, 999] {
            progress.moved(1, start + ms(millis));
            progress.begin(start + ms(millis));
        }
        assert_eq!(progress.deadline(), Some(start + ms(1_000)));
    }

    // ANCHOR: trickle
    #[test]
    fn a_trickle_just_above_the_rule_lives_and_one_just_below_it_ends_at_the_predicted_moment() {
        // (bytes each 100 ms, the moment of the end in ms)
        for (bytes, ends) in [(10, None), (9, Some(1_000)), (1, Some(1_000)), (50, None)] {
            let (mut progress, start) = progress();
            progress.begin(start);
            let mut ended = None;
            for tick in 1..=600 {
                let now = start + ms(100 * tick);
                if ended.is_none() && progress.deadline().is_some_and(|at| at < now) {
                    ended = progress.deadline().map(|at| (at - start).as_millis());
                }
                progress.moved(bytes, now);
            }
            assert_eq!(ended, ends, "{bytes} bytes each 100 ms");
        }
    }
    // ANCHOR_END: trickle

    #[test]
    fn a_peer_that_waited_for_us_is_not_charged_for_it() {
        let (mut progress, start) = progress();
        progress.restart(start);
        assert_eq!(progress.deadline(), None, "nothing was owed");
        progress.begin(start);
        progress.restart(start + ms(5_000));
        assert_eq!(progress.deadline(), Some(start + ms(6_000)));
    }

    #[test]
    fn a_pace_of_nothing_and_one_beyond_the_range_are_refused() {
        assert!(Pace::new(WINDOW_BYTES_MAX, WINDOW_MS_MAX).is_ok());
        for (bytes, window) in [(0, 1), (1, 0), (WINDOW_BYTES_MAX + 1, 1), (1, WINDOW_MS_MAX + 1)] {
            assert!(Pace::new(bytes, window).is_err(), "{bytes} in {window}");
        }
    }

    proptest! {
        #[test]
        fn whoever_survives_has_moved_the_minimum_in_every_stretch_of_two_windows(
            steps in prop::collection::vec((1..600_u64, 0..120_usize), 1..120),
        ) {
            let (mut progress, start) = progress();
            progress.begin(start);
            let mut moved: Vec<(u64, usize)> = Vec::new();
            let mut at = 0;
            for (pause, bytes) in steps {
                at += pause;
                if progress.deadline().is_some_and(|end| end < start + ms(at)) {
                    break;
                }
                progress.moved(bytes, start + ms(at));
                moved.push((at, bytes));
            }
            let end = moved.last().map_or(0, |(at, _)| *at);
            for from in (0..end.saturating_sub(2_000)).step_by(50) {
                let within = moved.iter().filter(|(at, _)| (from..=from + 2_000).contains(at));
                let bytes: usize = within.map(|(_, bytes)| bytes).sum();
                prop_assert!(bytes >= 100, "{bytes} bytes in the two seconds from {from} ms");
            }
        }
    }
}
