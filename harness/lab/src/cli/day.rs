//! `cargo lab day 3.2`: a day's brief in the terminal.

use logger::Exit;
use serde_json::json;

use super::{Console, Context};
use crate::course::{Day, DayId, Output, Week};
use crate::error::Failure;

/// Arguments of `day`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Week and day, as in 3.2
    #[arg(value_name = "WEEK.DAY")]
    day: String,
}

/// Prints the brief.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let id: DayId = args.day.parse()?;
    let course = context.workspace()?.course()?;
    let (week, day) = course.day(id)?;
    show(context.console(), id, week, day);
    Ok(Exit::Done)
}

/// Prints the brief of a day, for people and, with `--json`, for machines.
pub fn show(console: &Console, id: DayId, week: &Week, day: &Day) {
    console.event(&json!({
        "day": id.to_string(), "week": week.week, "library": week.library, "built": week.built,
        "title": day.title, "learn": day.learn, "task": day.task, "constraint": day.constraint,
        "prove": day.prove, "why": day.why,
        "minutes": { "learn": day.minutes.learn, "work": day.minutes.work, "prove": day.minutes.prove },
        "deliverables": day.deliverables,
        "self_check": day.self_check.iter().map(|question| &question.q).collect::<Vec<_>>(),
        "holes": day.holes,
    }));
    let minutes = &day.minutes;
    console.say(console.bold(&format!("{id} {}", day.title)));
    console.say(format!("Week {} · {}", week.week, week.title));
    console.say(wrap(&week.theme, "", ""));
    if !week.built {
        console.say("This week is not built yet: the brief is final, code and gate are still to come.");
    }
    let section = |title: &str, text: &str| {
        console.say("");
        console.say(console.bold(title));
        console.say(wrap(text, "  ", "  "));
    };
    section("Why it matters", &day.why);
    console.say("");
    console.say(console.bold(&format!("Learn ({} min)", minutes.learn)));
    for item in &day.learn {
        console.say(wrap(item, "  - ", "    "));
    }
    section(&format!("Do ({} min)", minutes.work), &day.task);
    section("The constraint", &day.constraint);
    section(&format!("Prove ({} min)", minutes.prove), &day.prove);
    console.say("");
    console.say(console.bold("Output"));
    for file in &day.deliverables {
        console.say(format!("  {}", deliverable_path(week.week, file)));
    }
    console.say("");
    console.say(console.bold("Self-check"));
    for question in &day.self_check {
        console.say(wrap(&question.q, "  - ", "    "));
    }
    if week.built && !day.holes.is_empty() {
        console.say("");
        console.say(console.bold("Holes to fill in"));
        for hole in week.holes.iter().filter(|hole| day.holes.contains(&hole.id)) {
            console.say(wrap(&format!("{}: {}", hole.id, hole.task), "  - ", "    "));
        }
    }
}

/// Where a deliverable lies, as a person writes it: below `evidence/week-NN/`, or in the month's demo folder when it
/// says so itself.
pub fn deliverable_path(week: u8, file: &str) -> String {
    format!("evidence/{}", Output::place(week, file))
}

/// The width that text is wrapped to; briefs read badly in lines as wide as a screen.
const WIDTH: usize = 96;

/// Wraps words to [`WIDTH`] columns, with one prefix for the first line and one for the others.
pub(super) fn wrap(text: &str, first: &str, others: &str) -> String {
    let mut lines = vec![first.to_owned()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        let fresh = line <= others.len();
        if !fresh && line + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{others}{word}"));
        } else if let Some(line) = lines.last_mut() {
            if !fresh {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_stay_within_the_width_and_lose_no_word() {
        let text = "word ".repeat(100);
        let wrapped = wrap(&text, "  - ", "    ");
        assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(wrapped.split_whitespace().filter(|w| *w == "word").count(), 100);
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("    word")));
    }
}
