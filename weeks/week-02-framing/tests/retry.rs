//! Claim: retries end, in number and in time, whatever fails and however long it takes.
//!
//! Time is the test's own: a pause adds to a counter, so a budget of ten seconds is spent in no time.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::cell::Cell;
use std::time::Duration;

use framing::retry::{
    ATTEMPTS_MAX_HARD, Failure, FailureKind, Pause, RetryPolicy, Retryable, Schedule, Step, StopCause, run,
};
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);

/// A clock that moves when somebody sleeps on it, or when an attempt says how long it took.
#[derive(Default)]
struct Virtual<'a> {
    now: Option<&'a Cell<Duration>>,
    slept: Vec<Duration>,
}

impl Pause for Virtual<'_> {
    fn elapsed(&self) -> Duration {
        self.now.map(Cell::get).unwrap_or_default()
    }

    fn sleep(&mut self, delay: Duration) {
        self.slept.push(delay);
        if let Some(now) = self.now {
            now.set(now.get() + delay);
        }
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy { attempts_max: 5, base: 100 * MS, cap: 1000 * MS, budget: 60_000 * MS }
}

fn refused() -> Failure {
    Failure::new(FailureKind::ConnectRefused, "nobody there")
}

#[test]
fn the_ceiling_doubles_up_to_the_cap_and_stays_there() {
    let schedule = Schedule::new(policy(), 1);
    let ceilings: Vec<u128> = (0..6).map(|retry| schedule.ceiling(retry).as_millis()).collect();
    assert_eq!(ceilings, [100, 200, 400, 800, 1000, 1000]);
    for late in [31, 32, 63, 64, u32::MAX] {
        assert_eq!(schedule.ceiling(late), 1000 * MS, "retry {late} must not overflow");
    }
}

#[test]
fn a_server_that_stays_down_is_asked_exactly_as_often_as_allowed() {
    let now = Cell::default();
    let mut pause = Virtual { now: Some(&now), ..Virtual::default() };
    let mut seen = Vec::new();
    let gave_up = run(
        Schedule::new(policy(), 7),
        &mut pause,
        |attempt, _| -> Result<(), Failure> {
            seen.push(attempt);
            Err(refused())
        },
        |_, _, _, _| {},
    )
    .unwrap_err();
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert_eq!((gave_up.cause, gave_up.attempts), (StopCause::AttemptsSpent, 5));
    assert_eq!(pause.slept.len(), 4, "a pause between attempts, none after the last");
    for (retry, delay) in pause.slept.iter().enumerate() {
        assert!(*delay <= Schedule::new(policy(), 0).ceiling(retry as u32), "pause {retry} was {delay:?}");
    }
}

#[test]
fn a_final_failure_ends_at_once_even_with_attempts_left() {
    for kind in FailureKind::ALL.into_iter().filter(|kind| !kind.is_retryable()) {
        let mut pause = Virtual::default();
        let attempt = |_, _| -> Result<(), Failure> { Err(Failure::new(kind, "no")) };
        let gave_up = run(Schedule::new(policy(), 7), &mut pause, attempt, |_, _, _, _| {}).unwrap_err();
        assert_eq!((gave_up.cause, gave_up.attempts), (StopCause::Final, 1), "{kind:?}");
        assert!(pause.slept.is_empty());
    }
}

#[test]
fn slow_attempts_spend_the_budget_and_no_attempt_begins_after_its_end() {
    let now = Cell::new(Duration::ZERO);
    let mut pause = Virtual { now: Some(&now), ..Virtual::default() };
    let policy = RetryPolicy { attempts_max: 100, budget: 1000 * MS, ..policy() };
    let mut lefts = Vec::new();
    let attempt = |_, left: Duration| -> Result<(), Failure> {
        lefts.push(left);
        now.set(now.get() + left.min(300 * MS));
        Err(Failure::new(FailureKind::ReplyTimeout, "slow"))
    };
    let gave_up = run(Schedule::new(policy, 3), &mut pause, attempt, |_, _, _, _| {}).unwrap_err();
    assert_eq!(gave_up.cause, StopCause::BudgetSpent);
    assert!(gave_up.elapsed <= 1000 * MS, "ended after {:?}", gave_up.elapsed);
    assert!(lefts.windows(2).all(|pair| pair[1] < pair[0]), "each attempt has less left: {lefts:?}");
    assert!(lefts.iter().all(|left| !left.is_zero()), "no attempt begins with nothing left: {lefts:?}");
}

#[test]
fn a_success_after_failures_reports_its_attempt_and_the_timeline_saw_the_failures() {
    let mut timeline = Vec::new();
    let done = run(
        Schedule::new(policy(), 7),
        &mut Virtual::default(),
        |attempt, _| if attempt < 3 { Err(refused()) } else { Ok("there") },
        |attempt, _, failure, step| {
            timeline.push((attempt, failure.kind, matches!(step, Step::Retry(_))));
        },
    )
    .unwrap();
    assert_eq!((done.value, done.attempts), ("there", 3));
    let refused = FailureKind::ConnectRefused;
    assert_eq!(timeline, [(1, refused, true), (2, refused, true)]);
}

fn delays(seed: u64) -> Vec<Duration> {
    let mut schedule = Schedule::new(policy(), seed);
    let steps = (0..4).map(|_| schedule.after(FailureKind::Reset, Duration::ZERO));
    steps
        .map(|step| match step {
            Step::Retry(delay) => delay,
            Step::Stop(cause) => panic!("stopped: {cause:?}"),
        })
        .collect()
}

#[test]
fn the_same_seed_waits_the_same_and_other_seeds_spread_out() {
    assert_eq!(delays(42), delays(42));
    // Full jitter: a thousand clients that failed together must come back spread over the whole first interval.
    let mut tenths = [0_u32; 10];
    for seed in 0..1000 {
        let first = delays(seed)[0];
        assert!(first <= 100 * MS);
        tenths[(first.as_nanos() as usize / 10_000_000).min(9)] += 1;
    }
    // 100 expected in each, and six standard deviations are 57.
    assert!(tenths.iter().all(|count| (43..=157).contains(count)), "{tenths:?}");
}

proptest! {
    #[test]
    fn no_policy_and_no_failures_make_the_retries_endless(
        attempts_max in 0_u32..400,
        base_ms in 0_u64..10_000,
        cap_ms in 0_u64..100_000,
        budget_ms in 0_u64..100_000,
        attempt_ms in 0_u64..5_000,
        seed: u64,
        kinds in proptest::collection::vec(0_usize..FailureKind::ALL.len(), 1..8),
    ) {
        let policy = RetryPolicy {
            attempts_max,
            base: Duration::from_millis(base_ms),
            cap: Duration::from_millis(cap_ms),
            budget: Duration::from_millis(budget_ms),
        };
        let now = Cell::new(Duration::ZERO);
        let mut pause = Virtual { now: Some(&now), ..Virtual::default() };
        let mut begun_late = false;
        let attempt = |number: u32, left: Duration| -> Result<(), Failure> {
            begun_late |= number > 1 && left.is_zero();
            now.set(now.get() + Duration::from_millis(attempt_ms).min(left));
            Err(Failure::new(FailureKind::ALL[kinds[number as usize % kinds.len()]], "again"))
        };
        let gave_up = run(Schedule::new(policy, seed), &mut pause, attempt, |_, _, _, _| {}).unwrap_err();
        prop_assert!(gave_up.attempts <= attempts_max.clamp(1, ATTEMPTS_MAX_HARD));
        prop_assert!(!begun_late, "an attempt began after the budget's end");
        prop_assert!(pause.elapsed() <= policy.budget, "{:?} of {:?}", pause.elapsed(), policy.budget);
    }
}

/// A failure of another protocol, whose server said when to come back.
struct ComeBack(Duration);

impl Retryable for ComeBack {
    fn is_retryable(&self) -> bool {
        true
    }

    fn wait_at_least(&self) -> Duration {
        self.0
    }
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept_and_one_beyond_the_budget_ends_the_retries() {
    let policy = RetryPolicy { attempts_max: 3, budget: 60_000 * MS, ..policy() };
    for (asked, slept, cause) in [
        (5_000 * MS, vec![5_000 * MS; 2], StopCause::AttemptsSpent),
        (60_000 * MS, vec![], StopCause::BudgetSpent),
    ] {
        let now = Cell::default();
        let mut pause = Virtual { now: Some(&now), ..Virtual::default() };
        let attempt = |_, _| -> Result<(), ComeBack> { Err(ComeBack(asked)) };
        let gave_up =
            run(Schedule::new(policy, 1), &mut pause, attempt, |_, _, _, _| {}).map_err(|g| g.cause);
        assert_eq!((gave_up, pause.slept), (Err(cause), slept), "asked for {asked:?}");
    }
}
