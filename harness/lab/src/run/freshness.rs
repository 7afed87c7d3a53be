//! Whether a record still speaks of the code that is there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use evidence::{Input, Kind, Record, Stale, inputs};

use crate::course::{Course, WEEKS_A_MONTH, Week};
use crate::error::{Failure, WEEK_DATA, WEEK_NOT_BUILT};
use crate::workspace::Workspace;

/// The sections of a `week.yaml` that verdicts depend on, each named like the kind of run that it belongs to.
const SECTIONS: [Kind; 3] = [Kind::Gate, Kind::Drill, Kind::Bench];

/// Compares records with the workspace as it is. Digests are taken once a week, so asking about a whole folder of
/// records reads each source once.
///
/// The inputs of a month's demo are those of the week that closes the month, whose closure holds the weeks before it.
#[derive(Debug)]
pub struct Freshness<'a> {
    workspace: &'a Workspace,
    course: &'a Course,
    /// Inputs of every kind of run together, by week.
    weeks: RefCell<BTreeMap<u8, Vec<Input>>>,
}

impl<'a> Freshness<'a> {
    /// Freshness as judged against this workspace.
    pub fn of(workspace: &'a Workspace, course: &'a Course) -> Self {
        Freshness { workspace, course, weeks: RefCell::default() }
    }

    /// What has moved on since a record was made; empty for a fresh one.
    pub fn stale(&self, record: &Record) -> Result<Vec<Stale>, Failure> {
        let week = week_of(&record.id).ok_or_else(|| {
            Failure::new(&WEEK_NOT_BUILT, format!("the inputs of `{}` are not known here", record.id))
        })?;
        Ok(inputs::compare(&record.inputs, &self.inputs(week, record.kind)?))
    }

    /// The inputs of a run of this kind as they are now, sorted by path.
    pub fn inputs(&self, number: u8, kind: Kind) -> Result<Vec<Input>, Failure> {
        if !self.weeks.borrow().contains_key(&number) {
            let (folder, week) = self.course.week(number)?;
            let read = read(&self.workspace.root, folder, week)?;
            self.weeks.borrow_mut().insert(number, read);
        }
        let weeks = self.weeks.borrow();
        let others = SECTIONS.into_iter().filter(|section| *section != kind);
        let others: Vec<String> = others.map(|section| format!("/week.yaml#{section}")).collect();
        let all = weeks.get(&number).into_iter().flatten();
        Ok(all.filter(|input| !others.iter().any(|end| input.path.ends_with(end))).cloned().collect())
    }
}

/// The week that a record id belongs to: 2 for `week-02/gate`, and 4, which closes the month, for `month-1-demo/demo`.
pub fn week_of(id: &str) -> Option<u8> {
    let (folder, _) = id.split_once('/')?;
    match folder.strip_prefix("month-") {
        Some(month) => month.strip_suffix("-demo")?.parse::<u8>().ok()?.checked_mul(WEEKS_A_MONTH),
        None => folder.strip_prefix("week-")?.parse().ok(),
    }
}

fn read(root: &Path, folder: &Path, week: &Week) -> Result<Vec<Input>, Failure> {
    let file = folder.join("week.yaml");
    let unreadable = |what: String| Failure::new(&WEEK_DATA, format!("{}: {what}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|e| unreadable(e.to_string()))?;
    let data: serde_json::Value = serde_yaml::from_str(&text).map_err(|e| unreadable(e.to_string()))?;
    let sections: Vec<(&str, &serde_json::Value)> =
        SECTIONS.iter().filter_map(|kind| Some((kind.name(), data.get(kind.name())?))).collect();
    let folder = folder.strip_prefix(root).unwrap_or(folder);
    if !week.built {
        return Err(Failure::new(&WEEK_NOT_BUILT, format!("week {} is not built yet", week.week)));
    }
    Ok(inputs::of_package(root, folder, &sections)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_of_a_record_is_read_from_its_id() {
        assert_eq!(week_of("week-02/gate"), Some(2));
        assert_eq!(week_of("month-1-demo/demo"), Some(4));
        assert_eq!(week_of("month-6-demo/demo"), Some(24));
        for foreign in
            ["month-x-demo/demo", "month-250-demo/demo", "month-1/demo", "elsewhere/gate", "week-02"]
        {
            assert_eq!(week_of(foreign), None, "{foreign}");
        }
    }
}
