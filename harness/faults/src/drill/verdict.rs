//! The decision of a drill, as a table.
//!
//! The first row that fits decides. Above the line nothing was shown about the fault; below it, something was.
//!
//! | # | control run | experiment ended | fault | steady before | invariants | recovery | verdict |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | 1 | unsound | – | – | – | – | – | inconclusive |
//! | 2 | sound | hung | – | – | – | – | failed |
//! | 3 | sound | – | missing | – | – | – | inconclusive |
//! | 4 | sound | – | happened or under way | no | – | – | inconclusive |
//! | 5 | sound | – | happened or under way | yes | some broken | – | failed |
//! | 6 | sound | error | happened or under way | yes | – | – | failed |
//! | 7 | sound | done | under way | yes | – | – | inconclusive |
//! | 8 | sound | done | happened | yes | some unjudged | – | inconclusive |
//! | 9 | sound | done | happened | yes | all held | late or never | failed |
//! | 10 | sound | done | happened | yes | all held | in time | **passed** |
//!
//! Row 2 comes before row 3 because a subject that hangs is broken whatever the fault counter says. Row 5 comes
//! before row 6 because a broken invariant says more than the error that followed from it. In row 6 a fault that was
//! under way is enough: the control run did all the same things but the breaking, and came to its end. There is one
//! way to pass.

use evidence::Verdict;

/// Whether the control run can vouch for the experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It reached the steady state, kept every invariant (at least one), and injected nothing.
    Sound,
    /// It did not; the reason is told beside the verdict.
    Unsound,
}

/// How the experiment's closure ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Done,
    /// It returned an error or panicked.
    Error,
    /// It was still running at the deadline.
    Hung,
}

/// Whether the fault really happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// At least once.
    Happened,
    /// Breaking things began and did not come to its end, and nothing was counted.
    UnderWay,
    /// Not once.
    Missing,
}

/// How the invariants fared under the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariants {
    /// All that the control run judged were judged, and all held.
    Held,
    /// One that the control run judged was not judged here.
    Unjudged,
    /// At least one was false.
    Broken,
}

/// How long the way back took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The steady state was seen again within the bound.
    InTime,
    /// It was seen again, too late.
    Late,
    /// It was not seen again.
    Never,
}

/// Everything that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The run without the fault.
    pub control: Control,
    /// How the run with the fault ended.
    pub end: End,
    /// Whether the fault really happened.
    pub fault: Injection,
    /// Whether the steady state was reached before the fault.
    pub steady_before: bool,
    /// The invariants.
    pub invariants: Invariants,
    /// The way back.
    pub recovery: Recovery,
}

/// The verdict, and which row of the table decided.
pub fn decide(outcome: Outcome) -> (Verdict, u8) {
    use Verdict::{Failed, Inconclusive, Passed};
    match outcome {
        Outcome { control: Control::Unsound, .. } => (Inconclusive, 1),
        Outcome { end: End::Hung, .. } => (Failed, 2),
        Outcome { fault: Injection::Missing, .. } => (Inconclusive, 3),
        Outcome { steady_before: false, .. } => (Inconclusive, 4),
        Outcome { invariants: Invariants::Broken, .. } => (Failed, 5),
        Outcome { end: End::Error, .. } => (Failed, 6),
        Outcome { fault: Injection::UnderWay, .. } => (Inconclusive, 7),
        Outcome { invariants: Invariants::Unjudged, .. } => (Inconclusive, 8),
        Outcome { recovery: Recovery::Late | Recovery::Never, .. } => (Failed, 9),
        Outcome { recovery: Recovery::InTime, .. } => (Passed, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table in this module's own documentation: what is published is what is tested.
    fn documented_rows() -> Vec<[String; 8]> {
        include_str!("verdict.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .filter(|row| row.starts_with(|c: char| c.is_ascii_digit()))
            .map(|row| {
                let cells: Vec<String> =
                    row.trim_end_matches('|').split('|').map(|cell| cell.trim().replace('*', "")).collect();
                cells.try_into().unwrap()
            })
            .collect()
    }

    /// Every combination of inputs, each with its words in the table.
    fn all_outcomes() -> Vec<(Outcome, [&'static str; 6])> {
        let mut all = Vec::new();
        for (control, a) in [(Control::Sound, "sound"), (Control::Unsound, "unsound")] {
            for (end, b) in [(End::Done, "done"), (End::Error, "error"), (End::Hung, "hung")] {
                for (fault, c) in [
                    (Injection::Happened, "happened"),
                    (Injection::UnderWay, "under way"),
                    (Injection::Missing, "missing"),
                ] {
                    for (steady_before, d) in [(true, "yes"), (false, "no")] {
                        for (invariants, e) in [
                            (Invariants::Held, "all held"),
                            (Invariants::Unjudged, "some unjudged"),
                            (Invariants::Broken, "some broken"),
                        ] {
                            for (recovery, f) in [
                                (Recovery::InTime, "in time"),
                                (Recovery::Late, "late"),
                                (Recovery::Never, "never"),
                            ] {
                                let outcome =
                                    Outcome { control, end, fault, steady_before, invariants, recovery };
                                all.push((outcome, [a, b, c, d, e, f]));
                            }
                        }
                    }
                }
            }
        }
        all
    }

    fn fits(cell: &str, word: &str) -> bool {
        cell == "–" || cell.split(" or ").any(|one| one == word)
    }

    #[test]
    fn every_combination_is_decided_by_the_documented_row() {
        let (rows, outcomes) = (documented_rows(), all_outcomes());
        assert_eq!((rows.len(), outcomes.len()), (10, 324));
        let mut used = [0; 10];
        for (outcome, words) in outcomes {
            let row =
                rows.iter().find(|row| row[1..7].iter().zip(words).all(|(cell, word)| fits(cell, word)));
            let row = row.unwrap_or_else(|| panic!("no row for {outcome:?}"));
            let (verdict, number) = decide(outcome);
            assert_eq!(format!("{verdict:?}").to_lowercase(), row[7], "{outcome:?}");
            assert_eq!(number.to_string(), row[0], "{outcome:?}");
            used[usize::from(number) - 1] += 1;
        }
        assert!(used.iter().all(|times| *times > 0), "a row that never decides: {used:?}");
    }

    #[test]
    fn there_is_exactly_one_way_to_pass() {
        let passed: Vec<_> =
            all_outcomes().into_iter().filter(|(outcome, _)| decide(*outcome).0 == Verdict::Passed).collect();
        assert_eq!(passed.len(), 1);
        assert_eq!(passed[0].1, ["sound", "done", "happened", "yes", "all held", "in time"]);
    }
}
