//! A drill: a hypothesis about a fault, tried twice.
//!
//! ```text
//!                 control run                         experiment
//!        steady ──────────────► steady       steady ─► fault ─► degraded ─► recovery ─► steady
//!        invariants judged                   the same invariants judged     within the bound
//! ```
//!
//! The control run is the same closure with [`Trial::inject`] doing nothing. It shows that the invariants hold when
//! nothing is broken, so that what the experiment sees comes from the fault. The verdict is the table in [`verdict`].

pub mod verdict;

mod run;
mod trial;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use evidence::Finding;

pub use trial::{Role, Trial};

/// Longer than any trial of the default profile may take.
const TRIAL_DEADLINE: Duration = Duration::from_secs(30);

/// The hypothesis of a drill.
#[derive(Debug, Clone)]
#[must_use = "a drill does nothing before `run` or `main`"]
pub struct Drill {
    id: String,
    week: u8,
    claim: String,
    steady_state: String,
    fault: String,
    degraded_mode: String,
    recovery_trigger: String,
    recovery_within: Duration,
    trial_deadline: Duration,
    seed: u64,
}

/// What a trial's closure returns: anything that went wrong in it, told in its own words.
pub type TrialResult = Result<(), Box<dyn Error + Send + Sync>>;

impl Drill {
    /// A drill of a week (`week.yaml` has the id and the claim).
    pub fn new(week: u8, id: &str, claim: &str) -> Self {
        Drill {
            id: id.into(),
            week,
            claim: claim.into(),
            steady_state: String::new(),
            fault: String::new(),
            degraded_mode: String::new(),
            recovery_trigger: String::new(),
            recovery_within: Duration::ZERO,
            trial_deadline: TRIAL_DEADLINE,
            seed: evidence::run::seed_or(42),
        }
    }

    /// What normal looks like, measurably.
    pub fn steady_state(mut self, text: &str) -> Self {
        self.steady_state = text.into();
        self
    }

    /// What is broken on purpose.
    pub fn fault(mut self, text: &str) -> Self {
        self.fault = text.into();
        self
    }

    /// What may suffer while the fault lasts, and how.
    pub fn degraded_mode(mut self, text: &str) -> Self {
        self.degraded_mode = text.into();
        self
    }

    /// What ends the fault, or who repairs it, and how long the way back may take.
    pub fn recovery(mut self, trigger: &str, within: Duration) -> Self {
        self.recovery_trigger = trigger.into();
        self.recovery_within = within;
        self
    }

    /// How long one trial may take before it counts as hung and its processes are killed (30 s unless said otherwise).
    pub fn trial_deadline(mut self, deadline: Duration) -> Self {
        self.trial_deadline = deadline;
        self
    }

    /// The seed of every random choice unless the harness asks for another (`--seed`, through `LAB_SEED`); 42 when
    /// neither does.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = evidence::run::seed_or(seed);
        self
    }

    /// Runs the control run and then the experiment, and judges them.
    pub fn run<F>(&self, trial: F) -> Finding
    where
        F: Fn(&Trial) -> TrialResult + Send + Sync + 'static,
    {
        run::run(self, trial)
    }

    /// The whole `main` of a drill: runs it, hands the finding to the harness, and says on stderr how to replay one
    /// that did not pass. Exits with 0 (passed), 1 (failed or inconclusive) or 4 (the finding could not be written).
    pub fn main<F>(self, trial: F) -> ExitCode
    where
        F: Fn(&Trial) -> TrialResult + Send + Sync + 'static,
    {
        run::main(&self, trial)
    }

    /// The command that replays this run.
    pub fn replay(&self) -> String {
        format!("cargo lab drill {} --seed {}", self.week, self.seed)
    }
}
