//! The overload policy as data: thresholds that can be read, compared and argued about without reading code.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::budget::Split;
use crate::ladder::Step;
use crate::policy_error::PolicyError;
use crate::signals::Signal;

/// The policy that is used where nobody names another: `fixtures/overload.yaml`, as it was compiled in.
pub const POLICY_DEFAULT: &str = include_str!("../fixtures/overload.yaml");

/// A policy file ends here: 16 KiB.
pub const POLICY_BYTES_MAX: u64 = 16 << 10;

/// The largest threshold, in the unit of its signal: a million tasks, a quarter of an hour, a tebibyte.
pub const THRESHOLD_MAX: u32 = 1_000_000;

/// The longest span that a policy may name: ten minutes.
pub const SPAN_MS_MAX: u32 = 600_000;

/// The thresholds of every step, and how patient the ladder is. A value of this type has been checked: it cannot
/// contradict itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    interval_ms: u32,
    hold_ms: u32,
    retry_after_max_ms: u32,
    split: Split,
    shed: Rung,
    reject: Rung,
    refuse: Rung,
}

/// One step of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rung {
    retry_after_ms: u32,
    age_ms: Band,
    depth: Band,
    memory_mib: Band,
    egress_mib: Band,
}

/// Where a step is entered by one signal, and where that signal lets it go. The gap between the two is the
/// hysteresis: a load that sits on a threshold does not make the ladder rattle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// At or above this, the signal asks for the step.
    pub enter: u32,
    /// At or above this, it holds the step.
    pub leave: u32,
}

impl Rung {
    fn band(&self, signal: Signal) -> Band {
        match signal {
            Signal::Age => self.age_ms,
            Signal::Depth => self.depth,
            Signal::Memory => self.memory_mib,
            Signal::Egress => self.egress_mib,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy::parse(POLICY_DEFAULT).expect("the policy that is compiled in is one, by its test")
    }
}

impl Policy {
    /// The policy in this text.
    ///
    /// # Errors
    /// [`PolicyError::Unreadable`] where it is not YAML of this shape (an unknown key is an error, and so is a
    /// missing one); [`PolicyError::Contradiction`] where a key contradicts another one or its range.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        let policy: Policy = serde_yaml::from_str(text).map_err(|error| PolicyError::unreadable(&error))?;
        policy.check_spans()?;
        policy.check_thresholds()?;
        Ok(policy)
    }

    /// The policy in this file.
    ///
    /// # Errors
    /// [`PolicyError::File`] where it cannot be read or is longer than [`POLICY_BYTES_MAX`], and whatever
    /// [`Policy::parse`] finds.
    pub fn load(path: &Path) -> Result<Policy, PolicyError> {
        Policy::parse(&crate::bounded_file::read(path, POLICY_BYTES_MAX).map_err(PolicyError::File)?)
    }

    fn check_spans(&self) -> Result<(), PolicyError> {
        let spans = [
            ("interval_ms", self.interval_ms, SPAN_MS_MAX),
            ("hold_ms", self.hold_ms, SPAN_MS_MAX),
            ("retry_after_max_ms", self.retry_after_max_ms, SPAN_MS_MAX),
            ("shed.retry_after_ms", self.shed.retry_after_ms, self.retry_after_max_ms),
            ("reject.retry_after_ms", self.reject.retry_after_ms, self.retry_after_max_ms),
            ("refuse.retry_after_ms", self.refuse.retry_after_ms, self.retry_after_max_ms),
        ];
        match spans.into_iter().find(|(_, span, most)| !(1..=*most).contains(span)) {
            Some((key, span, most)) => Err(PolicyError::at(key, format!("{span} is not 1 to {most}"))),
            None => Ok(()),
        }
    }

    /// Holds the thresholds against each other.
    fn check_thresholds(&self) -> Result<(), PolicyError> {
        // lab:hole backpressure.thresholds-agree
        for signal in Signal::ALL {
            let mut below = Band { enter: 1, leave: 1 };
            for (name, rung) in [("shed", &self.shed), ("reject", &self.reject), ("refuse", &self.refuse)] {
                let band = rung.band(signal);
                let key = |part: &str| format!("{name}.{}.{part}", signal.name());
                if !(below.enter..=THRESHOLD_MAX).contains(&band.enter) {
                    let what = format!("{} is not {} to {THRESHOLD_MAX}", band.enter, below.enter);
                    return Err(PolicyError::at(key("enter"), what));
                }
                if !(below.leave..band.enter).contains(&band.leave) {
                    let what = format!("{} is not from {} to below {}", band.leave, below.leave, band.enter);
                    return Err(PolicyError::at(key("leave"), what));
                }
                below = band;
            }
        }
        Ok(())
        // lab:stub todo!("backpressure.thresholds-agree: no step below the one beneath it, leave below enter, the key in the error")
        // lab:end
    }

    /// The interval over which the queue's age is judged.
    pub fn interval(&self) -> Duration {
        millis(self.interval_ms)
    }

    /// How long every signal has to be low before the ladder goes down a step.
    pub fn hold(&self) -> Duration {
        millis(self.hold_ms)
    }

    /// The longest pause that a refusal asks for.
    pub fn retry_after_max(&self) -> Duration {
        millis(self.retry_after_max_ms)
    }

    /// How a request's time is divided.
    pub fn split(&self) -> Split {
        self.split
    }

    /// The pause that a refusal asks for when the step has just begun; none in the normal one.
    pub fn retry_after(&self, step: Step) -> Duration {
        self.rung(step).map_or(Duration::ZERO, |rung| millis(rung.retry_after_ms))
    }

    /// Where a signal enters and leaves a step; `None` for the normal one, which is where the ladder ends.
    pub fn band(&self, step: Step, signal: Signal) -> Option<Band> {
        self.rung(step).map(|rung| rung.band(signal))
    }

    fn rung(&self, step: Step) -> Option<&Rung> {
        match step {
            Step::Normal => None,
            Step::Shed => Some(&self.shed),
            Step::Reject => Some(&self.reject),
            Step::Refuse => Some(&self.refuse),
        }
    }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
