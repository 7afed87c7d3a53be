//! Reads every `week.yaml`, strictly.

use std::path::{Path, PathBuf};

use super::{Day, Week};
use crate::cli::day::DayId;
use crate::error::{Failure, NO_SUCH_WEEK, WEEK_DATA};

/// All the weeks, in order, with the folder that each lies in.
#[derive(Debug)]
pub struct Course {
    /// The weeks, 1 to 24.
    pub weeks: Vec<(PathBuf, Week)>,
}

impl Course {
    /// Loads the course below a workspace root. The first defect is reported as `path:line:column: what`.
    pub fn load(root: &Path) -> Result<Self, Failure> {
        let mut weeks = Vec::new();
        let folder = root.join("weeks");
        let listing = std::fs::read_dir(&folder)
            .map_err(|e| Failure::new(&WEEK_DATA, format!("{}: {e}", folder.display())))?;
        for entry in listing {
            let entry = entry.map_err(|e| Failure::new(&WEEK_DATA, format!("{}: {e}", folder.display())))?;
            let file = entry.path().join("week.yaml");
            if !file.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&file)
                .map_err(|e| Failure::new(&WEEK_DATA, format!("{}: {e}", file.display())))?;
            let week: Week = serde_yaml::from_str(&text)
                .map_err(|e| Failure::new(&WEEK_DATA, format!("{}: {e}", file.display())))?;
            weeks.push((entry.path(), week));
        }
        weeks.sort_by_key(|(_, week)| week.week);
        Ok(Course { weeks })
    }

    /// A week by its number, with its folder.
    pub fn week(&self, number: u8) -> Result<(&Path, &Week), Failure> {
        self.weeks
            .iter()
            .find(|(_, week)| week.week == number)
            .map(|(folder, week)| (folder.as_path(), week))
            .ok_or_else(|| Failure::new(&NO_SUCH_WEEK, format!("there is no week {number}")))
    }

    /// A day and its week.
    pub fn day(&self, id: DayId) -> Result<(&Week, &Day), Failure> {
        let (_, week) = self.week(id.week)?;
        let day = week
            .days
            .iter()
            .find(|day| day.day == id.day)
            .ok_or_else(|| Failure::new(&NO_SUCH_WEEK, format!("there is no day {id}")))?;
        Ok((week, day))
    }
}
