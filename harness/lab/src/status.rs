//! The board: 24 weeks of six days, and how each stands.
//!
//! Nothing is counted and nothing is remembered: a day is proven because a record says that its week's gate passed on
//! the inputs that are there now, or, in a learner's workspace, because its own check did. Change a source and the
//! board changes with it.

use std::path::Path;

use evidence::{Kind, Record, Verdict};

use crate::course::check::number_of_month;
use crate::course::{Course, DayId, Week};
use crate::error::Failure;
use crate::learn::{self, day::started};
use crate::run::seal::{command, record_id};
use crate::run::{Freshness, unlock};
use crate::workspace::{Workspace, WorkspaceKind};

/// How a day, or a record, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Shown to be true, of the code that is there now.
    Proven,
    /// Shown to be true, of code that has changed since.
    Stale,
    /// Shown to be false, or nothing was shown either way.
    Red,
    /// Put off on request, on record.
    Skipped,
    /// Not looked at yet.
    Open,
    /// Not part of the course yet.
    NotBuilt,
}

impl State {
    /// All states, best first.
    pub const ALL: [State; 6] =
        [State::Proven, State::Stale, State::Red, State::Skipped, State::Open, State::NotBuilt];

    /// The word for it; in JSON with hyphens for blanks.
    pub fn word(self) -> &'static str {
        match self {
            State::Proven => "proven",
            State::Stale => "stale",
            State::Red => "red",
            State::Skipped => "skipped",
            State::Open => "open",
            State::NotBuilt => "not built yet",
        }
    }

    /// The sign for it: each differs in shape, so that the board needs no colour.
    pub fn sign(self) -> char {
        match self {
            State::Proven => '●',
            State::Stale => '◐',
            State::Red => '✗',
            State::Skipped => '↷',
            State::Open => '○',
            State::NotBuilt => '·',
        }
    }
}

/// One day on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayStatus {
    /// Which day.
    pub id: DayId,
    /// Its title.
    pub title: String,
    /// How it stands.
    pub state: State,
}

/// One record of a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordStatus {
    /// Which kind.
    pub kind: Kind,
    /// How it stands.
    pub state: State,
    /// What there is to say: what changed, why it cannot be read; empty for most.
    pub note: String,
}

/// One week on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekStatus {
    /// 1 to 24.
    pub week: u8,
    /// Its title.
    pub title: String,
    /// False while the week is a brief only.
    pub built: bool,
    /// In a learner's workspace: true when the week's code is the learner's own.
    pub own: bool,
    /// Its six days.
    pub days: Vec<DayStatus>,
    /// Gate, drill, bench and, in the week that closes a month, demo; empty while not built.
    pub records: Vec<RecordStatus>,
}

/// The whole board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// The weeks, 1 to 24.
    pub weeks: Vec<WeekStatus>,
    /// What to do next: a command and why.
    pub next: Option<(String, String)>,
}

/// How everything stands, judged from an evidence folder and the workspace as it is.
pub fn board(workspace: &Workspace, course: &Course, evidence: &Path) -> Result<Board, Failure> {
    let freshness = Freshness::of(workspace, course);
    let weeks = course
        .weeks
        .iter()
        .map(|(folder, week)| of_week(workspace, course, evidence, &freshness, folder, week))
        .collect::<Result<Vec<_>, Failure>>()?;
    let next = next(workspace, &weeks);
    Ok(Board { weeks, next })
}

fn of_week(
    workspace: &Workspace,
    course: &Course,
    evidence: &Path,
    freshness: &Freshness<'_>,
    folder: &Path,
    week: &Week,
) -> Result<WeekStatus, Failure> {
    let own = workspace.kind == WorkspaceKind::Learner && !folder.is_symlink();
    let records: Vec<RecordStatus> = if week.built {
        week.kinds(&Kind::ALL).map(|kind| of_record(evidence, freshness, week.week, kind)).collect()
    } else {
        Vec::new()
    };
    let gate = records.first().map_or(State::NotBuilt, |gate| gate.state);
    let days = week
        .days
        .iter()
        .map(|day| {
            let id = DayId { week: week.week, day: day.day };
            let state = match gate {
                State::Proven | State::NotBuilt => gate,
                _ if own => of_check(workspace, course, id, day)?,
                _ => gate,
            };
            Ok(DayStatus { id, title: day.title.clone(), state })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(WeekStatus { week: week.week, title: week.title.clone(), built: week.built, own, days, records })
}

/// A learner's day stands as its last check does.
fn of_check(
    workspace: &Workspace,
    course: &Course,
    id: DayId,
    day: &crate::course::Day,
) -> Result<State, Failure> {
    use learn::record::Standing;
    let week = started(workspace, course, id.week)?;
    Ok(match learn::record::standing(workspace, &week, id, day)? {
        Standing::Green => State::Proven,
        Standing::Stale => State::Stale,
        Standing::Red => State::Red,
        Standing::Unchecked => State::Open,
    })
}

/// How a record stands. One that cannot be read is red with the reason: the board is where a user looks first, and
/// must not go dark because of one file.
fn of_record(evidence: &Path, freshness: &Freshness<'_>, week: u8, kind: Kind) -> RecordStatus {
    let (state, note) = match unlock::recorded(evidence, &record_id(week, kind)) {
        Ok(None) => (State::Open, String::new()),
        Ok(Some(record)) => judge(freshness, &record),
        Err(failure) => (State::Red, failure.what),
    };
    RecordStatus { kind, state, note }
}

fn judge(freshness: &Freshness<'_>, record: &Record) -> (State, String) {
    match record.finding.verdict {
        Verdict::Passed => match freshness.stale(record) {
            Ok(changes) if changes.is_empty() => (State::Proven, String::new()),
            Ok(changes) => (State::Stale, changed(&changes)),
            Err(failure) => (State::Stale, failure.what),
        },
        Verdict::Skipped => (State::Skipped, "skipped on request".to_owned()),
        Verdict::Inconclusive => (State::Red, "inconclusive".to_owned()),
        Verdict::Failed => (State::Red, "failed".to_owned()),
    }
}

/// The first change in words, and how many more there are.
pub fn changed(changes: &[evidence::Stale]) -> String {
    match changes {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    }
}

/// The first built week with something that is not proven decides.
fn next(workspace: &Workspace, weeks: &[WeekStatus]) -> Option<(String, String)> {
    if workspace.kind == WorkspaceKind::Learner {
        return Some(("cargo lab next".to_owned(), "what is open in your weeks".to_owned()));
    }
    let missing = weeks.iter().flat_map(|week| week.records.iter().map(move |record| (week, record)));
    let mut missing = missing.filter(|(_, record)| record.state != State::Proven);
    let (week, record) = missing.next()?;
    let (whose, number) = match record.kind {
        Kind::Demo => ("month", number_of_month(week.week)),
        _ => ("week", week.week),
    };
    let why = format!("the {} of {whose} {number} is {}", record.kind, record.state.word());
    // One thing is run alone; several are what `run` is for.
    let alone = missing.next().is_none();
    Some((if alone { command(week.week, record.kind) } else { "cargo lab run".to_owned() }, why))
}
