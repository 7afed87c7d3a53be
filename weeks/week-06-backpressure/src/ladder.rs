//! The overload ladder: one state machine over all signals.

use std::time::{Duration, Instant};

use crate::policy::Policy;
use crate::signals::{Signal, Signals};

/// How far the server has withdrawn. Each step keeps what the one above it gives up last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Everything is served.
    Normal,
    /// Optional requests are not.
    Shed,
    /// New requests are let in as fast as they are worked off, and no faster.
    Reject,
    /// New connections are not, either.
    Refuse,
}

impl Step {
    /// All of them, from the bottom up.
    pub const ALL: [Step; 4] = [Step::Normal, Step::Shed, Step::Reject, Step::Refuse];

    /// The word for logs, metrics and the policy file.
    pub fn name(self) -> &'static str {
        match self {
            Step::Normal => "normal",
            Step::Shed => "shed",
            Step::Reject => "reject",
            Step::Refuse => "refuse",
        }
    }

    /// The next one down; the lowest is its own.
    pub fn below(self) -> Step {
        match self {
            Step::Normal | Step::Shed => Step::Normal,
            Step::Reject => Step::Shed,
            Step::Refuse => Step::Reject,
        }
    }

    /// True where somebody who connects now is let in.
    pub fn takes_connections(self) -> bool {
        self != Step::Refuse
    }
}

/// The ladder went to another step: one line in the log, one count in the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Where it stood.
    pub from: Step,
    /// Where it stands.
    pub to: Step,
    /// On the way up the signal that asked for it, on the way down the one that was seen holding the step last.
    pub because: Signal,
    /// What that signal says now, in whole units of the policy: milliseconds, tasks, mebibytes.
    pub value: u64,
}

/// The machine.
///
/// ```text
///                 any signal at its `enter` of that step: up at once, also by several
///          .----------------------------------------------------------------------.
///          |                       |                       |                      |
///          |                       v                       v                      v
///     +---------+             +---------+             +---------+             +---------+
///     | Normal  |             |  Shed   |             | Reject  |             | Refuse  |
///     | serves  |             | serves  |             | as many |             | and no  |
///     | all     |             | no      |             | as are  |             | new con-|
///     |         |             | optional|             | done    |             | nections|
///     +---------+             +---------+             +---------+             +---------+
///          ^                       |  ^                    |  ^                    |
///          '-----------------------'  '--------------------'  '--------------------'
///     all signals below `leave` of the step and nobody turned away for want of room, for `hold`: down, by one
/// ```
///
/// Up is quick, since every moment in which too much is let in makes the queue longer. Down is slow and by one, since
/// the load that was turned away is still out there: whoever opens all the doors at once has it all back at once.
#[derive(Debug, Clone)]
pub struct Ladder {
    policy: Policy,
    step: Step,
    /// When the present step began.
    since: Instant,
    /// Since when no signal holds the present step.
    calm_since: Option<Instant>,
    /// The signal that was seen holding it last.
    held_by: Signal,
}

impl Ladder {
    /// A ladder at its lowest step.
    pub fn new(policy: Policy, now: Instant) -> Self {
        Ladder { policy, step: Step::Normal, since: now, calm_since: None, held_by: Signal::Age }
    }

    /// Where it stands.
    pub fn step(&self) -> Step {
        self.step
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Looks at the signals, and goes to the step that they call for. At most one change comes of one look.
    pub fn observe(&mut self, signals: &Signals, now: Instant) -> Option<Change> {
        // lab:hole backpressure.climb
        let (asked, by) = self.asked_for(signals);
        if asked > self.step {
            return Some(self.go(asked, by, signals, now));
        }
        if let Some(holding) = self.holding(self.step, signals) {
            (self.held_by, self.calm_since) = (holding, None);
            return None;
        }
        let calm_since = *self.calm_since.get_or_insert(now);
        if self.step == Step::Normal || now.saturating_duration_since(calm_since) < self.policy.hold() {
            return None;
        }
        Some(self.go(self.step.below(), self.held_by, signals, now))
        // lab:stub todo!("backpressure.climb: up at once as far as asked; down by one when nothing has held the step for `hold`")
        // lab:end
    }

    /// Somebody was turned away for want of room. However short the queue is then, it is short because of that, so the
    /// calm that the way down waits for has not begun.
    pub fn turned_away(&mut self) {
        self.calm_since = None;
    }

    /// The pause that a refusal asks for: that of the step, and as much again as the step has lasted. What has gone
    /// on for three seconds will hardly be over in a tenth of one. Never more than the policy's maximum, and nothing
    /// in the normal step, where nobody is refused.
    pub fn retry_after(&self, now: Instant) -> Duration {
        // lab:hole backpressure.retry-after
        if self.step == Step::Normal {
            return Duration::ZERO;
        }
        let lasted = now.saturating_duration_since(self.since);
        self.policy.retry_after(self.step).saturating_add(lasted).min(self.policy.retry_after_max())
        // lab:stub todo!("backpressure.retry-after: the step's pause and the time that it has lasted, up to the maximum")
        // lab:end
    }

    /// When the ladder could go down if nothing holds the step until then; somebody should look at the signals again.
    pub fn wake_at(&self) -> Option<Instant> {
        let calm_since = self.calm_since.filter(|_| self.step != Step::Normal)?;
        Some(calm_since + self.policy.hold())
    }

    /// The highest step that any signal asks for, and the first signal that does.
    fn asked_for(&self, signals: &Signals) -> (Step, Signal) {
        for step in Step::ALL.into_iter().rev() {
            let asks = |signal: &Signal| {
                let band = self.policy.band(step, *signal);
                band.is_some_and(|band| signals.measured(*signal) >= u64::from(band.enter) * signal.scale())
            };
            if let Some(signal) = Signal::ALL.into_iter().find(asks) {
                return (step, signal);
            }
        }
        (Step::Normal, self.held_by)
    }

    /// The first signal that does not let this step go.
    fn holding(&self, step: Step, signals: &Signals) -> Option<Signal> {
        Signal::ALL.into_iter().find(|signal| {
            let band = self.policy.band(step, *signal);
            band.is_some_and(|band| signals.measured(*signal) >= u64::from(band.leave) * signal.scale())
        })
    }

    fn go(&mut self, to: Step, because: Signal, signals: &Signals, now: Instant) -> Change {
        let change = Change { from: self.step, to, because, value: signals.in_policy_units(because) };
        (self.step, self.since) = (to, now);
        let holding = self.holding(to, signals);
        self.held_by = holding.unwrap_or(because);
        self.calm_since = holding.is_none().then_some(now);
        change
    }
}
