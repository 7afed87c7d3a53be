//! Claim: nobody can say `passed` over something that did not pass.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use evidence::{
    Criterion, DrillAccount, Fact, Finding, Histogram, Measurement, Ratio, Series, Trial, Verdict,
};
use proptest::prelude::*;

use Verdict::{Failed, Inconclusive, Passed, Skipped};

const ALL: [Verdict; 4] = [Passed, Failed, Inconclusive, Skipped];

fn criterion(id: &str, verdict: Verdict) -> Criterion {
    Criterion::of(id, "it holds", verdict, "it does not")
}

#[test]
fn a_heavier_verdict_wins_over_a_lighter_one() {
    for (left, right, over) in [
        (Passed, Passed, Passed),
        (Passed, Skipped, Skipped),
        (Passed, Inconclusive, Inconclusive),
        (Passed, Failed, Failed),
        (Skipped, Skipped, Skipped),
        (Skipped, Inconclusive, Inconclusive),
        (Skipped, Failed, Failed),
        (Inconclusive, Inconclusive, Inconclusive),
        (Inconclusive, Failed, Failed),
        (Failed, Failed, Failed),
    ] {
        assert_eq!(Verdict::over([left, right]), over);
        assert_eq!(Verdict::over([right, left]), over);
    }
    assert_eq!(Verdict::over([]), Inconclusive, "nothing shows nothing");
}

#[test]
fn a_drill_passes_in_one_row_of_its_table_only() {
    for control in ALL {
        for control_faults in [0, 1] {
            for faults in [0, 1] {
                for experiment in ALL {
                    for recovery_ms in [None, Some(99), Some(100), Some(101)] {
                        let drill = DrillAccount {
                            steady_state: String::new(),
                            fault: String::new(),
                            degraded_mode: String::new(),
                            recovery_trigger: String::new(),
                            recovery_within_ms: 100,
                            control: Trial::of(control_faults).invariant(criterion("i", control)),
                            experiment: Trial {
                                recovery_ms,
                                ..Trial::of(faults).invariant(criterion("i", experiment))
                            },
                            replay: String::new(),
                        };
                        let sound = control == Passed && control_faults == 0;
                        let expected = match (sound, faults, experiment, recovery_ms) {
                            (false, ..) | (_, 0, ..) => Inconclusive,
                            (true, _, _, Some(101)) => Failed,
                            (true, _, experiment, _) => experiment,
                        };
                        assert_eq!(drill.verdict(), expected, "{drill:?}");
                        let finding = Finding::of("it holds").drill(drill);
                        assert_eq!(finding.verdict, expected);
                    }
                }
            }
        }
    }
}

#[test]
fn a_drill_without_invariants_shows_nothing() {
    let finding = Finding::of("it holds").drill(DrillAccount {
        steady_state: String::new(),
        fault: String::new(),
        degraded_mode: String::new(),
        recovery_trigger: String::new(),
        recovery_within_ms: 100,
        control: Trial::of(0),
        experiment: Trial::of(3).recovered_in_ms(1),
        replay: String::new(),
    });
    assert_eq!(finding.verdict, Inconclusive);
}

#[test]
fn a_ratio_below_its_bar_fails_the_finding() {
    let ratio = |bar| Ratio::of_rounds("r", "ours is faster", "ours", "theirs", &[1.0, 1.1, 0.9], bar);
    assert_eq!(Finding::of("x").ratio(ratio(None)).verdict, Passed);
    assert_eq!(Finding::of("x").ratio(ratio(Some(1.0))).verdict, Passed);
    assert_eq!(Finding::of("x").ratio(ratio(Some(1.0 + f64::EPSILON))).verdict, Failed);
}

#[test]
fn a_measurement_passes_by_having_been_taken() {
    let measurement =
        Measurement::of("m", "M", "ns").series(Series::of("s", Histogram::of_values([1, 2, 3])));
    assert_eq!(Finding::of("x").verdict, Inconclusive);
    assert_eq!(Finding::of("x").measurement(measurement).verdict, Passed);
    assert_eq!(Finding::skipped("x").verdict, Skipped);
}

#[test]
fn passed_over_anything_else_is_refused_and_caution_is_not() {
    for found in ALL {
        for claimed in ALL {
            let mut finding = Finding::of("x").criterion(criterion("c", found));
            finding.verdict = claimed;
            assert_eq!(
                finding.check().is_err(),
                claimed == Passed && found != Passed,
                "{claimed} over {found}"
            );
        }
    }
    let mut empty = Finding::of("x");
    empty.verdict = Passed;
    let why = empty.check().unwrap_err();
    assert_eq!(why, "the verdict says passed, but what was found adds up to inconclusive");
}

#[test]
fn what_cannot_be_written_down_is_refused_with_its_place() {
    let series =
        |series: Series| Finding::of("x").measurement(Measurement::of("m", "M", "ns").series(series));
    let broken = |min, max, buckets| series(Series::of("s", Histogram { min, max, buckets }));
    let ratio = |median, low, high, rounds| {
        let ratio = Ratio::of_rounds("r", "", "", "", &[1.0], None);
        Finding::of("x").ratio(Ratio { median, low, high, rounds, ..ratio })
    };
    let fact = |fact| Finding::of("x").criterion(criterion("c", Passed).fact(fact));
    let twice = Fact::count("n", 1, "");
    for (finding, expected) in [
        (fact(Fact::real("rate", f64::INFINITY, "")), "criterion `c`: fact `rate` is not a finite number"),
        (fact(Fact::real("", 1.0, "")), "a fact of criterion `c` has no name"),
        (
            Finding::of("x").criterion(criterion("c", Passed).fact(twice.clone()).fact(twice)),
            "fact of criterion `c` `n` is there twice",
        ),
        (series(Series::over_time("s", vec![(0.0, f64::NAN)])), "measurement `m`, series `s` has a point"),
        (
            Finding::of("x").measurement(Measurement::of("m", "M", "ns").over("")),
            "measurement `m` has a horizontal axis without a name",
        ),
        (broken(300, 300, vec![(300, 1)]), "300 is not the highest value of a bucket"),
        (broken(1, 2, vec![(2, 1), (1, 1)]), "bucket 1 is out of order"),
        (broken(1, 1, vec![(1, 1), (1, 1)]), "bucket 1 is out of order"),
        (broken(1, 2, vec![(1, 0), (2, 1)]), "bucket 1 is listed without a count"),
        (broken(1, 2, vec![(1, u64::MAX), (2, 1)]), "the counts do not fit 64 bits"),
        (broken(0, 2, vec![(1, 1), (2, 1)]), "min 0 and max 2 do not lie in the end buckets"),
        (broken(1, 3, vec![(1, 1), (2, 1)]), "min 1 and max 3 do not lie in the end buckets"),
        (broken(1, 1, vec![]), "min 1 and max 1 do not lie"),
        (ratio(f64::NAN, 1.0, 1.0, 1), "ratio `r` is not a finite number"),
        (ratio(1.0, 1.0, 1.0, 0), "does not lie between its rounds"),
        (ratio(1.0, 1.1, 1.2, 3), "does not lie between its rounds"),
        (ratio(1.0, 0.8, 0.9, 3), "does not lie between its rounds"),
    ] {
        let why = finding.check().unwrap_err();
        assert!(why.contains(expected), "{expected}: {why}");
    }
}

proptest! {
    #[test]
    fn the_verdict_is_that_of_the_parts_in_any_order(verdicts in prop::collection::vec(prop::sample::select(&ALL), 1..9)) {
        let finding = verdicts.iter().enumerate().fold(Finding::of("x"), |finding, (index, verdict)| {
            finding.criterion(criterion(&format!("c{index}"), *verdict))
        });
        prop_assert_eq!(finding.verdict, Verdict::over(verdicts.iter().rev().copied()));
        prop_assert_eq!(finding.verdict == Passed, verdicts.iter().all(|verdict| *verdict == Passed));
        prop_assert_eq!(finding.check(), Ok(()));
    }

    #[test]
    fn a_median_has_as_many_rounds_below_as_above(rounds in prop::collection::vec(0.01..100.0f64, 1..40)) {
        let ratio = Ratio::of_rounds("r", "", "", "", &rounds, None);
        let below = rounds.iter().filter(|round| **round < ratio.median).count();
        let above = rounds.iter().filter(|round| **round > ratio.median).count();
        prop_assert!(below <= rounds.len() / 2 && above <= rounds.len() / 2, "{below} below, {above} above");
        prop_assert!(rounds.iter().all(|round| (ratio.low..=ratio.high).contains(round)));
        prop_assert_eq!(ratio.rounds as usize, rounds.len());
        prop_assert_eq!(Finding::of("x").ratio(ratio).check(), Ok(()));
    }
}

#[test]
#[should_panic(expected = "ratio r: no rounds were measured")]
fn a_ratio_of_nothing_is_a_bug_of_the_bench() {
    let _ = Ratio::of_rounds("r", "", "", "", &[], None);
}

#[test]
#[should_panic(expected = "ratio r: not finite")]
fn a_division_by_zero_is_a_bug_of_the_bench() {
    let _ = Ratio::of_rounds("r", "", "", "", &[1.0 / 0.0], None);
}
