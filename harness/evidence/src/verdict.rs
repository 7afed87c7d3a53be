//! How verdicts add up, and which findings cannot be true as they stand.
//!
//! The rule that everything leans on: **nobody may say `passed` over something that did not pass.** A finding is
//! checked for it when it is handed back, when its record is written and when a stranger reads it.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Criterion, DrillAccount, Fact, Finding, Measurement, Ratio, Trial, Value, Verdict};

impl Verdict {
    /// The verdict over several: a failure outweighs an open question, which outweighs a skip, which outweighs a
    /// pass. Nothing at all shows nothing: [`Verdict::Inconclusive`].
    pub fn over(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
        verdicts.into_iter().max_by_key(|verdict| verdict.weight()).unwrap_or(Verdict::Inconclusive)
    }

    fn weight(self) -> u8 {
        match self {
            Verdict::Passed => 0,
            Verdict::Skipped => 1,
            Verdict::Inconclusive => 2,
            Verdict::Failed => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Skipped => "skipped",
        })
    }
}

impl Ratio {
    /// Whether the median reaches the bar; true where none is declared.
    pub fn holds(&self) -> bool {
        self.bar.is_none_or(|bar| self.median >= bar)
    }

    /// Passed when it holds, else failed.
    pub fn verdict(&self) -> Verdict {
        if self.holds() { Verdict::Passed } else { Verdict::Failed }
    }
}

impl Trial {
    /// The verdict over the invariants.
    pub fn verdict(&self) -> Verdict {
        Verdict::over(self.invariants.iter().map(|invariant| invariant.verdict))
    }
}

impl DrillAccount {
    /// What the drill shows.
    ///
    /// | control | fault happened | experiment | recovery | verdict |
    /// | --- | --- | --- | --- | --- |
    /// | not passed | | | | inconclusive: there was no steady state to disturb |
    /// | had the fault | | | | inconclusive: it is no control |
    /// | passed | no | | | inconclusive: nothing was tried |
    /// | passed | yes | not passed | | as the experiment |
    /// | passed | yes | passed | too late | failed |
    /// | passed | yes | passed | in time, or without one | passed |
    pub fn verdict(&self) -> Verdict {
        let controlled = self.control.verdict() == Verdict::Passed && self.control.faults_injected == 0;
        if !controlled || self.experiment.faults_injected == 0 {
            return Verdict::Inconclusive;
        }
        match self.experiment.recovery_ms {
            Some(recovery_ms) if recovery_ms > self.recovery_within_ms => {
                Verdict::over([self.experiment.verdict(), Verdict::Failed])
            }
            _ => self.experiment.verdict(),
        }
    }
}

impl Finding {
    /// The verdict that follows from criteria, drill and ratios. Measurements without a bar cannot fail; that they
    /// were taken is what they show.
    pub fn conclusion(&self) -> Verdict {
        let measured = self.measurements.iter().map(|_| Verdict::Passed);
        let criteria = self.criteria.iter().map(|criterion| criterion.verdict);
        let drill = self.drill.iter().map(DrillAccount::verdict);
        let ratios = self.ratios.iter().map(Ratio::verdict);
        Verdict::over(measured.chain(criteria).chain(drill).chain(ratios))
    }

    /// Refuses a finding that contradicts itself or cannot be written down. The error names the part.
    pub fn check(&self) -> Result<(), String> {
        let follows = self.conclusion();
        if self.verdict == Verdict::Passed && follows != Verdict::Passed {
            return Err(format!("the verdict says passed, but what was found adds up to {follows}"));
        }
        unique("criterion", self.criteria.iter().map(|criterion| criterion.id.as_str()))?;
        unique("measurement", self.measurements.iter().map(|measurement| measurement.id.as_str()))?;
        unique("ratio", self.ratios.iter().map(|ratio| ratio.id.as_str()))?;
        self.criteria.iter().try_for_each(Criterion::check_form)?;
        self.measurements.iter().try_for_each(Measurement::check_form)?;
        self.ratios.iter().try_for_each(Ratio::check_form)?;
        self.drill.iter().try_for_each(|drill| {
            unique("control invariant", drill.control.invariants.iter().map(|each| each.id.as_str()))?;
            unique("invariant", drill.experiment.invariants.iter().map(|each| each.id.as_str()))?;
            let trials = [&drill.control, &drill.experiment];
            trials.iter().flat_map(|trial| &trial.invariants).try_for_each(Criterion::check_form)
        })
    }
}

impl Criterion {
    fn check_form(&self) -> Result<(), String> {
        facts(&format!("criterion `{}`", self.id), &self.facts)
    }
}

impl Measurement {
    fn check_form(&self) -> Result<(), String> {
        let place = format!("measurement `{}`", self.id);
        if self.x.as_deref().is_some_and(str::is_empty) {
            return Err(format!("{place} has a horizontal axis without a name"));
        }
        unique(&format!("series of {place}"), self.series.iter().map(|series| series.name.as_str()))?;
        for series in &self.series {
            let place = format!("{place}, series `{}`", series.name);
            facts(&place, &series.facts)?;
            if series.points.iter().any(|(at, value)| !at.is_finite() || !value.is_finite()) {
                return Err(format!("{place} has a point that is not a finite number"));
            }
            if let Some(histogram) = &series.histogram {
                histogram.check().map_err(|why| format!("{place}: {why}"))?;
            }
        }
        Ok(())
    }
}

impl Ratio {
    fn check_form(&self) -> Result<(), String> {
        let numbers = [Some(self.median), Some(self.low), Some(self.high), self.bar];
        if numbers.into_iter().flatten().any(|number| !number.is_finite()) {
            return Err(format!("ratio `{}` is not a finite number", self.id));
        }
        if self.rounds == 0 || self.low > self.median || self.median > self.high {
            return Err(format!("ratio `{}`: its median does not lie between its rounds", self.id));
        }
        Ok(())
    }
}

fn facts(place: &str, facts: &[Fact]) -> Result<(), String> {
    unique(&format!("fact of {place}"), facts.iter().map(|fact| fact.name.as_str()))?;
    match facts.iter().find(|fact| matches!(fact.value, Value::Real(real) if !real.is_finite())) {
        Some(fact) => Err(format!("{place}: fact `{}` is not a finite number", fact.name)),
        None => Ok(()),
    }
}

fn unique<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if id.is_empty() {
            return Err(format!("a {what} has no name"));
        }
        if !seen.insert(id) {
            return Err(format!("{what} `{id}` is there twice"));
        }
    }
    Ok(())
}
