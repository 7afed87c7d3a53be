//! Claim: the ladder goes up over every threshold at once and down by one step after its hold, whichever of the four
//! signals asks, and nothing in between moves it.
//!
//! How this could be fooled: by a table that is computed from the policy in the way in which the ladder computes its
//! step (so it is written out), and by values in the middle of a range (so each range is tried at both of its ends).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::path::Path;
use std::time::{Duration, Instant};

use backpressure::{Change, Ladder, Policy, Signal, Signals, Step};
use serde::Deserialize;

const NANOSECOND: Duration = Duration::from_nanos(1);

/// The signals with one of them at a value, counted in what it is measured in: nanoseconds, tasks, bytes.
fn signals(signal: Signal, value: u64) -> Signals {
    let quiet = Signals::default();
    match signal {
        Signal::Age => Signals { age: Duration::from_nanos(value), ..quiet },
        Signal::Depth => Signals { depth_tasks_per_worker: value.try_into().unwrap(), ..quiet },
        Signal::Memory => Signals { memory_bytes: value, ..quiet },
        Signal::Egress => Signals { egress_bytes: value, ..quiet },
    }
}

fn unit(signal: Signal) -> u64 {
    match signal {
        Signal::Age => 1_000_000,
        Signal::Depth => 1,
        Signal::Memory | Signal::Egress => 1 << 20,
    }
}

/// Both ends of the seven ranges into which the six thresholds of one signal divide what it can say.
fn ranges(policy: &Policy, signal: Signal) -> [[u64; 2]; 7] {
    let [shed, reject, refuse] =
        [Step::Shed, Step::Reject, Step::Refuse].map(|step| policy.band(step, signal).unwrap());
    let edges = [0, shed.leave, shed.enter, reject.leave, reject.enter, refuse.leave, refuse.enter]
        .map(|edge| u64::from(edge) * unit(signal));
    assert!(edges.is_sorted_by(|a, b| a < b), "the default policy has seven ranges for {}", signal.name());
    let ends = [&edges[1..], &[edges[6] * 2]].concat();
    std::array::from_fn(|range| [edges[range], ends[range] - 1])
}

fn letter(step: Step) -> char {
    match step {
        Step::Normal => 'n',
        Step::Shed => 's',
        Step::Reject => 'r',
        Step::Refuse => 'X',
    }
}

/// A ladder that stands on this step, held there by this signal.
fn ladder_at(step: Step, signal: Signal, start: Instant) -> Ladder {
    let policy = Policy::default();
    let enter = policy.band(step, signal).map_or(0, |band| u64::from(band.enter) * unit(signal));
    let mut ladder = Ladder::new(policy, start);
    ladder.observe(&signals(signal, enter), start);
    assert_eq!(ladder.step(), step);
    ladder
}

// ANCHOR: table
/// For each step, where one look leads and where a hold of looks leads. The seven letters are the seven ranges:
///
/// ```text
///   0 | shed leaves | shed enters | reject leaves | reject enters | refuse leaves | refuse enters
/// ```
const TABLE: [(Step, &str, &str); 4] = [
    //             at once    after a hold
    (Step::Normal, "nnssrrX", "nnssrrX"),
    (Step::Shed, "ssssrrX", "nsssrrX"),
    (Step::Reject, "rrrrrrX", "sssrrrX"),
    (Step::Refuse, "XXXXXXX", "rrrrrXX"),
];
// ANCHOR_END: table

#[test]
fn every_step_and_every_range_of_every_signal_leads_where_the_table_says() {
    let (policy, start) = (Policy::default(), Instant::now());
    for signal in Signal::ALL {
        for (step, at_once, after_hold) in TABLE {
            for (range, ends) in ranges(&policy, signal).into_iter().enumerate() {
                for value in ends {
                    let mut ladder = ladder_at(step, signal, start);
                    let look = signals(signal, value);
                    let told = format!("{} at {} {value}", step.name(), signal.name());
                    ladder.observe(&look, start + NANOSECOND);
                    assert_eq!(letter(ladder.step()), at_once.chars().nth(range).unwrap(), "{told}, at once");
                    ladder.observe(&look, start + policy.hold());
                    assert_eq!(
                        letter(ladder.step()),
                        at_once.chars().nth(range).unwrap(),
                        "{told}, hold not over"
                    );
                    ladder.observe(&look, start + NANOSECOND + policy.hold());
                    assert_eq!(
                        letter(ladder.step()),
                        after_hold.chars().nth(range).unwrap(),
                        "{told}, after a hold"
                    );
                }
            }
        }
    }
}

#[test]
fn one_signal_below_its_threshold_does_not_excuse_another() {
    let (policy, start) = (Policy::default(), Instant::now());
    for held in Signal::ALL {
        let mut ladder = ladder_at(Step::Reject, held, start);
        let leave = u64::from(policy.band(Step::Reject, held).unwrap().leave) * unit(held);
        for hold in 1..5 {
            assert_eq!(ladder.observe(&signals(held, leave), start + hold * policy.hold()), None);
            assert_eq!(ladder.wake_at(), None, "nothing to wait for while {} holds", held.name());
        }
    }
}

#[test]
fn a_signal_that_sits_on_a_threshold_moves_the_ladder_once() {
    let (policy, start) = (Policy::default(), Instant::now());
    let band = policy.band(Step::Shed, Signal::Depth).unwrap();
    let mut ladder = Ladder::new(policy, start);
    let mut changes = 0;
    for look in 0..1_000 {
        let depth = u64::from(if look % 2 == 0 { band.enter } else { band.leave });
        let now = start + Duration::from_millis(10 * look);
        changes += u32::from(ladder.observe(&signals(Signal::Depth, depth), now).is_some());
    }
    assert_eq!(changes, 1);
}

#[test]
fn it_can_be_woken_exactly_when_it_may_go_down() {
    let start = Instant::now();
    let mut ladder = ladder_at(Step::Refuse, Signal::Egress, start);
    let mut steps = vec![ladder.step()];
    let quiet = Signals::default();
    ladder.observe(&quiet, start);
    while let Some(at) = ladder.wake_at() {
        assert_eq!(ladder.observe(&quiet, at - NANOSECOND), None);
        let Change { from, to, because, value } = ladder.observe(&quiet, at).unwrap();
        assert_eq!((from, because, value), (steps[steps.len() - 1], Signal::Egress, 0));
        steps.push(to);
    }
    assert_eq!(steps, [Step::Refuse, Step::Reject, Step::Shed, Step::Normal]);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    at_ms: u64,
    age_ms: u64,
    depth: u32,
    memory_mib: u64,
    egress_mib: u64,
    step: String,
    because: Option<String>,
    value: Option<u64>,
    retry_after_ms: u64,
    tells: String,
}

#[test]
fn the_story_of_an_evening_goes_as_it_is_told() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ladder-story.yaml");
    let story: Vec<Look> = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let start = Instant::now();
    let mut ladder = Ladder::new(Policy::default(), start);
    for look in story {
        let now = start + Duration::from_millis(look.at_ms);
        let signals = Signals {
            age: Duration::from_millis(look.age_ms),
            depth_tasks_per_worker: look.depth,
            memory_bytes: look.memory_mib << 20,
            egress_bytes: look.egress_mib << 20,
        };
        let change = ladder.observe(&signals, now);
        let told = format!("at {} ms: {}", look.at_ms, look.tells);
        assert_eq!(ladder.step().name(), look.step, "{told}");
        let moved = change.map(|change| (change.because.name().to_owned(), change.value));
        assert_eq!(moved, look.because.zip(look.value), "{told}");
        assert_eq!(ladder.retry_after(now), Duration::from_millis(look.retry_after_ms), "{told}");
    }
}
