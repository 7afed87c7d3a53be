//! Wraps a finding into a sealed record and writes it.

use std::path::{Path, PathBuf};

use evidence::{Environment, Finding, Kind, Record, record::SCHEMA};
use jiff::Timestamp;

use super::commit::Repository;
use crate::course::check::number_of_month;
use crate::error::Failure;
use crate::workspace::Workspace;

/// Everything about a run that its process cannot know of itself.
#[derive(Debug)]
pub struct Scribe<'a> {
    workspace: &'a Workspace,
    environment: Environment,
    repository: Repository,
    profile: String,
    evidence: PathBuf,
}

/// When a run began and how to make it again.
#[derive(Debug, Clone)]
pub struct Run {
    /// The week.
    pub week: u8,
    /// What kind of run.
    pub kind: Kind,
    /// The command that makes this record again.
    pub command: String,
    /// When it began.
    pub started: Timestamp,
}

impl<'a> Scribe<'a> {
    /// A scribe who writes into an evidence folder. Machine, tools and commit are looked at once.
    pub fn new(workspace: &'a Workspace, evidence: &Path, profile: &str) -> Self {
        Scribe {
            workspace,
            environment: super::environment::here(&workspace.root),
            repository: Repository::around(workspace),
            profile: profile.to_owned(),
            evidence: evidence.to_path_buf(),
        }
    }

    /// Seals and writes a record; returns it with its file.
    pub fn write(
        &self,
        run: &Run,
        inputs: Vec<evidence::Input>,
        finding: Finding,
    ) -> Result<(Record, PathBuf), Failure> {
        let id = record_id(run.week, run.kind);
        let path = self.evidence.join(format!("{id}.json"));
        let record = Record {
            schema: SCHEMA,
            id,
            kind: run.kind,
            workspace: self.workspace.kind.word().to_owned(),
            command: run.command.clone(),
            profile: self.profile.clone(),
            started_at: utc(run.started),
            finished_at: utc(Timestamp::now()),
            environment: self.environment.clone(),
            commit: self.repository.commit(&self.workspace.root, &inputs),
            inputs,
            finding,
            digest: String::new(),
        }
        .seal();
        record.write(&path)?;
        Ok((record, path))
    }
}

/// The id of a week's record: `week-02/gate`. A demo is its month's, so it has a folder of its own:
/// `month-1-demo/demo`.
pub fn record_id(week: u8, kind: Kind) -> String {
    match kind {
        Kind::Demo => format!("month-{}-demo/{kind}", number_of_month(week)),
        _ => format!("week-{week:02}/{kind}"),
    }
}

/// The command that makes a week's record, `cargo lab gate 2`, or its month's, `cargo lab demo 1`.
pub fn command(week: u8, kind: Kind) -> String {
    let number = if kind == Kind::Demo { number_of_month(week) } else { week };
    format!("cargo lab {kind} {number}")
}

/// RFC 3339 in UTC, to the millisecond.
fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
