//! The inputs of several runs, as they were at one moment.

use std::collections::BTreeMap;
use std::path::Path;

use evidence::{Input, Kind};

use super::freshness::Freshness;
use crate::course::{Course, Week};
use crate::error::Failure;
use crate::workspace::Workspace;

/// What each run depends on, by week and kind.
#[derive(Debug, PartialEq)]
pub(super) struct Inputs(BTreeMap<(u8, Kind), Vec<Input>>);

impl Inputs {
    /// The inputs of these kinds of run of these weeks, as they are now.
    pub(super) fn of(
        workspace: &Workspace,
        course: &Course,
        weeks: &[&Week],
        kinds: &[Kind],
    ) -> Result<Self, Failure> {
        let now = Freshness::of(workspace, course);
        let pairs = weeks.iter().flat_map(|week| week.kinds(kinds).map(|kind| (week.week, kind)));
        pairs
            .map(|(week, kind)| Ok(((week, kind), now.inputs(week, kind)?)))
            .collect::<Result<_, _>>()
            .map(Inputs)
    }

    /// Those of one run, which is about to be recorded.
    pub(super) fn take(&mut self, week: u8, kind: Kind) -> Vec<Input> {
        self.0.remove(&(week, kind)).unwrap_or_default()
    }

    /// The weeks whose tools the demos start: those that a demo's own week reaches, which are among its inputs.
    pub(super) fn shown<'c>(&self, workspace: &Workspace, course: &'c Course) -> Vec<&'c Week> {
        let of_demos =
            || self.0.iter().filter(|((_, kind), _)| *kind == Kind::Demo).flat_map(|(_, inputs)| inputs);
        let reached = |folder: &Path| {
            let manifest = folder.strip_prefix(&workspace.root).unwrap_or(folder).join("Cargo.toml");
            of_demos().any(|input| Path::new(&input.path) == manifest)
        };
        course.built().filter(|(folder, _)| reached(folder)).map(|(_, week)| week).collect()
    }
}
