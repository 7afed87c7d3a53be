//! Reads every `week.yaml`, strictly.

use std::path::{Path, PathBuf};

use super::Week;
use crate::error::{Failure, WEEK_DATA};

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
}
