//! A day of a started week: which holes are still open, and where.

use std::path::{Path, PathBuf};

use super::checks::Check;
use super::place::own_weeks;
use super::start::built_week;
use super::tree::file_failure;
use crate::course::DayId;
use crate::course::{Course, Day, Hole, Week};
use crate::error::{Failure, NOT_STARTED};
use crate::workspace::{Workspace, WorkspaceKind};

/// The default folder of the learner's workspace, below the reference.
pub const WORKBENCH: &str = "workbench";

/// The learner's workspace: this one, or the one in the default place below the reference.
pub fn workbench(ws: &Workspace) -> Result<Workspace, Failure> {
    if ws.kind == WorkspaceKind::Learner {
        return Ok(ws.clone());
    }
    let place = ws.root.join(WORKBENCH);
    match place.is_dir().then(|| Workspace::find(&place)) {
        Some(Ok(found)) if found.kind == WorkspaceKind::Learner => Ok(found),
        _ => Err(Failure::new(&NOT_STARTED, format!("there is no workbench at {}", place.display()))),
    }
}

/// A week that the learner has started.
#[derive(Debug)]
pub struct StartedWeek<'a> {
    /// The week's data, as laid down.
    pub week: &'a Week,
    /// Its folder's name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The reference's folder for it.
    pub reference: PathBuf,
}

/// Week `number` in the learner's workspace, where it is the learner's own.
pub fn started<'a>(bench: &Workspace, course: &'a Course, number: u8) -> Result<StartedWeek<'a>, Failure> {
    let (name, week) = built_week(course, number)?;
    if !own_weeks(&bench.root)?.contains(&name) {
        let what = format!("week {number} is not started in {}", bench.root.display());
        return Err(Failure::new(&NOT_STARTED, what));
    }
    let (folder, reference) =
        (bench.root.join("weeks").join(&name), bench.reference.join("weeks").join(&name));
    Ok(StartedWeek { week, name, folder, reference })
}

/// A hole in the learner's source.
#[derive(Debug)]
pub struct HoleState<'a> {
    /// What is to be written.
    pub hole: &'a Hole,
    /// The line of its stub while nothing is written, from 1.
    pub open_at: Option<usize>,
    /// Its checks.
    pub checks: Vec<Check>,
}

impl StartedWeek<'_> {
    /// A day of this week.
    pub fn day(&self, number: u8) -> Option<(DayId, &Day)> {
        let day = self.week.days.iter().find(|day| day.day == number)?;
        Some((DayId { week: self.week.week, day: number }, day))
    }

    /// The holes of a day, in its order.
    pub fn holes(&self, day: &Day) -> Result<Vec<HoleState<'_>>, Failure> {
        let of_day = |id: &String| self.week.holes.iter().find(|hole| hole.id == *id);
        day.holes.iter().filter_map(of_day).map(|hole| self.hole(hole)).collect()
    }

    /// One hole as it stands.
    pub fn hole<'a>(&self, hole: &'a Hole) -> Result<HoleState<'a>, Failure> {
        let checks = hole.checks.iter().map(|text| Check::parse(text)).collect::<Result<_, _>>()?;
        Ok(HoleState { hole, open_at: open_at(&self.folder.join(&hole.file), &hole.id)?, checks })
    }

    /// The ids of all holes of the week that are still open.
    pub fn open_holes(&self) -> Result<Vec<&str>, Failure> {
        let mut open = Vec::new();
        for hole in &self.week.holes {
            if open_at(&self.folder.join(&hole.file), &hole.id)?.is_some() {
                open.push(hole.id.as_str());
            }
        }
        Ok(open)
    }
}

/// The line where a hole's stub still stands: the `"id: …"` of its `todo!`, outside of comments. The `todo!(` itself is
/// not looked for, since a formatter may have put it on a line of its own.
fn open_at(file: &Path, id: &str) -> Result<Option<usize>, Failure> {
    let source = std::fs::read_to_string(file).map_err(file_failure(file))?;
    let stub = format!("\"{id}: ");
    let found = source.lines().position(|line| !line.trim_start().starts_with("//") && line.contains(&stub));
    Ok(found.map(|index| index + 1))
}
