//! `cargo lab prove-gates`: the table of what was shown.

use std::path::PathBuf;

use logger::Exit;
use serde_json::json;

use super::{Console, Context, Mark, Step};
use crate::course::{Course, Week, week_number};
use crate::error::Failure;
use crate::prove::{Fact, Witness, prove, weeks};

/// Arguments of `prove-gates`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 everything was shown, 1 something was not.")]
pub struct Args {
    /// The weeks, as in `1 2`; every built one without
    #[arg(value_name = "WEEK")]
    weeks: Vec<String>,
}

/// Proves the gates.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    // Solutions and mistakes are the reference's, also when we stand in a workbench.
    let reference: PathBuf = context.workspace()?.reference;
    let course = Course::load(&reference)?;
    let named = args.weeks.iter().map(|text| week_number(text)).collect::<Result<Vec<_>, _>>()?;
    let console = context.console();
    let mut facts = Vec::new();
    for number in weeks(&course, &named)? {
        let mut progress = Progress { console, step: None };
        facts.extend(prove(&reference, &course, number, &mut progress)?);
    }
    table(console, &facts);
    let open = facts.iter().filter(|fact| !fact.shown).count();
    console.event(&json!({ "proved": open == 0, "facts": facts.len(), "not_shown": open }));
    console.say("");
    if open == 0 {
        console.say(format!(
            "{} facts, all shown: every gate can fail, and fails for the right reason",
            facts.len()
        ));
        return Ok(Exit::Done);
    }
    console.say(console.paint(Mark::Bad, &format!("{open} of {} facts were not shown", facts.len())));
    Ok(Exit::Untrue)
}

struct Progress<'a> {
    console: &'a Console,
    step: Option<Step<'a>>,
}

impl Witness for Progress<'_> {
    fn week(&mut self, week: &Week) {
        self.console.note(format!("week {}: {}", week.week, week.title));
        self.step = Some(self.console.step(&format!("week {}", week.week), None));
    }

    fn now(&mut self, what: &str) {
        if let Some(step) = &self.step {
            step.now(what);
        }
    }

    fn runs(&mut self, count: usize) {
        self.step = Some(self.console.step("runs", Some(count as u64)));
    }

    fn ran(&mut self) {
        if let Some(step) = &self.step {
            step.advance();
        }
    }

    fn fact(&mut self, fact: &Fact) {
        self.console.event(&json!({
            "week": fact.week, "fact": fact.fact, "shown": fact.shown, "outcome": fact.outcome,
            "detail": fact.detail, "seconds": (fact.seconds * 100.0).round() / 100.0,
        }));
    }
}

fn table(console: &Console, facts: &[Fact]) {
    let width = facts.iter().map(|fact| fact.fact.chars().count()).max().unwrap_or(0).max(4);
    console.say(console.bold(&format!("week    {:<width$}  {:>7}  outcome", "fact", "seconds")));
    for fact in facts {
        let (mark, sign) = if fact.shown { (Mark::Good, "✓") } else { (Mark::Bad, "✗") };
        console.say(format!(
            "{:>4}  {} {:<width$}  {:>7.1}  {}",
            fact.week,
            console.paint(mark, sign),
            fact.fact,
            fact.seconds,
            fact.outcome
        ));
        if !fact.shown {
            for line in fact.detail.lines() {
                console.say(format!("          {line}"));
            }
        }
    }
}
