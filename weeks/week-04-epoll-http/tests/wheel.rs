//! The wheel against the suite of all timers, against a sorted map on schedules that a generator makes up, and against a
//! budget: it may look at what it tells, and at hardly anything else.
//!
//! The budget could be fooled by a counter that does not count. So a schedule whose work is known is counted first.

use std::time::{Duration, Instant};

use epoll_http::Wheel;
use epoll_http::wheel::{TICK, Work};
use event_loop::timers::conformance::Model;
use event_loop::{Timers, Token};
use proptest::prelude::*;

mod conformance {
    event_loop::timers_conformance!(epoll_http::Wheel::new);
}

/// The peer of the measurement has to be right as well, or it would be no peer.
#[path = "../benches/timers/heap.rs"]
mod heap;

mod conformance_of_the_heap {
    event_loop::timers_conformance!(|_| super::heap::Heap::new());
}

mod conformance_of_the_postponing_heap {
    event_loop::timers_conformance!(|_| super::heap::Heap::postponing());
}

#[derive(Debug, Clone)]
enum Call {
    Set { slot: u32, generation: u32, after: u64 },
    SetPast { slot: u32, before: u64 },
    Cancel { slot: u32, generation: u32 },
    Sleep { nanos: u64 },
    SleepUntilNext,
}

/// Spans of any order of magnitude, and those around the edges of ticks, blocks and levels.
fn span() -> impl Strategy<Value = u64> {
    let edge = (0..6_u32, 1..64_u64, 0..3_u64)
        .prop_map(|(level, digit, by)| (digit * (1_000_000 << (6 * level)) + by).saturating_sub(1));
    prop_oneof![edge, (0..60_u32, any::<u64>()).prop_map(|(bits, any)| any >> (63 - bits))]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => (0..20_u32, 0..3_u32, span()).prop_map(|(slot, generation, after)| Call::Set { slot, generation, after }),
        1 => (0..20_u32, 0..3_600_000_000_000_u64).prop_map(|(slot, before)| Call::SetPast { slot, before }),
        2 => (0..20_u32, 0..3_u32).prop_map(|(slot, generation)| Call::Cancel { slot, generation }),
        2 => span().prop_map(|nanos| Call::Sleep { nanos }),
        2 => Just(Call::SleepUntilNext),
    ]
}

proptest! {
    #[test]
    fn any_schedule_agrees_with_a_sorted_map(calls in prop::collection::vec(call(), 1..200)) {
        let start = Instant::now() + Duration::from_secs(3_600);
        let mut wheel = Wheel::new(start);
        let mut model = Model::new(start);
        for call in calls {
            match call {
                Call::Set { slot, generation, after } => {
                    let at = model.now + Duration::from_nanos(after);
                    model.set(&mut wheel, Token::new(slot, generation), at);
                }
                Call::SetPast { slot, before } => {
                    let at = model.now - Duration::from_nanos(before);
                    model.set(&mut wheel, Token::new(slot, 0), at);
                }
                Call::Cancel { slot, generation } => model.cancel(&mut wheel, Token::new(slot, generation)),
                Call::Sleep { nanos } => model.advance(&mut wheel, Duration::from_nanos(nanos)),
                Call::SleepUntilNext => {
                    let wait = wheel.next().map(|next| next.saturating_duration_since(model.now));
                    model.advance(&mut wheel, wait.unwrap_or_default());
                }
            }
        }
        // Everything that is left is told in the end, and then there is nothing.
        while let Some(next) = wheel.next() {
            let wait = next.saturating_duration_since(model.now);
            model.advance(&mut wheel, wait);
        }
        prop_assert!(model.is_empty());
    }
}

fn token(slot: u32) -> Token {
    Token::new(slot, 0)
}

fn work_of(wheel: &mut Wheel, calls: impl FnOnce(&mut Wheel)) -> Work {
    let before = wheel.work();
    calls(wheel);
    let after = wheel.work();
    Work {
        visits: after.visits - before.visits,
        slots: after.slots - before.slots,
        moves: after.moves - before.moves,
    }
}

#[test]
fn the_counters_count_what_is_known_beforehand() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    // 3 ticks: slot 3 of level 0. 100 ticks: slot 1 of level 1, which begins at 64, then slot 36 of level 0.
    let set = work_of(&mut wheel, |wheel| {
        wheel.set(token(0), start + 3 * TICK);
        wheel.set(token(1), start + 100 * TICK);
    });
    assert_eq!(set, Work { visits: 0, slots: 0, moves: 2 });
    let mut expired = Vec::new();
    let told = work_of(&mut wheel, |wheel| wheel.expire(start + 3 * TICK, &mut expired));
    assert_eq!((told, wheel.next()), (Work { visits: 1, slots: 1, moves: 0 }, Some(start + 64 * TICK)));
    let cascaded = work_of(&mut wheel, |wheel| wheel.expire(start + 64 * TICK, &mut expired));
    assert_eq!((cascaded, wheel.next()), (Work { visits: 1, slots: 1, moves: 0 }, Some(start + 100 * TICK)));
    wheel.expire(start + 100 * TICK, &mut expired);
    assert_eq!(expired, [token(0), token(1)]);
}

#[test]
fn telling_k_of_n_looks_at_those_k_and_leaves_the_others_alone() {
    const OTHERS: u32 = 100_000;
    const DUE: u32 = 50;
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    for slot in 0..OTHERS {
        // An idle timeout each, between one and two minutes ahead.
        wheel.set(token(slot), start + Duration::from_secs(60) + Duration::from_micros(600) * slot);
    }
    for slot in 0..DUE {
        wheel.set(token(OTHERS + slot), start + (1 + slot) * TICK);
    }
    let mut expired = Vec::new();
    let work = work_of(&mut wheel, |wheel| wheel.expire(start + 60 * TICK, &mut expired));
    assert_eq!(expired.len(), DUE as usize);
    assert_eq!(work, Work { visits: DUE.into(), slots: DUE.into(), moves: 0 });
}

#[test]
fn a_deadline_is_looked_at_once_a_level_at_most() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let deadlines = 10_000;
    for slot in 0..deadlines {
        wheel.set(token(slot), start + Duration::from_millis(u64::from(slot) * 7_919));
    }
    let mut expired = Vec::new();
    let work = work_of(&mut wheel, |wheel| {
        while let Some(next) = wheel.next() {
            wheel.expire(next, &mut expired);
        }
    });
    assert_eq!(expired.len(), deadlines as usize);
    assert!(work.visits <= 6 * u64::from(deadlines), "{work:?}");
}

#[test]
fn a_long_sleep_costs_what_it_tells_and_not_the_ticks_that_passed() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let mut expired = Vec::new();
    let year = Duration::from_secs(365 * 24 * 3_600);
    wheel.set(token(0), start + year);
    wheel.set(token(1), start + 10 * TICK);
    wheel.set(token(2), start + 9 * year);
    let work = work_of(&mut wheel, |wheel| wheel.expire(start + year, &mut expired));
    assert_eq!(expired, [token(1), token(0)]);
    assert!(work.visits <= 3 && work.slots <= 3, "{work:?} for 31 536 000 000 ticks");
    let idle = work_of(&mut wheel, |wheel| wheel.expire(start + year + 1_000_000 * TICK, &mut expired));
    assert_eq!((idle, expired.len()), (Work::default(), 2), "time alone costs nothing");
}

#[test]
fn a_deadline_that_is_postponed_on_every_request_is_moved_once() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let mut expired = Vec::new();
    let work = work_of(&mut wheel, |wheel| {
        // 1,000 connections, a request each every 10 ms for a minute, an idle timeout of 60 s.
        for request in 0..6_000_u32 {
            let now = start + 10 * request * TICK;
            wheel.set(token(request % 1_000), now + Duration::from_secs(60));
            wheel.expire(now, &mut expired);
        }
    });
    assert_eq!((work.moves, expired.len()), (1_000, 0));
    assert!(work.visits <= 1_000, "{work:?}: a look at each within its minute, for 6,000 settings");
}

#[test]
fn deadlines_taken_back_cost_one_look_each_and_wake_nobody_when_none_is_left() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let mut expired = Vec::new();
    for slot in 0..1_000 {
        wheel.set(token(slot), start + (1 + slot % 50) * TICK);
        wheel.cancel(token(slot));
    }
    assert_eq!(wheel.next(), None);
    wheel.set(token(1_000), start + 60 * TICK);
    let work = work_of(&mut wheel, |wheel| wheel.expire(start + 60 * TICK, &mut expired));
    assert_eq!(
        (expired.as_slice(), work),
        (&[token(1_000)][..], Work { visits: 1_001, slots: 51, moves: 0 })
    );
}

#[test]
fn a_place_whose_owner_changes_all_the_time_needs_no_list_operation_for_it() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let mut expired = Vec::new();
    let work = work_of(&mut wheel, |wheel| {
        for generation in 0..1_000 {
            wheel.set(Token::new(0, generation), start + Duration::from_secs(60) + generation * TICK);
            wheel.cancel(Token::new(0, generation));
        }
        wheel.set(Token::new(0, 1_000), start + Duration::from_secs(61));
    });
    assert_eq!(work, Work { visits: 0, slots: 0, moves: 1 });
    wheel.expire(start + Duration::from_secs(61), &mut expired);
    assert_eq!(expired, [Token::new(0, 1_000)]);
}

#[test]
fn the_deadline_of_a_place_stays_one_node_however_often_it_is_set() {
    let start = Instant::now();
    let mut wheel = Wheel::new(start);
    let mut expired = Vec::new();
    for round in 0..10_000_u32 {
        let later = if round % 2 == 0 { Duration::from_secs(60) } else { Duration::from_secs(30) };
        wheel.set(Token::new(0, round), start + later);
    }
    let work = work_of(&mut wheel, |wheel| wheel.expire(start + Duration::from_secs(90), &mut expired));
    assert_eq!((expired, work.visits), (vec![Token::new(0, 9_999)], 1));
}
