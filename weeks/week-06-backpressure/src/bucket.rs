//! The token bucket: an average and a burst, in two numbers.
//!
//! Tokens drip into a bucket at a fixed rate until it is full, and a byte that leaves takes one along. A client that
//! was quiet has a full bucket and gets that much at once, the *burst*; whoever asks on and on gets the *rate*. A
//! frame that is larger than the whole bucket would never fit, so it may leave when the bucket is full, and puts it
//! into debt.
//!
//! ```text
//!   tokens
//!   burst |----.          .-------------.
//!         |     \        /               \   a frame above the burst
//!         |      \ take / drip            \        .--
//!       0 +-------\----/-------------------\------/-------> time
//!         |        '--'                     \    /
//!         |        no tokens: wait           '--'  in debt, paid by waiting
//! ```
//!
//! The level is counted in billionths of a byte, because a nanosecond at one byte a second brings just that. So
//! nothing is ever rounded, and a bucket that has run for a year has delivered its rate to the byte.

use std::time::{Duration, Instant};

use crate::range::{OutOfRange, within};

/// A client without a setting of its own is sent 1 MiB a second.
pub const EGRESS_BYTES_PER_SECOND_DEFAULT: u64 = 1 << 20;

/// A client that was quiet is sent 256 KiB at once.
pub const EGRESS_BURST_BYTES_DEFAULT: u64 = 256 << 10;

/// Neither rate nor burst is above 1 TiB.
pub const EGRESS_BYTES_MAX: u64 = 1 << 40;

/// Billionths of a byte in a byte, and nanoseconds in a second.
const NANOS: i128 = 1_000_000_000;

/// What one client may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EgressRate {
    bytes_per_second: u64,
    burst_bytes: u64,
}

impl EgressRate {
    /// So many bytes a second, and so many at once after a quiet time.
    ///
    /// # Errors
    /// [`OutOfRange`] where one of both is zero or above [`EGRESS_BYTES_MAX`].
    pub fn new(bytes_per_second: u64, burst_bytes: u64) -> Result<Self, OutOfRange> {
        Ok(EgressRate {
            bytes_per_second: within(
                "the egress rate in bytes a second",
                bytes_per_second,
                1..=EGRESS_BYTES_MAX,
            )?,
            burst_bytes: within("the egress burst in bytes", burst_bytes, 1..=EGRESS_BYTES_MAX)?,
        })
    }

    /// Bytes a second.
    pub fn bytes_per_second(self) -> u64 {
        self.bytes_per_second
    }

    /// Bytes at once.
    pub fn burst_bytes(self) -> u64 {
        self.burst_bytes
    }
}

impl Default for EgressRate {
    fn default() -> Self {
        EgressRate {
            bytes_per_second: EGRESS_BYTES_PER_SECOND_DEFAULT,
            burst_bytes: EGRESS_BURST_BYTES_DEFAULT,
        }
    }
}

/// The bucket of one client.
#[derive(Debug, Clone)]
pub struct Bucket {
    rate: EgressRate,
    /// Billionths of a byte that may leave; below zero, that are owed.
    level: i128,
    /// When the level was that.
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: EgressRate, now: Instant) -> Self {
        Bucket { rate, level: i128::from(rate.burst_bytes) * NANOS, at: now }
    }

    /// Takes the tokens of a frame that leaves now. False where there are too few, and then none were taken.
    pub fn take(&mut self, bytes: usize, now: Instant) -> bool {
        // lab:hole backpressure.take-tokens
        self.level = self.level_at(now);
        self.at = self.at.max(now);
        if self.level < self.needed(bytes) {
            return false;
        }
        self.level -= bytes as i128 * NANOS;
        true
        // lab:stub todo!("backpressure.take-tokens: fill up, then all of the frame's tokens or none; what is above the burst becomes debt")
        // lab:end
    }

    /// When a frame of so many bytes may leave: now, or once enough has dripped in.
    pub fn ready_at(&self, bytes: usize, now: Instant) -> Instant {
        // lab:hole backpressure.ready-at
        let missing = self.needed(bytes) - self.level_at(now);
        if missing <= 0 {
            return now;
        }
        let rate = i128::from(self.rate.bytes_per_second);
        let nanos = (missing + rate - 1) / rate;
        now.max(self.at) + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        // lab:stub todo!("backpressure.ready-at: what is missing over the rate, rounded up to the nanosecond")
        // lab:end
    }

    /// The level that a frame waits for: its own size, or a full bucket where it is larger than that.
    fn needed(&self, bytes: usize) -> i128 {
        (bytes as i128).min(i128::from(self.rate.burst_bytes)) * NANOS
    }

    fn level_at(&self, now: Instant) -> i128 {
        let nanos = now.saturating_duration_since(self.at).as_nanos();
        let nanos = i128::from(u64::try_from(nanos).unwrap_or(u64::MAX));
        let dripped = nanos * i128::from(self.rate.bytes_per_second);
        (self.level + dripped).min(i128::from(self.rate.burst_bytes) * NANOS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(bytes_per_second: u64, burst_bytes: u64) -> (Bucket, Instant) {
        let now = Instant::now();
        (Bucket::new(EgressRate::new(bytes_per_second, burst_bytes).unwrap(), now), now)
    }

    #[test]
    fn the_burst_leaves_at_once_and_the_next_byte_waits_for_its_token() {
        let (mut bucket, start) = bucket(1_000, 100);
        assert!(bucket.take(60, start) && bucket.take(40, start));
        assert!(!bucket.take(1, start));
        let ready = start + Duration::from_millis(1);
        assert_eq!(bucket.ready_at(1, start), ready);
        assert!(!bucket.take(1, ready - Duration::from_nanos(1)));
        assert!(bucket.take(1, ready));
    }

    // ANCHOR: debt
    #[test]
    fn a_frame_above_the_burst_waits_for_a_full_bucket_and_is_paid_for_afterwards() {
        let (mut bucket, start) = bucket(1_000, 100);
        assert!(bucket.take(1, start));
        assert!(!bucket.take(300, start), "the bucket is not full");
        let full = start + Duration::from_millis(1);
        assert_eq!(bucket.ready_at(300, start), full);
        assert!(bucket.take(300, full));
        assert_eq!(
            bucket.ready_at(1, full),
            full + Duration::from_millis(201),
            "200 bytes of debt and one of its own"
        );
    }
    // ANCHOR_END: debt

    #[test]
    fn a_quiet_year_fills_the_bucket_once_and_no_more() {
        let (mut bucket, start) = bucket(EGRESS_BYTES_MAX, 100);
        assert!(bucket.take(100, start));
        let later = start + Duration::from_secs(365 * 24 * 3_600);
        assert!(bucket.take(100, later) && !bucket.take(1, later));
    }

    // ANCHOR: every-byte
    #[test]
    fn a_rate_that_divides_nothing_evenly_delivers_every_byte_of_a_day() {
        let (mut bucket, start) = bucket(7, 2);
        let (mut now, mut sent) = (start, 0);
        let end = start + Duration::from_secs(24 * 3_600);
        while now <= end {
            assert!(bucket.take(1, now));
            sent += 1;
            now = bucket.ready_at(1, now);
        }
        // Waiting until the next whole nanosecond costs nothing: the fraction stays in the bucket, as long as there is
        // room for it.
        assert_eq!(sent, 2 + 7 * 24 * 3_600, "the burst at first, and then the rate to the byte");
    }
    // ANCHOR_END: every-byte

    #[test]
    fn a_rate_of_nothing_and_one_beyond_the_range_are_refused() {
        assert!(EgressRate::new(1, EGRESS_BYTES_MAX).is_ok());
        for (rate, burst) in [(0, 1), (1, 0), (EGRESS_BYTES_MAX + 1, 1), (1, EGRESS_BYTES_MAX + 1)] {
            assert!(EgressRate::new(rate, burst).is_err(), "{rate} and {burst}");
        }
    }

    proptest! {
        #[test]
        fn over_any_span_no_more_leaves_than_the_burst_the_rate_and_what_one_frame_is_above_the_burst(
            rate in 1..5_000_u64,
            burst in 1..2_000_u64,
            calls in prop::collection::vec((0..400_u64, 1..3_000_usize), 1..100),
        ) {
            let (mut bucket, start) = bucket(rate, burst);
            let mut sent: Vec<(u64, u64)> = Vec::new();
            let mut millis = 0;
            for (pause, bytes) in calls {
                millis += pause;
                let now = start + Duration::from_millis(millis);
                let ready = bucket.ready_at(bytes, now);
                let took = bucket.take(bytes, now);
                prop_assert_eq!(took, ready == now, "what is ready can be taken, and nothing else");
                if took {
                    sent.push((millis, bytes as u64));
                } else {
                    prop_assert!(!bucket.clone().take(bytes, ready - Duration::from_nanos(1)));
                    prop_assert!(bucket.clone().take(bytes, ready));
                }
            }
            for from in 0..sent.len() {
                let mut bytes = 0;
                for (at, more) in &sent[from..] {
                    bytes += more;
                    let span = at - sent[from].0;
                    let debt = 3_000_u64.saturating_sub(burst);
                    let allowed = (burst + debt) * 1_000 + rate * span;
                    prop_assert!(bytes * 1_000 <= allowed, "{} bytes in {} ms", bytes, span);
                }
            }
        }
    }
}
