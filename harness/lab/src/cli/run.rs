//! `cargo lab run`: every gate, drill, measurement and demo, the evidence folder, the book.

use std::path::{Path, PathBuf};

use evidence::{Kind, Record, Verdict};
use logger::Exit;
use serde_json::json;

use super::judge::{Profile, verdict};
use super::{Console, Context, Mark};
use crate::course::{Course, week_number};
use crate::error::{Failure, NOT_STARTED};
use crate::exec::interrupt;
use crate::pages::{self, BookOptions};
use crate::run::{Options, Session};
use crate::workspace::{Workspace, WorkspaceKind};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long to measure
    #[arg(long, value_enum, default_value = "default")]
    profile: Profile,
    /// Only this week; may be said several times
    #[arg(long = "week", value_name = "WEEK")]
    weeks: Vec<String>,
    /// Write the evidence to this folder instead of the workspace's own
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
}

/// Runs everything.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let course = workspace.course()?;
    let weeks = chosen(&args.weeks, &workspace, &course)?;
    let console = context.console();
    let options =
        Options { profile: args.profile.word().to_owned(), evidence: args.evidence.clone(), seed: None };
    let session = Session::begin(&workspace, &course, console, options)?;
    let records = session.run(&weeks, &Kind::ALL)?;
    // A page that no longer holds must not hide what the gates said: pages and book may fail, the verdicts come out.
    let published = session.publish();
    interrupt::check()?;
    let step = console.step("book", None);
    let evidence = session.evidence().to_path_buf();
    let options = BookOptions {
        evidence: Some(evidence.clone()),
        console: pages::Console::Skip,
        ..BookOptions::default()
    };
    let book = pages::book(&workspace, &course, &options);
    match &book {
        Ok(_) => step.done(Mark::Good, "built"),
        Err(failure) => step.done(Mark::Bad, &failure.what),
    }
    let book = book.map_err(|failure| console.told(failure));
    interrupt::check()?;
    let outcome = verdict(console, &records);
    last_lines(console, &records, &evidence.join("index.html"), book.as_deref().ok());
    let exit = outcome?;
    published?;
    book?;
    Ok(exit)
}

/// The weeks that were asked for, or all that are built; in a learner's workspace, all that are the learner's own.
fn chosen(asked: &[String], workspace: &Workspace, course: &Course) -> Result<Vec<u8>, Failure> {
    let mut weeks: Vec<u8> = if asked.is_empty() {
        let learner = workspace.kind == WorkspaceKind::Learner;
        course
            .built()
            .filter(|(folder, _)| !learner || !folder.is_symlink())
            .map(|(_, week)| week.week)
            .collect()
    } else {
        asked.iter().map(|text| week_number(text)).collect::<Result<_, _>>()?
    };
    weeks.sort_unstable();
    weeks.dedup();
    if weeks.is_empty() {
        return Err(Failure::new(&NOT_STARTED, "no week is started in this workspace"));
    }
    Ok(weeks)
}

fn last_lines(console: &Console, records: &[Record], index: &Path, book: Option<&Path>) {
    let (passed, open): (Vec<&Record>, Vec<&Record>) =
        records.iter().partition(|record| record.finding.verdict == Verdict::Passed);
    console.event(&json!({
        "event": "done", "passed": passed.len(), "index": index, "book": book,
        "not_passed": open.iter().map(|record| &record.id).collect::<Vec<_>>(),
    }));
    console.say("");
    console.say(format!("{} of {} passed. Open this page:", passed.len(), records.len()));
    console.say(format!("  evidence  {}", console.bold(&index.display().to_string())));
    if let Some(book) = book {
        console.say(format!("  book      {}", book.display()));
    }
}
