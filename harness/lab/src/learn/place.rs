//! What lies at the place where a workspace is wanted, before anything is written there.

use std::fs;
use std::path::Path;

use super::tree::file_failure;
use crate::error::{FOREIGN_FOLDER, Failure, WORKBENCH_FILE};

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nothing, or an empty folder.
    Free,
    /// A workspace of this course, or of one whose reference is gone; its own weeks.
    Workbench(Vec<String>),
}

/// Looks at a place. Everything that is not free and not a workspace of this reference is refused: a folder of
/// somebody else's is never written into.
pub fn look(root: &Path, reference: &Path) -> Result<Place, Failure> {
    let refuse = |what: String| Err(Failure::new(&FOREIGN_FOLDER, what));
    if root == reference {
        return refuse(format!("{} is the course itself", root.display()));
    }
    if let Ok(below) = root.strip_prefix(reference) {
        let first = below.components().next().map(|c| c.as_os_str().to_string_lossy().into_owned());
        if let Some(part) = first.filter(|part| !part.starts_with("workbench") && part != "target") {
            return refuse(format!("{} lies in the course's own `{part}`", root.display()));
        }
        if reference.to_string_lossy().contains(char::is_whitespace) {
            // See manifest::config.
            let what = "cargo cannot lead from a folder inside the course back to it: its path has a space";
            return refuse(format!("{}: {what}", root.display()));
        }
    }
    let metadata = match fs::symlink_metadata(root) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Place::Free),
        Err(e) => return Err(file_failure(root)(e)),
    };
    if !metadata.is_dir() && !root.is_dir() {
        return Err(Failure::new(&WORKBENCH_FILE, format!("{} is a file", root.display())));
    }
    if fs::read_dir(root).map_err(file_failure(root))?.next().is_none() {
        return Ok(Place::Free);
    }
    let harness = root.join("harness");
    let shaped = harness.is_symlink() && root.join("weeks").is_dir() && root.join("Cargo.toml").is_file();
    if !shaped {
        return refuse(format!("{} holds something else", root.display()));
    }
    match harness.canonicalize() {
        Ok(real) if real.parent() != Some(reference) => {
            refuse(format!("{} belongs to the course at {}", root.display(), real.display()))
        }
        // A link that leads nowhere: the reference was moved, and this start turns the links round.
        _ => Ok(Place::Workbench(own_weeks(root)?)),
    }
}

/// The weeks that are the learner's: real folders, not links.
pub fn own_weeks(root: &Path) -> Result<Vec<String>, Failure> {
    let weeks = root.join("weeks");
    let mut own = Vec::new();
    for entry in fs::read_dir(&weeks).map_err(file_failure(&weeks))? {
        let entry = entry.map_err(file_failure(&weeks))?;
        let kind = entry.file_type().map_err(file_failure(&weeks))?;
        if kind.is_dir() && entry.path().join("week.yaml").is_file() {
            own.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    own.sort();
    Ok(own)
}
