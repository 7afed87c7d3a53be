//! How old the queue is, told apart from how old it was for a moment.
//!
//! A queue is there to take up bursts: a hundred tasks at once, worked off within a few milliseconds, are the queue
//! at its best. What a queue must not be is a place where every task waits, all the time, and nothing is gained by
//! it. Both look alike in a single measurement. Nichols and Jacobson ("Controlling Queue Delay", ACM Queue 2012; RFC
//! 8289, section 3) tell them apart by the *minimum* over an interval: in a burst somebody still waits hardly at all
//! before the interval is over, in a standing queue nobody does.
//!
//! ```text
//!   age                                          age
//!    |      x                                     |        x x   x   x
//!    |     x x                                    |   x x x   x x x x x    <-- least: 40 ms, standing
//!    |    x   x        x                          |  x
//!    |   x     x      x x                         | x
//!    +--x-------x----x---x-- least: 0, a burst    +-----------------------
//! ```

use std::time::{Duration, Instant};

/// Into so many parts the interval is cut: what happened is forgotten an eighth of an interval late, at most.
const PARTS: u64 = 8;

/// A whole interval, and the part that is being filled.
const KEPT: usize = PARTS as usize + 1;

/// Watches the age of one queue. It keeps the least age of each part of the last interval, and nothing else, however
/// often it is told.
#[derive(Debug, Clone)]
pub struct AgeWatch {
    interval: Duration,
    /// When tasks began to wait without a break; `None` while the queue is idle.
    since: Option<Instant>,
    /// The number of the part that is being filled, counted from `since`.
    part: u64,
    /// The least age seen in each part, `None` where nobody looked. The part's number modulo its length is its place.
    least: [Option<Duration>; KEPT],
}

impl AgeWatch {
    /// A watch over an idle queue. An interval below eight nanoseconds is taken as eight.
    pub fn new(interval: Duration) -> Self {
        let interval = interval.max(Duration::from_nanos(PARTS));
        AgeWatch { interval, since: None, part: 0, least: [None; KEPT] }
    }

    /// The queue is empty: whatever waited before, nobody waits now.
    pub fn idle(&mut self) {
        self.since = None;
    }

    /// So long has the head of the queue waited, or a task that was just taken from it.
    pub fn observe(&mut self, age: Duration, now: Instant) {
        let part = self.enter(now);
        let least = &mut self.least[(part % KEPT as u64) as usize];
        *least = Some(least.map_or(age, |known| known.min(age)));
    }

    /// The least age of the last interval: nobody waited less. Zero unless tasks have been waiting for a whole
    /// interval, and zero where nobody looked for that long, since silence proves nothing.
    pub fn standing(&mut self, now: Instant) -> Duration {
        // lab:hole backpressure.standing-age
        match self.since {
            Some(since) if now.saturating_duration_since(since) >= self.interval => {
                self.enter(now);
                self.least.iter().flatten().min().copied().unwrap_or_default()
            }
            _ => Duration::ZERO,
        }
        // lab:stub todo!("backpressure.standing-age: nothing before a whole interval of waiting; then the least that was seen in it")
        // lab:end
    }

    /// Goes to the part that `now` lies in, and forgets those that are older than an interval.
    fn enter(&mut self, now: Instant) -> u64 {
        let Some(since) = self.since else {
            (self.since, self.part, self.least) = (Some(now), 0, [None; KEPT]);
            return 0;
        };
        let nanos = now.saturating_duration_since(since).as_nanos();
        let part = u64::try_from(nanos * u128::from(PARTS) / self.interval.as_nanos()).unwrap_or(u64::MAX);
        let begun = part.saturating_sub(self.part).min(KEPT as u64);
        for back in 0..begun {
            self.least[((part - back) % KEPT as u64) as usize] = None;
        }
        self.part = self.part.max(part);
        self.part
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(80);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_that_is_worked_off_is_no_standing_queue() {
        let (mut watch, start) = (AgeWatch::new(INTERVAL), Instant::now());
        for at in 0..70 {
            watch.observe(ms(at), start + ms(at));
        }
        watch.idle();
        watch.observe(ms(0), start + ms(71));
        assert_eq!(watch.standing(start + ms(150)), ms(0), "the wait began anew after the queue was empty");
    }

    #[test]
    fn a_queue_that_nobody_passes_quickly_stands_after_one_interval_and_not_a_moment_earlier() {
        let (mut watch, start) = (AgeWatch::new(INTERVAL), Instant::now());
        for at in 0..=80 {
            watch.observe(ms(40 + at % 3), start + ms(at));
        }
        assert_eq!(watch.standing(start + ms(80) - Duration::from_nanos(1)), ms(0));
        assert_eq!(watch.standing(start + ms(80)), ms(40));
    }

    // ANCHOR: forgotten
    #[test]
    fn one_task_that_passed_quickly_counts_for_an_interval_and_is_then_forgotten() {
        let (mut watch, start) = (AgeWatch::new(INTERVAL), Instant::now());
        for at in 0..=300 {
            watch.observe(if at == 100 { ms(1) } else { ms(50) }, start + ms(at));
            let expected = match at {
                0..80 => ms(0),
                80..100 => ms(50),
                100..190 => ms(1),
                _ => ms(50),
            };
            assert_eq!(watch.standing(start + ms(at)), expected, "at {at} ms");
        }
    }
    // ANCHOR_END: forgotten

    #[test]
    fn what_nobody_looked_at_is_not_taken_for_standing() {
        let (mut watch, start) = (AgeWatch::new(INTERVAL), Instant::now());
        watch.observe(ms(50), start);
        assert_eq!(watch.standing(start + ms(1_000)), ms(0));
        watch.observe(ms(60), start + ms(1_001));
        assert_eq!(watch.standing(start + ms(1_001)), ms(60));
    }

    proptest! {
        #[test]
        fn it_is_never_more_than_any_age_of_the_last_interval_and_never_less_than_all_of_a_little_more(
            steps in prop::collection::vec((0..30_u64, 0..100_u64), 1..80),
        ) {
            let (mut watch, start) = (AgeWatch::new(INTERVAL), Instant::now());
            let mut seen: Vec<(u64, u64)> = Vec::new();
            let mut at = 0;
            for (step, age) in steps {
                at += step;
                seen.push((at, age));
                watch.observe(ms(age), start + ms(at));
                let standing = watch.standing(start + ms(at)).as_millis() as u64;
                let least = |back: u64| {
                    seen.iter().filter(|(when, _)| when + back >= at).map(|(_, age)| *age).min().unwrap_or(0)
                };
                prop_assert!(standing <= least(80), "an age within the interval is lower");
                if at - seen[0].0 >= 80 {
                    prop_assert!(standing >= least(90), "what is older than an interval and a part is forgotten");
                }
            }
        }
    }
}
