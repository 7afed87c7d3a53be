//! The schema of `week.yaml`. Unknown keys are errors; ids are words.

use evidence::Kind;
use serde::Deserialize;

/// One week.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Week {
    /// 1 to 24.
    pub week: u8,
    /// The library's name, and the package's (`framing`).
    pub library: String,
    /// The page title (`Framing: messages on a byte stream`).
    pub title: String,
    /// The week's theme, one line.
    pub theme: String,
    /// Why it matters, two or three sentences.
    pub why: String,
    /// What is new this week.
    pub new: String,
    /// What it builds on.
    pub reinforces: String,
    /// True once crate, pages and evidence exist.
    #[serde(default)]
    pub built: bool,
    /// Monday to Saturday: exactly six.
    pub days: Vec<Day>,
    /// The end of the week.
    pub checkpoint: Checkpoint,
    /// The weekly quality gate.
    pub gate: Gate,
    /// The failure drill.
    pub drill: Drill,
    /// The measurement; absent until the week is built.
    pub bench: Option<Bench>,
    /// What the learner writes; empty until the week is built.
    #[serde(default)]
    pub holes: Vec<Hole>,
    /// Plausible mistakes that the checks must catch; empty until the week is built.
    #[serde(default)]
    pub wrong: Vec<Wrong>,
    /// The month review, in the last week of each month (4, 8, …, 24).
    pub month_review: Option<MonthReview>,
}

impl Week {
    /// The month that this week closes, and whose demo comes with it.
    pub fn closes_month(&self) -> Option<u8> {
        self.month_review.as_ref().map(|review| review.month)
    }

    /// Those of the kinds of run that this week has: a demo comes with the week that closes a month.
    pub fn kinds<'k>(&self, asked: &'k [Kind]) -> impl Iterator<Item = Kind> + use<'k> {
        let closes = self.month_review.is_some();
        asked.iter().copied().filter(move |kind| *kind != Kind::Demo || closes)
    }
}

/// One day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// 1 (Monday) to 6 (Saturday).
    pub day: u8,
    /// The page title.
    pub title: String,
    /// The page's file is `day-<day>-<slug>.md`.
    pub slug: String,
    /// Three things to learn.
    pub learn: Vec<String>,
    /// What to do.
    pub task: String,
    /// The day's one new constraint.
    pub constraint: String,
    /// How it is proved.
    pub prove: String,
    /// Why it matters, two or three sentences.
    pub why: String,
    /// Minutes to plan for.
    pub minutes: Minutes,
    /// File names below `evidence/week-NN/` (or `evidence/month-N-demo/` when so prefixed).
    pub deliverables: Vec<String>,
    /// Questions with their answers; answers are empty until the week is built.
    pub self_check: Vec<Question>,
    /// Ids of the holes that are written this day.
    #[serde(default)]
    pub holes: Vec<String>,
}

/// Minutes of a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minutes {
    /// Reading.
    pub learn: u16,
    /// Doing.
    pub work: u16,
    /// Proving.
    pub prove: u16,
}

/// A self-check question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub q: String,
    /// The answer.
    #[serde(default)]
    pub a: String,
}

/// The end of a week.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// What to show.
    pub show: Vec<String>,
    /// What to think about.
    pub reflect: Vec<String>,
}

/// The weekly quality gate: `tests/gate.rs`, one test a criterion.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The claim over all criteria.
    pub claim: String,
    /// The criteria; empty until the week is built.
    #[serde(default)]
    pub criteria: Vec<GateCriterion>,
}

/// One criterion of a gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateCriterion {
    /// A word id (`framing.oversize-refused`).
    pub id: String,
    /// The claim.
    pub claim: String,
    /// The test's name in `tests/gate.rs`.
    pub test: String,
    /// The hole at which the untouched skeleton fails this criterion.
    pub hole: String,
}

/// The failure drill.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// A word id (`framing.disconnect-mid-frame`).
    pub id: String,
    /// What is broken, and what must hold all the same.
    pub claim: String,
}

/// The measurement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bench {
    /// What is measured.
    pub claim: String,
    /// What a user would pick instead, measured in the same run.
    pub peer: String,
}

/// A hole in the reference, marked in its source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hole {
    /// A word id (`framing.reject-oversize`).
    pub id: String,
    /// The source file below the week's folder.
    pub file: String,
    /// What to write, in one sentence.
    pub task: String,
    /// Tests that are red until it is written, as nextest names them: `binary test::path`
    /// (`gate oversize_is_refused`, or `framing decoder::tests::splits` for a unit test).
    pub checks: Vec<String>,
    /// Three rungs: the invariant, where to look, the idea in words.
    pub hints: Vec<String>,
}

/// A plausible mistake: a change to a hole's body that one check must reject.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// A word id (`framing.limit-off-by-one`).
    pub id: String,
    /// The hole that it replaces.
    pub hole: String,
    /// The mistake in words.
    pub mistake: String,
    /// Text that occurs exactly once in the hole's body; absent to replace the whole body.
    pub replace: Option<String>,
    /// What the mistaken author wrote instead.
    pub with: String,
    /// The check that rejects it, written as in [`Hole::checks`].
    pub caught_by: String,
}

/// The review that closes a month.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthReview {
    /// 1 to 6.
    pub month: u8,
    /// The page title.
    pub title: String,
    /// What the month is for.
    pub objective: String,
    /// The way of thinking that it leaves.
    pub mindset: String,
    /// What can be built now.
    pub can_build: String,
    /// The largest risk that is left, and what answers it next.
    pub risks: String,
    /// What the demo shows.
    pub demo: String,
    /// Files below `evidence/month-N-demo/`.
    pub artifacts: Vec<String>,
}
