//! `cargo lab next`: the one thing to do now.

use evidence::Kind;
use logger::Exit;
use serde_json::json;

use super::Context;
use crate::error::{Failure, NOT_STARTED};
use crate::learn::day::workbench;
use crate::learn::next::{Step, next};
use crate::learn::record::Standing;
use crate::run::seal;

/// Shows the next step.
pub fn run(context: &Context) -> Result<Exit, Failure> {
    let ws = context.workspace()?;
    let console = context.console();
    let bench = match workbench(&ws) {
        Ok(bench) => bench,
        Err(failure) if failure.code == &NOT_STARTED => {
            console.event(&json!({ "next": "start", "week": 1, "command": "cargo lab start 1" }));
            console.say("You have no workbench yet. Any built week is a way in; the first one is");
            console.say("  cargo lab start 1");
            return Ok(Exit::Done);
        }
        Err(failure) => return Err(failure),
    };
    match next(&bench, &bench.course()?)? {
        Step::Start { week } => {
            console.event(
                &json!({ "next": "start", "week": week, "command": format!("cargo lab start {week}") }),
            );
            console.say("Every week that you started is done. The next one:");
            console.say(format!("  cargo lab start {week}"));
        }
        Step::Judge { week, kind } => {
            let command = seal::command(week, kind);
            console.event(&json!({ "next": kind.name(), "week": week, "command": command }));
            console.say(format!("All six days of week {week} are green. {}", judged(kind)));
            console.say(format!("  {command}"));
        }
        Step::Finished => {
            console.event(&json!({ "next": "finished" }));
            console.say("Everything that is built so far is done, and your evidence shows it.");
        }
        Step::Day { id, title, standing, open, unwritten } => {
            console.event(&json!({
                "next": "day", "day": id.to_string(), "title": title, "standing": word(standing),
                "open": open.iter().map(|(id, place)| json!({ "id": id, "place": place })).collect::<Vec<_>>(),
                "unwritten": unwritten.iter().map(|(path, _)| path).collect::<Vec<_>>(),
                "command": format!("cargo lab check {id}"),
            }));
            console.say(format!("{}  ({})", console.bold(&format!("{id} {title}")), word(standing)));
            for (hole, place) in &open {
                console.say(format!("  write    {hole}  {}", console.dim(place)));
            }
            for (path, missing) in &unwritten {
                console.say(format!("  answer   {path}  {}", console.dim(missing)));
            }
            console.say(format!("  cargo lab day {id}      the brief"));
            console.say(format!("  cargo lab check {id}    how it stands"));
        }
    }
    Ok(Exit::Done)
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Unchecked => "not checked yet",
        Standing::Green => "green",
        Standing::Red => "red at the last check",
        Standing::Stale => "green before the last change",
    }
}

fn judged(kind: Kind) -> &'static str {
    match kind {
        Kind::Gate => "Let the gate judge the week:",
        Kind::Drill => "The gate has passed; now break it on purpose:",
        Kind::Bench => "Gate and drill have passed; now measure it:",
        Kind::Demo => "Show it:",
    }
}
