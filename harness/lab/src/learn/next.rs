//! `lab next`: the one thing to do now, read from the source, the last checks and the records.

use evidence::{Kind, Record, Verdict};

use super::day::{StartedWeek, started};
use super::deliverable;
use super::place::own_weeks;
use super::record::{Standing, standing};
use crate::course::Course;
use crate::course::DayId;
use crate::error::Failure;
use crate::run::seal::record_id;
use crate::workspace::Workspace;

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Start a week.
    Start {
        /// The week.
        week: u8,
    },
    /// Work on a day.
    Day {
        /// The day.
        id: DayId,
        /// Its title.
        title: String,
        /// How its last check stands.
        standing: Standing,
        /// The holes that are open: id and place.
        open: Vec<(String, String)>,
        /// The deliverables that are not written: path and what is missing.
        unwritten: Vec<(String, String)>,
    },
    /// Judge a week whose six days are green.
    Judge {
        /// The week.
        week: u8,
        /// What has no passed record yet.
        kind: Kind,
    },
    /// Everything that is built is done.
    Finished,
}

/// The next step in a learner's workspace.
pub fn next(bench: &Workspace, course: &Course) -> Result<Step, Failure> {
    let own = own_weeks(&bench.root)?;
    for (folder, week) in &course.weeks {
        if !folder.file_name().is_some_and(|name| own.iter().any(|own| name == own.as_str())) {
            continue;
        }
        let started = started(bench, course, week.week)?;
        if let Some(step) = of_week(bench, &started)? {
            return Ok(step);
        }
    }
    let last = course.weeks.iter().filter(|(folder, _)| {
        folder.file_name().is_some_and(|name| own.iter().any(|own| name == own.as_str()))
    });
    let last = last.map(|(_, week)| week.week).max().unwrap_or(0);
    let next = course.weeks.iter().find(|(_, week)| week.built && week.week > last);
    Ok(next.map_or(Step::Finished, |(_, week)| Step::Start { week: week.week }))
}

fn of_week(bench: &Workspace, week: &StartedWeek<'_>) -> Result<Option<Step>, Failure> {
    for (id, day) in (1..=6).filter_map(|number| week.day(number)) {
        let standing = standing(bench, week, id, day)?;
        if standing == Standing::Green {
            continue;
        }
        let open = week.holes(day)?.into_iter().filter_map(|state| {
            let line = state.open_at?;
            Some((state.hole.id.clone(), format!("weeks/{}/{}:{line}", week.name, state.hole.file)))
        });
        let open = open.collect();
        let deliverables = deliverable::of_day(week, day)?;
        let unwritten = deliverables.iter().filter(|file| !file.written()).map(|file| {
            let path = file.path.strip_prefix(&bench.root).unwrap_or(&file.path);
            (path.display().to_string(), file.missing())
        });
        let unwritten = unwritten.collect();
        return Ok(Some(Step::Day { id, title: day.title.clone(), standing, open, unwritten }));
    }
    let missing = week.week.kinds(&Kind::ALL).find(|kind| {
        let record = bench.evidence().join(format!("{}.json", record_id(week.week.week, *kind)));
        (*kind != Kind::Bench || week.week.bench.is_some())
            && !Record::read(&record).is_ok_and(|record| record.finding.verdict == Verdict::Passed)
    });
    Ok(missing.map(|kind| Step::Judge { week: week.week.week, kind }))
}
