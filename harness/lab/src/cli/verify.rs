//! `cargo lab verify`: re-verifies an evidence folder offline, ours or anyone's.

use std::path::{Path, PathBuf};

use evidence::{Record, Verdict, manifest};
use logger::Exit;
use serde_json::json;

use super::{Context, Mark};
use crate::course::Course;
use crate::error::{Failure, NO_EVIDENCE, STALE, WEEK_NOT_BUILT};
use crate::run::Freshness;
use crate::status::changed;
use crate::workspace::Workspace;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The evidence folder; the workspace's own without
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Fail when a record is stale: true of its commit, but not of the code that is here
    #[arg(long)]
    fresh: bool,
}

/// Verifies, in three steps: the bytes, the records, and whether they still speak of this code.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (workspace, folder) = match &args.folder {
        Some(folder) => (workspace_for(context, folder)?, folder.clone()),
        None => {
            let workspace = context.workspace()?;
            let folder = workspace.evidence();
            (Some(workspace), folder)
        }
    };
    let console = context.console();
    // An empty folder was not tampered with. One with files and no manifest is another matter, and is verified.
    let nothing = match std::fs::read_dir(&folder) {
        Ok(mut files) => files.next().is_none(),
        Err(e) => args.folder.is_none() && e.kind() == std::io::ErrorKind::NotFound,
    };
    if nothing {
        return Err(Failure::new(
            &NO_EVIDENCE,
            format!("nothing has been recorded in {} yet", folder.display()),
        ));
    }
    let report = manifest::verify(&folder)?;
    console.say(format!(
        "{} {}, {}, {} bytes: every digest fits",
        console.paint(Mark::Good, "✓"),
        counted(report.records.len() as u64, "record"),
        counted(report.files, "file"),
        report.bytes
    ));
    let records = report
        .records
        .iter()
        .map(|id| Record::read(&folder.join(format!("{id}.json"))))
        .collect::<Result<Vec<_>, _>>()?;
    let verdicts: Vec<String> = [Verdict::Passed, Verdict::Failed, Verdict::Inconclusive, Verdict::Skipped]
        .into_iter()
        .map(|verdict| (records.iter().filter(|record| record.finding.verdict == verdict).count(), verdict))
        .filter(|(count, _)| *count > 0)
        .map(|(count, verdict)| format!("{count} {verdict}"))
        .collect();
    if !verdicts.is_empty() {
        console.say(format!("  {}", verdicts.join(", ")));
    }
    let stale = match &workspace {
        Some(workspace) => stale(workspace, &workspace.course()?, &records)?,
        None if args.fresh => {
            return Err(context.workspace().err().unwrap_or_else(|| Failure::new(&STALE, "no workspace")));
        }
        None => Vec::new(),
    };
    console.event(&json!({
        "records": report.records, "files": report.files, "bytes": report.bytes,
        "stale": stale.iter().map(|(id, why)| json!({ "id": id, "why": why })).collect::<Vec<_>>(),
        "freshness_judged": workspace.is_some(),
    }));
    freshness(context, workspace.as_ref().map(|workspace| workspace.root.as_path()), records.len(), &stale);
    if args.fresh && !stale.is_empty() {
        let ids: Vec<&str> = stale.iter().map(|(id, _)| id.as_str()).collect();
        return Err(Failure::new(
            &STALE,
            format!("{} of {} records are stale: {}", stale.len(), records.len(), ids.join(", ")),
        ));
    }
    Ok(Exit::Done)
}

/// The code that a folder's records are compared with: what `--dir` says, else the workspace that the folder lies in
/// (a learner's evidence is of the learner's code), else the one that we stand in. A stranger's folder may have none:
/// only freshness needs it.
fn workspace_for(context: &Context, folder: &Path) -> Result<Option<Workspace>, Failure> {
    if context.dir().is_some() {
        return context.workspace().map(Some);
    }
    Ok(Workspace::find(folder).or_else(|_| context.workspace()).ok())
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn freshness(context: &Context, root: Option<&Path>, records: usize, stale: &[(String, String)]) {
    let console = context.console();
    let Some(root) = root else {
        return console
            .say("  no course here to compare with: not judged whether the records are of its code");
    };
    if stale.is_empty() {
        return console.say(format!("  all {records} are of the code in {}", root.display()));
    }
    console.say(format!(
        "  {} stale: true of their commit, not of the code in {}",
        stale.len(),
        root.display()
    ));
    for (id, why) in stale {
        console.say(format!("    {id}: {why}"));
    }
}

/// The stale records and what has moved on.
fn stale(
    workspace: &Workspace,
    course: &Course,
    records: &[Record],
) -> Result<Vec<(String, String)>, Failure> {
    let judge = Freshness::of(workspace, course);
    let mut found = Vec::new();
    for record in records {
        match judge.stale(record) {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => found.push((record.id.clone(), changed(&changes))),
            // Somebody else may be further on: their folder is whole all the same.
            Err(failure) if failure.code == &WEEK_NOT_BUILT => found.push((record.id.clone(), failure.what)),
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}
