//! Where we are: the reference's own tree, or a learner's workspace beside it.
//!
//! Both are cargo workspaces of the same shape, so every command works in both. A learner's workspace holds the
//! learner's weeks as real folders and everything else as links into the reference; its `harness` link is what
//! tells the two apart, so there is no marker file that could be lost or be wrong.

use std::path::{Path, PathBuf};

use crate::course::Course;
use crate::error::{Failure, NO_WORKSPACE};

/// Whose code is judged here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceKind {
    /// The course's own tree, with the solutions.
    Reference,
    /// A learner's tree, with holes to fill in.
    Learner,
}

impl WorkspaceKind {
    /// The word that records carry: `reference` or `learner`.
    pub fn word(self) -> &'static str {
        match self {
            WorkspaceKind::Reference => "reference",
            WorkspaceKind::Learner => "learner",
        }
    }
}

/// A workspace that commands run in.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder with the workspace's `Cargo.toml`; absolute.
    pub root: PathBuf,
    /// The reference's folder; the same as `root` in the reference itself.
    pub reference: PathBuf,
    /// Whose code this is.
    pub kind: WorkspaceKind,
}

impl Workspace {
    /// The workspace that `from` lies in: the nearest folder upwards that has `Cargo.toml`, `weeks/` and
    /// `harness/lab/`.
    ///
    /// Inside a linked week of a learner's workspace the shell's own idea of the path (`$PWD`) would differ from
    /// the kernel's; the kernel's is used, so `cd weeks/week-01-logger` through a link is the reference.
    pub fn find(from: &Path) -> Result<Self, Failure> {
        let start = std::path::absolute(from)
            .map_err(|e| Failure::new(&NO_WORKSPACE, format!("{}: {e}", from.display())))?;
        if !start.is_dir() {
            return Err(Failure::new(&NO_WORKSPACE, format!("{} is not a folder", start.display())));
        }
        let root = start.ancestors().find(|folder| is_workspace(folder)).ok_or_else(|| {
            Failure::new(&NO_WORKSPACE, format!("no course at or above {}", start.display()))
        })?;
        let harness = root.join("harness");
        if !harness.is_symlink() {
            return Ok(Workspace {
                root: root.to_path_buf(),
                reference: root.to_path_buf(),
                kind: WorkspaceKind::Reference,
            });
        }
        let reference = harness
            .canonicalize()
            .ok()
            .and_then(|real| real.parent().map(Path::to_path_buf))
            .ok_or_else(|| Failure::new(&NO_WORKSPACE, format!("{} leads nowhere", harness.display())))?;
        Ok(Workspace { root: root.to_path_buf(), reference, kind: WorkspaceKind::Learner })
    }

    /// The evidence folder.
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }

    /// The course, read from the weeks of this workspace.
    pub fn course(&self) -> Result<Course, Failure> {
        Course::load(&self.root)
    }
}

fn is_workspace(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file()
        && folder.join("weeks").is_dir()
        && folder.join("harness/lab/Cargo.toml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("ref/weeks/week-01-logger/src")).unwrap();
        std::fs::create_dir_all(dir.path().join("ref/harness/lab")).unwrap();
        std::fs::write(dir.path().join("ref/Cargo.toml"), "").unwrap();
        std::fs::write(dir.path().join("ref/harness/lab/Cargo.toml"), "").unwrap();
        dir
    }

    #[test]
    fn is_found_from_a_folder_deep_inside() {
        let dir = tree();
        let found = Workspace::find(&dir.path().join("ref/weeks/week-01-logger/src")).unwrap();
        assert_eq!(found.root, dir.path().join("ref"));
        assert_eq!(found.kind, WorkspaceKind::Reference);
    }

    #[test]
    fn a_linked_harness_makes_it_the_learners_and_names_the_reference() {
        let dir = tree();
        let bench = dir.path().join("workbench");
        std::fs::create_dir_all(bench.join("weeks")).unwrap();
        std::fs::write(bench.join("Cargo.toml"), "").unwrap();
        std::os::unix::fs::symlink("../ref/harness", bench.join("harness")).unwrap();
        let found = Workspace::find(&bench).unwrap();
        assert_eq!(found.kind, WorkspaceKind::Learner);
        assert_eq!(found.root, bench);
        assert_eq!(found.reference, dir.path().join("ref").canonicalize().unwrap());
    }

    #[test]
    fn outside_any_course_it_says_where_it_looked() {
        let dir = tempfile::tempdir().unwrap();
        let failure = Workspace::find(dir.path()).unwrap_err();
        assert!(failure.what.contains(&dir.path().display().to_string()), "{failure}");
    }
}
