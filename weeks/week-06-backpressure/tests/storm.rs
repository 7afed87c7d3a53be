//! Claim: what a stall of two seconds leaves behind stays for ever with naive clients and a server without a policy,
//! and dies out with ours; and the thresholds of the default policy are where they should be.
//!
//! A simulation in virtual time (`storm/world.rs`), so every count is exact and the same everywhere. How it could be
//! fooled: by a load that would be too much without a stall as well (so the seconds before it are looked at), by a
//! worker that is idle rather than useless (so wasted answers are counted), by a lucky seed (so there are several).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "storm/client.rs"]
mod client;
#[path = "storm/server.rs"]
mod server;
#[path = "storm/world.rs"]
mod world;

use std::time::Duration;

use backpressure::{POLICY_DEFAULT, Policy, RETRY_RESERVE_DEFAULT};
use client::Manners;
use world::{CLIENTS, Second, Setup, run};

const SEEDS: [u64; 3] = [1, 2, 3];

/// Seven tenths of what the worker can do, and a stall in the seconds 5 and 6.
fn stalled(policy: Option<Policy>, manners: Manners, seed: u64) -> Vec<Second> {
    run(Setup {
        policy,
        manners,
        requests_per_second: 700,
        work: Duration::from_millis(1),
        stall: Some((5, 7)),
        seconds: 20,
        seed,
    })
}

/// Overload without an end, with patient clients.
fn overloaded(policy: &str, requests_per_second: u64, work_ms: u64) -> Second {
    let seconds = run(Setup {
        policy: Some(Policy::parse(policy).unwrap()),
        manners: Manners::Patient,
        requests_per_second,
        work: Duration::from_millis(work_ms),
        stall: None,
        seconds: 10,
        seed: 1,
    });
    sum(&seconds[2..])
}

fn sum(seconds: &[Second]) -> Second {
    seconds.iter().fold(Second::default(), |sum, second| Second {
        first: sum.first + second.first,
        retries: sum.retries + second.retries,
        good: sum.good + second.good,
        wasted: sum.wasted + second.wasted,
        deferred: sum.deferred + second.deferred,
        timed_out: sum.timed_out + second.timed_out,
    })
}

fn all_is_well(second: &Second) -> bool {
    second.good * 100 >= second.first * 95
}

// ANCHOR: metastable
#[test]
fn naive_clients_keep_an_unprotected_server_useless_after_the_cause_is_gone() {
    for seed in SEEDS {
        let seconds = stalled(None, Manners::Naive, seed);
        assert!(seconds[..5].iter().all(all_is_well), "seven tenths of the capacity are no overload");
        for (number, second) in seconds.iter().enumerate().skip(8) {
            assert_eq!(second.good, 0, "nobody is answered in time in second {number}, seed {seed}");
            assert!(second.wasted >= 999, "and the worker is as busy as it can be");
            assert!(second.retries > 2 * second.first, "with requests that come again and again");
        }
    }
}

#[test]
fn with_the_ladder_and_patient_clients_the_storm_dies_out() {
    for seed in SEEDS {
        let seconds = stalled(Some(Policy::default()), Manners::Patient, seed);
        assert!(seconds[..5].iter().all(all_is_well));
        assert!(seconds[8..].iter().all(all_is_well), "from one second after the stall on, seed {seed}");
        assert_eq!(sum(&seconds).wasted, 0, "what nobody waits for is not worked on");
        assert_eq!(sum(&seconds[15..]).retries, 0, "the last retry was long ago");
        let earned = sum(&seconds).first / 10 + u64::from(RETRY_RESERVE_DEFAULT) * CLIENTS as u64;
        assert!(sum(&seconds).retries <= earned, "a tenth of the first attempts, and the reserve");
    }
}
// ANCHOR_END: metastable

#[test]
fn patient_clients_alone_end_the_storm_and_need_many_times_as_long() {
    for seed in SEEDS {
        let seconds = stalled(None, Manners::Patient, seed);
        assert!(seconds[8..12].iter().all(|second| second.good == 0), "still nothing after five seconds");
        assert!(
            seconds[16..].iter().all(all_is_well),
            "the load with its retries is below the capacity, so it ends"
        );
    }
}

#[test]
fn the_ladder_alone_keeps_the_server_useful_and_turns_away_whoever_hammers_at_it() {
    for seed in SEEDS {
        let seconds = stalled(Some(Policy::default()), Manners::Naive, seed);
        assert!(seconds[8..].iter().all(all_is_well), "seed {seed}");
        let during = sum(&seconds[5..7]);
        assert!(
            during.retries > 2 * during.first,
            "three attempts more of each request, at no cost to the worker"
        );
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let [once, again] = [7, 7].map(|seed| stalled(Some(Policy::default()), Manners::Patient, seed));
    assert_eq!(once, again);
    assert_ne!(once, stalled(Some(Policy::default()), Manners::Patient, 8));
}

// ANCHOR: hold
/// At five times the capacity the worker should never be without work that is worth doing, however long the ladder holds
/// its step. A ladder whose second step let nobody in until it was left again would fail this: 250 ms of hold after 50 ms
/// of work.
#[test]
fn however_long_a_step_is_held_the_worker_never_runs_dry() {
    for hold_ms in [25, 250, 1_000, 10_000] {
        let policy = POLICY_DEFAULT.replace("hold_ms: 250", &format!("hold_ms: {hold_ms}"));
        let seen = overloaded(&policy, 5_000, 1);
        // Of 8,000 that it can do.
        assert!(seen.good >= 7_900, "a hold of {hold_ms} ms: {seen:?}");
        assert_eq!(seen.wasted, 0, "a hold of {hold_ms} ms: {seen:?}");
    }
}
// ANCHOR_END: hold

// ANCHOR: age
/// A queue of sixty is nothing where a task takes a millisecond, and more than a request has time for where it takes
/// ten. Depth cannot tell the two apart; age does not need to be told what a task is.
#[test]
fn where_tasks_become_slow_age_refuses_early_what_depth_lets_expire() {
    let mut by_depth = POLICY_DEFAULT.to_owned();
    for age in ["{ enter: 20, leave: 10 }", "{ enter: 100, leave: 50 }", "{ enter: 500, leave: 250 }"] {
        by_depth = by_depth.replace(&format!("age_ms: {age}"), "age_ms: { enter: 1000000, leave: 999999 }");
    }
    // Half as much again as a worker with tasks of 10 ms can do.
    let depth = overloaded(&by_depth, 150, 10);
    let age = overloaded(POLICY_DEFAULT, 150, 10);
    assert_eq!(depth.deferred, 0, "a queue of tasks that expire in it never becomes long");
    assert!(depth.timed_out > depth.good, "so more wait in vain than are answered: {depth:?}");
    assert!(age.timed_out * 3 < depth.timed_out, "{age:?} and {depth:?}");
    assert!(age.deferred > 3 * age.timed_out, "who is not served is told so at once: {age:?}");
    assert!(age.good * 10 >= depth.good * 9, "at hardly any loss: {age:?} and {depth:?}");
}
// ANCHOR_END: age
