//! One client's answers, on their way through its bucket.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use framing::{CloseReason, Rule};

use crate::bucket::{Bucket, EgressRate};
use crate::catalog;

/// At most this much waits for one client's tokens: 2 MiB, so that a frame at the default limit always fits.
pub const BACKLOG_BYTES_MAX_DEFAULT: usize = 2 << 20;

/// A frame that waits counts for its bytes and for 64 more, since keeping it costs something even when it is short.
pub const FRAME_COST_BYTES: usize = 64;

/// Whoever has been throttled for 30 s without a break is closed.
pub const THROTTLED_MS_MAX_DEFAULT: u64 = 30_000;

/// More waits for the client than the cap allows.
pub static EGRESS_CAP: Rule =
    Rule { class: "egress-cap", code: Some(&catalog::EGRESS_EXHAUSTED), told: true };

/// The client has asked for more than its rate for too long.
pub static EGRESS_THROTTLED: Rule =
    Rule { class: "egress-throttled", code: Some(&catalog::EGRESS_EXHAUSTED), told: true };

/// How far one client is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EgressLimits {
    /// Rate and burst.
    pub rate: EgressRate,
    /// The most that may wait, each frame with its [cost](FRAME_COST_BYTES).
    pub backlog_bytes_max: usize,
    /// The longest time that something may wait without a break.
    pub throttled_max: Duration,
}

impl Default for EgressLimits {
    fn default() -> Self {
        EgressLimits {
            rate: EgressRate::default(),
            backlog_bytes_max: BACKLOG_BYTES_MAX_DEFAULT,
            throttled_max: Duration::from_millis(THROTTLED_MS_MAX_DEFAULT),
        }
    }
}

/// The frames that wait for one client's tokens.
///
/// ```text
///    push                          pop_ready
///   ------>  frame | frame | frame  --------> the socket's own queue
///            \___________________/      ^
///                 backlog               | one frame's tokens
///              <= its cap            bucket
/// ```
///
/// Throttling comes first and loses nothing: a frame waits for its tokens, and the client is served at its rate.
/// Closing comes by one of two rules. Above the cap, since what waits is the memory of everybody; and after
/// `throttled_max`, since a client that never once catches up asks for more than it will ever get.
#[derive(Debug)]
pub struct Shaper<F = Vec<u8>> {
    limits: EgressLimits,
    bucket: Bucket,
    frames: VecDeque<F>,
    backlog: usize,
    /// Since when something has waited for tokens without a break.
    throttled_since: Option<Instant>,
}

impl<F: AsRef<[u8]>> Shaper<F> {
    /// Nothing waits, and the bucket is full.
    pub fn new(limits: EgressLimits, now: Instant) -> Self {
        let bucket = Bucket::new(limits.rate, now);
        Shaper { limits, bucket, frames: VecDeque::new(), backlog: 0, throttled_since: None }
    }

    /// Puts a frame behind those that wait. Ask [`Shaper::pop_ready`] next: it may leave at once.
    ///
    /// # Errors
    /// [`EGRESS_CAP`] where it would not fit, and then it was not taken.
    pub fn push(&mut self, frame: F) -> Result<(), CloseReason> {
        // lab:hole backpressure.shaper-push
        let backlog = self.backlog.saturating_add(frame.as_ref().len()).saturating_add(FRAME_COST_BYTES);
        if backlog > self.limits.backlog_bytes_max {
            return Err(CloseReason::Rule(&EGRESS_CAP));
        }
        self.backlog = backlog;
        self.frames.push_back(frame);
        Ok(())
        // lab:stub todo!("backpressure.shaper-push: refuse what would exceed the cap, cost included, before taking it")
        // lab:end
    }

    /// The next frame, if its tokens are there; they are taken. Call it until it has none.
    pub fn pop_ready(&mut self, now: Instant) -> Option<F> {
        // lab:hole backpressure.pop-ready
        let bytes = self.frames.front()?.as_ref().len();
        if !self.bucket.take(bytes, now) {
            self.throttled_since.get_or_insert(now);
            return None;
        }
        let frame = self.frames.pop_front()?;
        self.backlog -= frame.as_ref().len() + FRAME_COST_BYTES;
        if self.frames.is_empty() {
            self.throttled_since = None;
        }
        Some(frame)
        // lab:stub todo!("backpressure.pop-ready: the first frame for its tokens; note since when one waits, and forget it when none does")
        // lab:end
    }

    /// The frame that leaves next, if one waits.
    pub fn first(&self) -> Option<&F> {
        self.frames.front()
    }

    /// Puts another frame in the place of the first one, which nobody wants any more; nothing happens where none waits. Not
    /// held against the cap: it is one frame, and it leaves next.
    pub fn replace_first(&mut self, frame: F) {
        if let Some(first) = self.frames.front_mut() {
            self.backlog = self.backlog - first.as_ref().len() + frame.as_ref().len();
            *first = frame;
        }
    }

    /// Whether the client has been throttled for too long.
    ///
    /// # Errors
    /// [`EGRESS_THROTTLED`] where it has.
    pub fn check(&self, now: Instant) -> Result<(), CloseReason> {
        match self.patience_ends() {
            Some(end) if now >= end => Err(CloseReason::Rule(&EGRESS_THROTTLED)),
            _ => Ok(()),
        }
    }

    /// When to come back: the first frame may leave, or the patience ends. `None` while nothing waits.
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        let ready = self.bucket.ready_at(self.frames.front()?.as_ref().len(), now);
        Some(self.patience_ends().map_or(ready, |end| end.min(ready)))
    }

    /// What waits, each frame with its [cost](FRAME_COST_BYTES).
    pub fn backlog_bytes(&self) -> usize {
        self.backlog
    }

    /// True while something waits for tokens.
    pub fn is_throttled(&self) -> bool {
        self.throttled_since.is_some()
    }

    fn patience_ends(&self) -> Option<Instant> {
        self.throttled_since.map(|since| since + self.limits.throttled_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: usize = 10 * (100 + FRAME_COST_BYTES);

    /// 1,000 bytes a second, 200 at once, ten frames of 100 bytes may wait, for two seconds.
    fn shaper() -> (Shaper, Instant) {
        let rate = EgressRate::new(1_000, 200).unwrap();
        let limits = EgressLimits { rate, backlog_bytes_max: CAP, throttled_max: Duration::from_secs(2) };
        let now = Instant::now();
        (Shaper::new(limits, now), now)
    }

    fn drain(shaper: &mut Shaper, now: Instant) -> usize {
        std::iter::from_fn(|| shaper.pop_ready(now)).count()
    }

    #[test]
    fn the_burst_leaves_at_once_and_then_one_frame_for_its_tokens_in_order() {
        let (mut shaper, start) = shaper();
        for number in 0..10 {
            shaper.push(vec![number; 100]).unwrap();
        }
        assert_eq!(drain(&mut shaper, start), 2);
        for number in 2..10 {
            let at = shaper.wake_at(start).unwrap();
            assert_eq!(at, start + Duration::from_millis(100 * (u64::from(number) - 1)));
            assert_eq!(shaper.pop_ready(at - Duration::from_nanos(1)), None);
            assert_eq!(shaper.pop_ready(at), Some(vec![number; 100]));
        }
        assert_eq!((shaper.backlog_bytes(), shaper.wake_at(start)), (0, None));
    }

    #[test]
    fn the_cap_itself_waits_and_one_byte_more_is_the_end() {
        let (mut shaper, _) = shaper();
        for _ in 0..9 {
            shaper.push(vec![0; 100]).unwrap();
        }
        assert_eq!(shaper.push(vec![0; 101]), Err(CloseReason::Rule(&EGRESS_CAP)));
        assert_eq!(shaper.push(vec![0; 100]), Ok(()), "what was refused takes no room");
        assert_eq!(shaper.backlog_bytes(), CAP);
        assert_eq!(
            shaper.push(Vec::new()),
            Err(CloseReason::Rule(&EGRESS_CAP)),
            "an empty frame costs as well"
        );
    }

    // ANCHOR: throttled
    #[test]
    fn a_client_that_never_catches_up_is_closed_by_rule_and_one_that_does_is_not() {
        for (breaks, closed) in [(false, true), (true, false)] {
            let (mut shaper, start) = shaper();
            let mut ended = None;
            for tick in 0..40 {
                let now = start + Duration::from_millis(100 * tick);
                // One frame each tick is the rate exactly. Five at first are more than the burst, and stay so.
                let frames = match tick {
                    0 => 5,
                    10..13 if breaks => 0,
                    _ => 1,
                };
                for _ in 0..frames {
                    shaper.push(vec![0; 100]).unwrap();
                }
                drain(&mut shaper, now);
                ended = ended.or(shaper.check(now).err().map(|reason| (tick, reason)));
            }
            let rule = CloseReason::Rule(&EGRESS_THROTTLED);
            assert_eq!(ended, closed.then_some((20, rule)), "with a break: {breaks}");
        }
    }
    // ANCHOR_END: throttled

    #[test]
    fn the_first_frame_can_be_replaced_and_the_backlog_follows() {
        let (mut shaper, start) = shaper();
        shaper.replace_first(vec![9; 9]);
        assert_eq!((shaper.backlog_bytes(), shaper.first()), (0, None), "nothing waits, nothing is replaced");
        for number in 0..3 {
            shaper.push(vec![number; 100]).unwrap();
        }
        shaper.replace_first(vec![9; 150]);
        assert_eq!(shaper.backlog_bytes(), 350 + 3 * FRAME_COST_BYTES);
        assert_eq!(shaper.pop_ready(start), Some(vec![9; 150]));
        assert_eq!(shaper.pop_ready(start), None, "50 bytes of the burst are left");
        assert_eq!(
            (shaper.backlog_bytes(), shaper.first()),
            (2 * (100 + FRAME_COST_BYTES), Some(&vec![1; 100]))
        );
    }

    #[test]
    fn it_wakes_for_the_end_of_patience_where_that_comes_before_the_next_token() {
        let (mut shaper, start) = shaper();
        shaper.push(vec![0; 1_400]).unwrap();
        assert_eq!(drain(&mut shaper, start), 1, "a full bucket lets a larger frame go, into debt");
        shaper.push(vec![0; 1_300]).unwrap();
        assert_eq!(drain(&mut shaper, start), 0);
        assert_eq!(shaper.wake_at(start), Some(start + Duration::from_millis(1_400)));
        let late = start + Duration::from_millis(1_400);
        assert_eq!(drain(&mut shaper, late), 1);
        shaper.push(vec![0; 1_300]).unwrap();
        assert_eq!(drain(&mut shaper, late), 0);
        assert!(shaper.is_throttled());
        shaper.limits.throttled_max = Duration::from_millis(1);
        assert_eq!(shaper.wake_at(late), Some(late + Duration::from_millis(1)));
    }
}
