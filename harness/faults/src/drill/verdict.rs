//! The decision of a drill, as a table.
//!
//! The first row that fits decides. Above the line nothing was shown about the fault; below it, something was.
//!
//! | # | control run | experiment ended | fault happened | steady before | invariants | recovery | verdict |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | 1 | unsound | – | – | – | – | – | inconclusive |
//! | 2 | sound | hung | – | – | – | – | failed |
//! | 3 | sound | – | no | – | – | – | inconclusive |
//! | 4 | sound | – | yes | no | – | – | inconclusive |
//! | 5 | sound | – | yes | yes | some broken | – | failed |
//! | 6 | sound | error | yes | yes | – | – | failed |
//! | 7 | sound | done | yes | yes | some unjudged | – | inconclusive |
//! | 8 | sound | done | yes | yes | all held | late or never | failed |
//! | 9 | sound | done | yes | yes | all held | in time | **passed** |
//!
//! Row 2 comes before row 3 because a subject that hangs is broken whatever the fault counter says. Row 5 comes
//! before row 6 because a broken invariant says more than the error that followed from it. There is one way to pass.

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
    /// Whether the fault really happened at least once.
    pub fault_happened: bool,
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
        Outcome { fault_happened: false, .. } => (Inconclusive, 3),
        Outcome { steady_before: false, .. } => (Inconclusive, 4),
        Outcome { invariants: Invariants::Broken, .. } => (Failed, 5),
        Outcome { end: End::Error, .. } => (Failed, 6),
        Outcome { invariants: Invariants::Unjudged, .. } => (Inconclusive, 7),
        Outcome { recovery: Recovery::Late | Recovery::Never, .. } => (Failed, 8),
        Outcome { recovery: Recovery::InTime, .. } => (Passed, 9),
    }
}
