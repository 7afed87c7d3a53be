//! `cargo lab start 2`: lays down what the learner works on.

use std::path::Path;

use logger::Exit;
use serde_json::json;

use super::Context;
use crate::course::week_number;
use crate::error::Failure;
use crate::learn::day::{WORKBENCH, started};
use crate::learn::start::start;
use crate::workspace::{Workspace, WorkspaceKind};

/// Arguments of `start`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The workbench is the folder of --dir, the one that you stand in, or `workbench/` in the course."
)]
pub struct Args {
    /// The week, as in 2
    #[arg(value_name = "WEEK")]
    week: String,
    /// Start a week anew; the earlier attempt is kept below backups/
    #[arg(long)]
    force: bool,
}

/// Starts a week.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let number = week_number(&args.week)?;
    // `--dir` is where the workbench goes, which need not exist yet; the course is where we stand.
    let here = Workspace::find(Path::new("."))?;
    let root = match (context.dir(), here.kind) {
        (Some(dir), _) => dir.to_path_buf(),
        (None, WorkspaceKind::Learner) => here.root.clone(),
        (None, WorkspaceKind::Reference) => here.root.join(WORKBENCH),
    };
    let done = start(&here.reference, number, &root, args.force)?;
    let bench = Workspace::find(&done.root)?;
    let course = bench.course()?;
    let week = started(&bench, &course, number)?;
    let prompts = week.week.days.iter().map(|day| day.deliverables.len()).sum::<usize>();
    let console = context.console();
    console.event(&json!({
        "started": number, "workbench": done.root, "folder": done.folder, "new": done.new_workspace,
        "backup": done.backup, "holes": week.week.holes.len(), "deliverables": prompts,
    }));
    console.say(format!(
        "{} week {number}, {}: {} holes to write, {prompts} deliverables to answer",
        if done.new_workspace { "A workbench with" } else { "Added" },
        week.week.title,
        week.week.holes.len(),
    ));
    console.say(format!("  {}", done.folder.display()));
    if let Some(backup) = &done.backup {
        console.say(format!("  your earlier attempt is kept in {}", backup.display()));
    }
    console.say("");
    if std::env::current_dir().ok().as_deref() != Some(done.root.as_path()) {
        console.say(format!("  cd {}", quoted(&done.root)));
    }
    console.say(format!("  cargo lab day {number}.1       reads the first day's brief"));
    console.say(format!("  cargo lab check {number}.1     shows what is open"));
    Ok(Exit::Done)
}

/// The path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+".contains(&b));
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
