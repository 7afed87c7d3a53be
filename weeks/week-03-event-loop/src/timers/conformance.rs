//! What every [`Timers`] has to do, said once and checked against each.
//!
//! [`timers_conformance!`](crate::timers_conformance) makes a test of every check, for a function that makes timers:
//!
//! ```text
//! mod scan {
//!     event_loop::timers_conformance!(|_| event_loop::Scan::default());
//! }
//! ```
//!
//! No clock is asked, except for one instant to begin with: years pass in a microsecond here. The suite could be fooled by
//! timers that are right on round numbers only, so the times are nanoseconds at random, the jumps are of every size from
//! less than a tick to centuries, and every answer is compared with a model that keeps its deadlines in a sorted map.
#![allow(clippy::unwrap_used, reason = "checks: what goes wrong is the finding")]

mod model;

use std::time::{Duration, Instant};

use framing::rng::SplitMix64;

pub use model::Model;

use super::Timers;
use crate::Token;

/// Makes one `#[test]` of each check, for timers made by the function given, which gets the present; to be called once in
/// a module of its own.
#[macro_export]
macro_rules! timers_conformance {
    ($make:expr) => {
        $crate::timers_conformance! { @each $make,
            without_deadlines_there_is_nothing_to_wait_for
            a_deadline_is_told_once_and_not_before_its_time
            deadlines_a_nanosecond_apart_are_each_kept_until_their_own_time
            a_deadline_that_has_passed_is_due_at_once
            a_deadline_centuries_ahead_is_kept
            a_deadline_taken_back_is_not_told
            a_deadline_set_again_counts_from_its_last_setting
            a_late_cancel_does_not_touch_the_next_owner_of_the_place
            a_new_owner_takes_the_place_with_its_deadline
            what_was_told_before_stays_in_the_answer
            waiting_until_next_reaches_every_deadline_in_few_steps
            a_jump_over_all_deadlines_tells_each_once
            random_schedules_agree_with_a_sorted_map
        }
    };
    (@each $make:expr, $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::timers::conformance::$check($make);
            }
        )*
    };
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A moment that is no round number of anything.
fn begin() -> Instant {
    Instant::now() + HOUR + Duration::from_nanos(123_456_789)
}

fn told<T: Timers>(timers: &mut T, now: Instant) -> Vec<Token> {
    let mut expired = Vec::new();
    timers.expire(now, &mut expired);
    expired.sort_unstable();
    expired
}

/// Without deadlines, `next` is `None`, and nothing is told however much time passes.
pub fn without_deadlines_there_is_nothing_to_wait_for<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    assert_eq!(timers.next(), None);
    timers.cancel(Token::new(7, 0));
    assert_eq!(told(&mut timers, start + 1000 * HOUR), []);
    assert_eq!(timers.next(), None);
}

/// Not at one nanosecond before, at the latest one granularity after, and never again.
pub fn a_deadline_is_told_once_and_not_before_its_time<T: Timers>(make: impl Fn(Instant) -> T) {
    for after in [1, 999_999, 1_000_000, 63_999_999, 64_000_001, 4_096_000_000, 86_400_000_000_001] {
        let start = begin();
        let (token, at) = (Token::new(3, 1), start + Duration::from_nanos(after));
        let mut timers = make(start);
        timers.set(token, at);
        assert_eq!(told(&mut timers, at - Duration::from_nanos(1)), [], "{after} ns, before its time");
        let due = at + timers.granularity();
        assert!(timers.next().unwrap() <= due, "{after} ns: next is too late");
        assert_eq!(told(&mut timers, due), [token], "{after} ns, due");
        assert_eq!(told(&mut timers, due + 1000 * HOUR), [], "{after} ns, told twice");
        assert_eq!(timers.next(), None, "{after} ns");
    }
}

/// Rounding may tell two deadlines together, but neither of them early.
pub fn deadlines_a_nanosecond_apart_are_each_kept_until_their_own_time<T: Timers>(
    make: impl Fn(Instant) -> T,
) {
    for after in (0..40).map(|n| 999_980 + n) {
        let start = begin();
        let at = |slot: u64| start + Duration::from_nanos(after + slot);
        let mut timers = make(start);
        for slot in 0..5_u32 {
            timers.set(Token::new(slot, 0), at(slot.into()));
        }
        let early = told(&mut timers, at(1));
        assert!(early.iter().all(|token| token.slot() <= 1), "{after}: {early:?}");
        let due = at(4) + timers.granularity();
        let rest = told(&mut timers, due);
        assert_eq!(early.len() + rest.len(), 5, "{after}");
    }
}

/// Even if it passed long before the timers were made, and at the very moment that was asked about last.
pub fn a_deadline_that_has_passed_is_due_at_once<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    let now = start + Duration::from_nanos(7_700_000);
    assert_eq!(told(&mut timers, now), []);
    // What rounding adds must not outlive the time itself, so the last one is a whole granularity old.
    let passed = [start - HOUR, start, now - timers.granularity()];
    for (slot, at) in (0..).zip(passed) {
        timers.set(Token::new(slot, 0), at);
        assert!(timers.next().unwrap() <= now, "nothing to wait for");
        assert_eq!(told(&mut timers, now), [Token::new(slot, 0)]);
    }
    assert_eq!(timers.next(), None);
}

/// Far beyond whatever a structure was laid out for.
pub fn a_deadline_centuries_ahead_is_kept<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let century = 24 * 36_525 * HOUR;
    let (token, at) = (Token::new(0, 0), start + 3 * century);
    let mut timers = make(start);
    timers.set(token, at);
    for years in [0, 1, 2, 3, 50, 150, 299] {
        assert_eq!(told(&mut timers, start + years * century / 100), [], "{years} years");
        assert!(timers.next().unwrap() <= at + timers.granularity(), "{years} years");
    }
    assert_eq!(told(&mut timers, at - Duration::from_nanos(1)), []);
    let due = at + timers.granularity();
    assert_eq!(told(&mut timers, due), [token]);
}

/// Whether it lay near or far, and whoever lay beside it.
pub fn a_deadline_taken_back_is_not_told<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    let tokens: Vec<_> = (0..60).map(|slot| Token::new(slot, slot)).collect();
    for (token, n) in tokens.iter().zip(0_u32..) {
        timers.set(*token, start + (n % 5) * HOUR + Duration::from_millis(u64::from(n / 20)));
    }
    let (kept, taken): (Vec<Token>, Vec<Token>) = tokens.iter().partition(|token| token.slot() % 3 == 1);
    for token in taken.iter().rev().chain(&taken) {
        timers.cancel(*token);
    }
    assert_eq!(told(&mut timers, start + 6 * HOUR), kept);
    assert_eq!(timers.next(), None);
}

/// Later, earlier and to the same time.
pub fn a_deadline_set_again_counts_from_its_last_setting<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    let (later, earlier, same) = (Token::new(0, 0), Token::new(1, 0), Token::new(2, 0));
    for (token, first, last) in [(later, 1, 3), (earlier, 3, 1), (same, 2, 2)] {
        timers.set(token, start + first * HOUR);
        timers.set(token, start + last * HOUR);
    }
    let slack = timers.granularity();
    assert!(timers.next().unwrap() <= start + HOUR + slack, "the earlier one is overslept");
    assert_eq!(told(&mut timers, start + HOUR + slack), [earlier]);
    assert_eq!(told(&mut timers, start + 2 * HOUR + slack), [same]);
    assert_eq!(told(&mut timers, start + 3 * HOUR + slack), [later]);
}

/// The generation tells old and new owner apart.
pub fn a_late_cancel_does_not_touch_the_next_owner_of_the_place<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    let (old, new) = (Token::new(3, 1), Token::new(3, 2));
    timers.set(old, start + HOUR);
    timers.cancel(old);
    timers.set(new, start + HOUR);
    timers.cancel(old);
    assert_eq!(told(&mut timers, start + 2 * HOUR), [new]);
}

/// The predecessor's deadline is gone without having been taken back.
pub fn a_new_owner_takes_the_place_with_its_deadline<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    let (old, new) = (Token::new(3, 1), Token::new(3, 2));
    timers.set(old, start + HOUR);
    timers.set(new, start + 2 * HOUR);
    let due = start + HOUR + timers.granularity();
    assert_eq!(told(&mut timers, due), []);
    timers.set(old, start + HOUR);
    timers.set(new, start + HOUR);
    assert_eq!(told(&mut timers, start + 3 * HOUR), [new]);
}

/// `expire` adds to the answer and takes nothing out of it.
pub fn what_was_told_before_stays_in_the_answer<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    timers.set(Token::new(1, 0), start);
    let mut expired = vec![Token::new(9, 9)];
    timers.expire(start + HOUR, &mut expired);
    assert_eq!(expired, [Token::new(9, 9), Token::new(1, 0)]);
}

/// A loop that sleeps until `next`, and never otherwise looks, tells everything in time and without spinning.
pub fn waiting_until_next_reaches_every_deadline_in_few_steps<T: Timers>(make: impl Fn(Instant) -> T) {
    /// More looks than this for one deadline are a search and no wait.
    const LOOKS_MAX: u32 = 16;
    for after in
        [1, 700_000, 1_000_000, 65_000_000, 59_999_999_999, 86_400_000_000_000, 8_000_000_000_000_000]
    {
        let start = begin();
        let (token, at) = (Token::new(4, 4), start + Duration::from_nanos(after));
        let mut timers = make(start);
        timers.set(token, at);
        let mut looks = 0;
        while let Some(now) = timers.next() {
            assert!(now <= at + timers.granularity(), "{after} ns: overslept");
            looks += 1;
            assert!(looks <= LOOKS_MAX, "{after} ns: still not told after {looks} looks");
            for token_told in told(&mut timers, now) {
                assert_eq!((token_told, timers.next()), (token, None));
                assert!(now >= at, "{after} ns: told before its time");
            }
            assert!(timers.next().is_none_or(|next| next > now), "{after} ns: the loop would spin");
        }
    }
}

/// As after a machine that was suspended.
pub fn a_jump_over_all_deadlines_tells_each_once<T: Timers>(make: impl Fn(Instant) -> T) {
    let start = begin();
    let mut timers = make(start);
    let mut rng = SplitMix64::new(3);
    let tokens: Vec<_> = (0..5_000).map(|slot| Token::new(slot, slot ^ 5)).collect();
    for token in &tokens {
        timers.set(*token, start + Duration::from_nanos(rng.next_u64() >> 4));
    }
    let due = start + Duration::from_nanos(u64::MAX >> 4) + timers.granularity();
    assert_eq!(told(&mut timers, due), tokens);
    assert_eq!(timers.next(), None);
}

/// Settings, cancels and jumps at random; every answer has to agree with [`Model`].
pub fn random_schedules_agree_with_a_sorted_map<T: Timers>(make: impl Fn(Instant) -> T) {
    for seed in 0..40 {
        let start = begin();
        let mut timers = make(start);
        let mut model = Model::new(start);
        let mut rng = SplitMix64::new(seed);
        for _ in 0..500 {
            // A span of any size, from nanoseconds to half a century.
            let (choice, places, bits) = (rng.next_u64() % 8, 1 + seed as u32 * 5, rng.next_u64() % 60);
            let span = Duration::from_nanos(rng.next_u64() >> (63 - bits));
            let token = Token::new(rng.next_u64() as u32 % places, rng.next_u64() as u32 % 3);
            match choice {
                0..=3 => model.set(&mut timers, token, model.now + span),
                4 => model.set(&mut timers, token, model.now - span.min(HOUR)),
                5 => model.cancel(&mut timers, token),
                _ => model.advance(&mut timers, span),
            }
        }
    }
}
