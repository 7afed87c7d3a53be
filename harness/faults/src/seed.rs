//! One number from which every random choice of a drill follows.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
//! 2014): a counter that steps by an odd constant, and a mixing function over it. It is small enough to read, the
//! same on every machine, and it never changes, so a seed in a record from last year still replays. It is not for
//! secrets: the state follows from one output.
//!
//! Threads must not share a generator, or the scheduler would decide who draws what. Each user of randomness
//! therefore gets a [`Dice::fork`] of its own, named by what it is for.

use std::time::Duration;

/// A stream of numbers that follows from a seed. Not called `Rng`, so that it can stand beside the traits of that name.
#[derive(Debug, Clone)]
pub struct Dice {
    /// What forks are made from; drawing does not change it.
    origin: u64,
    /// The counter.
    state: u64,
}

/// The odd number nearest to 2^64 divided by the golden ratio: the step of the counter.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Dice { origin: seed, state: seed }
    }

    /// An independent stream, named by what it is used for. It depends on the seed and the name only, so drawing
    /// more from one stream never moves another.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Self {
        // FNV-1a spreads the name over 64 bits; the mix below decouples it from the parent's counter.
        let name = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Dice::new(mix(self.origin ^ mix(name)))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A number from `low` to `high`, both included, all equally likely.
    ///
    /// # Panics
    /// When `low > high`: an empty range is a mistake of the caller.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range: {low} to {high}");
        let Some(size) = (high - low).checked_add(1) else { return self.next_u64() };
        // The top of the 64-bit range that does not hold whole copies of `size` would favour small numbers: redraw.
        let unfair = (u64::MAX % size + 1) % size;
        loop {
            let draw = self.next_u64();
            if draw <= u64::MAX - unfair {
                return low + draw % size;
            }
        }
    }

    /// True once in `n` on average; never for 0.
    pub fn one_in(&mut self, n: u64) -> bool {
        n > 0 && self.between(1, n) == 1
    }

    /// A duration from zero to `longest`, to the nanosecond (at most 584 years).
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        Duration::from_nanos(self.between(0, u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Puts the items into an order that follows from the seed (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.between(0, last as u64) as usize);
        }
    }

    /// Fills a buffer with bytes: payloads that no compression or lucky alignment can hide behind.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

/// The finaliser of SplitMix64 (variant 13 of Stafford's search for better bit mixing).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_stream_of_a_seed_is_the_published_one() {
        // The reference outputs of the authors' generator for seed 1234567.
        let mut dice = Dice::new(1_234_567);
        let drawn: Vec<u64> = (0..5).map(|_| dice.next_u64()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn forks_depend_on_the_name_and_not_on_who_draws_first() {
        let root = Dice::new(42);
        let (mut a, mut b) = (root.fork("latency"), root.fork("slicer"));
        let first_a = a.next_u64();
        let first_b = b.next_u64();
        let mut root = root;
        root.next_u64();
        let (mut b2, mut a2) = (root.fork("slicer"), root.fork("latency"));
        assert_eq!((b2.next_u64(), a2.next_u64()), (first_b, first_a));
        assert_ne!(first_a, first_b);
    }

    #[test]
    fn a_small_range_is_even_enough_that_no_value_is_favoured() {
        let mut dice = Dice::new(7);
        let mut seen = [0_u32; 6];
        for _ in 0..60_000 {
            seen[dice.between(1, 6) as usize - 1] += 1;
        }
        // Six standard deviations around 10,000.
        assert!(seen.iter().all(|n| (9_450..10_550).contains(n)), "{seen:?}");
    }

    proptest! {
        #[test]
        fn between_stays_between(seed: u64, a: u64, b: u64) {
            let (low, high) = (a.min(b), a.max(b));
            let draw = Dice::new(seed).between(low, high);
            prop_assert!((low..=high).contains(&draw));
        }

        #[test]
        fn shuffling_loses_and_invents_nothing(seed: u64, mut items: Vec<u16>) {
            let mut before = items.clone();
            Dice::new(seed).shuffle(&mut items);
            before.sort_unstable();
            items.sort_unstable();
            prop_assert_eq!(before, items);
        }
    }
}
