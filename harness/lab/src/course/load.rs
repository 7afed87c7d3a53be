//! Reads every `week.yaml`, strictly: the first defect is reported as `path:line:column: what`.

use std::path::{Path, PathBuf};

use super::check::{self, Misfit};
use super::{Day, DayId, WEEKS, Week};
use crate::error::{Failure, NO_SUCH_WEEK, WEEK_DATA};

/// All the weeks, in order, with the folder that each lies in.
#[derive(Debug)]
pub struct Course {
    /// The weeks, 1 to 24.
    pub weeks: Vec<(PathBuf, Week)>,
}

impl Course {
    /// Loads the course below a workspace root.
    pub fn load(root: &Path) -> Result<Self, Failure> {
        let folder = root.join("weeks");
        let unreadable =
            |path: &Path, e: std::io::Error| Failure::new(&WEEK_DATA, format!("{}: {e}", path.display()));
        let mut weeks = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|e| unreadable(&folder, e))? {
            let path = entry.map_err(|e| unreadable(&folder, e))?.path();
            let file = path.join("week.yaml");
            if !path.is_dir() {
                continue;
            }
            let bytes = std::fs::read(&file).map_err(|e| unreadable(&file, e))?;
            let week = parse(&file, &bytes)?;
            weeks.push((path, week));
        }
        weeks.sort_by_key(|(_, week)| week.week);
        complete(&folder, &weeks)?;
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

    /// The weeks that are built, in order.
    pub fn built(&self) -> impl Iterator<Item = (&Path, &Week)> {
        self.weeks.iter().filter(|(_, week)| week.built).map(|(folder, week)| (folder.as_path(), week))
    }
}

/// Reads one week's data from its file's bytes.
pub fn parse(file: &Path, bytes: &[u8]) -> Result<Week, Failure> {
    let at = |line: usize, column: usize, what: &str| {
        Failure::new(&WEEK_DATA, format!("{}:{line}:{column}: {what}", file.display()))
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => {
            let before = &bytes[..e.valid_up_to()];
            let line = before.split(|b| *b == b'\n').count();
            let column = before.len() - before.iter().rposition(|b| *b == b'\n').map_or(0, |nl| nl + 1) + 1;
            return Err(at(line, column, "not UTF-8"));
        }
    };
    let week: Week = serde_yaml::from_str(text).map_err(|e| {
        let (line, column) = e.location().map_or((1, 1), |place| (place.line(), place.column()));
        // The parser appends the place to its words; ours stands before them.
        let words = e.to_string();
        at(line, column, words.split(" at line ").next().unwrap_or(&words))
    })?;
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    match check::week(&week, &folder) {
        Ok(()) => Ok(week),
        Err(misfit) => {
            let (line, column) = place(text, &misfit);
            Err(at(line, column, &misfit.what))
        }
    }
}

/// Where the text at fault stands: its last occurrence for what is there twice or refers to nothing, which is the one
/// that a reader has to change. Line 1 where something is missing altogether.
fn place(text: &str, misfit: &Misfit) -> (usize, usize) {
    if misfit.at.is_empty() {
        return (1, 1);
    }
    let found = text.lines().enumerate().filter_map(|(index, line)| {
        // A comment mentions; it does not say.
        let line = line.split(" #").next().unwrap_or(line);
        let column = line.find(&misfit.at).filter(|_| !line.trim_start().starts_with('#'))?;
        Some((index + 1, line[..column].chars().count() + 1))
    });
    found.last().unwrap_or((1, 1))
}

/// The rules over all weeks together.
fn complete(folder: &Path, weeks: &[(PathBuf, Week)]) -> Result<(), Failure> {
    let fail = |what: String| Err(Failure::new(&WEEK_DATA, format!("{}: {what}", folder.display())));
    for number in 1..=WEEKS {
        match weeks.iter().filter(|(_, week)| week.week == number).count() {
            1 => {}
            0 => return fail(format!("week {number} has no folder with a week.yaml")),
            _ => return fail(format!("week {number} is there twice")),
        }
    }
    for (index, (_, week)) in weeks.iter().enumerate() {
        if let Some((other, _)) = weeks[..index].iter().find(|(_, other)| other.library == week.library) {
            return fail(format!(
                "the library `{}` of week {} is also that of {}",
                week.library,
                week.week,
                other.display()
            ));
        }
        if week.built && weeks[..index].iter().any(|(_, earlier)| !earlier.built) {
            return fail(format!("week {} is built on a week that is not", week.week));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
