use framing::retry::{FailureKind, RetryPolicy};
use proptest::prelude::*;

use super::*;

const POLICY: RetryPolicy = RetryPolicy {
    attempts_max: 5,
    base: Duration::from_millis(100),
    cap: Duration::from_secs(2),
    budget: Duration::from_secs(10),
};

fn deferral(millis: u64, code: &'static logger::ErrorCode) -> Deferral<'static> {
    Deferral::new("r-1".parse().unwrap(), Duration::from_millis(millis), code)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn nobody_comes_back_before_the_time_that_was_asked_for_and_all_are_spread_over_as_long_again() {
    let asked = deferral(400, &catalog::OVERLOAD_REJECTED);
    let pauses: Vec<Duration> = (0..1_000)
        .map(|seed| {
            let mut budget = RetryBudget::default();
            Patience::new(POLICY, seed).after(&asked, Duration::ZERO, &mut budget).unwrap()
        })
        .collect();
    assert!(pauses.iter().all(|pause| (ms(400)..=ms(800)).contains(pause)));
    for tenth in 0..10 {
        let from = ms(400 + 40 * tenth);
        let here = pauses.iter().filter(|pause| (from..from + ms(40)).contains(pause)).count();
        assert!((60..=140).contains(&here), "{here} of 1,000 come back in the {tenth}th tenth");
    }
}

#[test]
fn a_short_request_to_wait_does_not_make_the_backoff_shorter() {
    let asked = deferral(1, &catalog::OVERLOAD_SHED);
    let mut longest = Duration::ZERO;
    for seed in 0..200 {
        let (mut patience, mut budget) = (Patience::new(POLICY, seed), RetryBudget::default());
        for _ in 0..3 {
            patience.after(&asked, Duration::ZERO, &mut budget).unwrap();
        }
        longest = longest.max(patience.after(&asked, Duration::ZERO, &mut budget).unwrap());
    }
    assert!(
        longest > ms(700) && longest <= ms(801),
        "the fourth pause is spread over 800 ms, not {longest:?}"
    );
}

#[test]
fn without_a_time_to_wait_the_schedule_of_week_two_decides() {
    let (mut patience, mut budget) = (Patience::new(POLICY, 7), RetryBudget::default());
    for ceiling in [100, 200, 400, 800] {
        let pause = patience.after(FailureKind::Reset, Duration::ZERO, &mut budget).unwrap();
        assert!(pause <= ms(ceiling));
    }
    let end = patience.after(FailureKind::Reset, Duration::ZERO, &mut budget);
    assert_eq!(end, Err(GaveUp::Schedule(StopCause::AttemptsSpent)));
}

#[test]
fn what_cannot_succeed_or_would_come_too_late_is_left_and_costs_nothing() {
    let rows = [
        (deferral(0, &catalog::DEADLINE_EXPIRED), 0, StopCause::Final),
        (deferral(0, &catalog::POLICY_INVALID), 0, StopCause::Final),
        (deferral(5_000, &catalog::OVERLOAD_REJECTED), 5_000, StopCause::BudgetSpent),
    ];
    for (failure, elapsed, cause) in rows {
        let mut budget = RetryBudget::new(10, 1).unwrap();
        let after = Patience::new(POLICY, 1).after(&failure, ms(elapsed), &mut budget);
        assert_eq!(after, Err(GaveUp::Schedule(cause)), "{}", failure.code());
        assert!(budget.pay(), "the retry was not paid for");
    }
}

#[test]
fn a_client_that_has_no_retry_left_gives_up_and_ten_new_requests_earn_one() {
    let mut budget = RetryBudget::new(10, 2).unwrap();
    let after = |budget: &mut RetryBudget| {
        Patience::new(POLICY, 3).after(FailureKind::ReplyTimeout, Duration::ZERO, budget)
    };
    assert!(after(&mut budget).is_ok() && after(&mut budget).is_ok());
    assert_eq!(after(&mut budget), Err(GaveUp::RetryBudgetSpent));
    for _ in 0..9 {
        budget.first_attempt();
    }
    assert_eq!(after(&mut budget), Err(GaveUp::RetryBudgetSpent));
    budget.first_attempt();
    assert!(after(&mut budget).is_ok());
}

#[test]
fn a_retry_budget_ends_where_it_says() {
    assert!(RetryBudget::new(100, RETRY_RESERVE_MAX).is_ok());
    assert!(RetryBudget::new(101, 0).is_err());
    assert!(RetryBudget::new(0, RETRY_RESERVE_MAX + 1).is_err());
}

proptest! {
    #[test]
    fn retries_are_never_more_than_the_reserve_and_the_share_of_first_attempts(
        percent in 0..=100_u8,
        reserve in 0..20_u32,
        asks in prop::collection::vec(any::<bool>(), 0..500),
    ) {
        let mut budget = RetryBudget::new(percent, reserve).unwrap();
        let (mut first, mut retries) = (0_u64, 0_u64);
        for is_first in asks {
            if is_first {
                budget.first_attempt();
                first += 1;
            } else if budget.pay() {
                retries += 1;
            }
            prop_assert!(retries * 100 <= u64::from(reserve) * 100 + first * u64::from(percent));
        }
    }
}
