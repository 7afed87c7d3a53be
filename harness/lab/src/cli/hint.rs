//! `cargo lab hint 2.3`: one hint more than last time.

use logger::Exit;
use serde_json::json;

use super::Context;
use super::day::wrap;
use crate::course::DayId;
use crate::error::{Failure, NO_SUCH_WEEK};
use crate::learn::day::{started, workbench};
use crate::learn::hint::{RUNGS, choose, hint};

/// Arguments of `hint`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Week and day, as in 2.3
    #[arg(value_name = "WEEK.DAY")]
    day: String,
    /// The hole, where the day has several: the first open one without
    #[arg(value_name = "HOLE")]
    hole: Option<String>,
    /// This rung and not the next one: 1 the invariant, 2 where to look, 3 the idea in words
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    rung: Option<u8>,
}

/// Shows a hint.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let id: DayId = args.day.parse()?;
    let bench = workbench(&context.workspace()?)?;
    let course = bench.course()?;
    let week = started(&bench, &course, id.week)?;
    let no_day = || Failure::new(&NO_SUCH_WEEK, format!("there is no day {id}"));
    let (_, day) = week.day(id.day).ok_or_else(no_day)?;
    let holes = week.holes(day)?;
    let state = choose(&week, &holes, args.hole.as_deref())?;
    let hint = hint(&bench, state, args.rung.map(usize::from))?;
    let console = context.console();
    let last = state.hole.hints.len();
    console.event(&json!({ "hint": hint.hole, "rung": hint.rung, "of": last, "text": hint.text }));
    let kind = RUNGS.get(hint.rung - 1).copied().unwrap_or("a hint");
    console.say(console.bold(&format!("{} · hint {} of {last}: {kind}", hint.hole, hint.rung)));
    console.say(wrap(&hint.text, "  ", "  "));
    if hint.rung == last {
        let file = week.reference.join(&state.hole.file);
        console.say(
            console
                .dim(&format!("  That was the last one. The course's own answer is in {}", file.display())),
        );
    }
    Ok(Exit::Done)
}
