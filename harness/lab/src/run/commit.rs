//! The commit of a run, and which of its inputs differed from it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use evidence::{Commit, Input};

use crate::exec::run;
use crate::workspace::Workspace;

/// How long git may take.
const GIT_DEADLINE: Duration = Duration::from_secs(60);

/// The repository around the reference, as it was when this process first looked.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// `none` outside of a repository.
    head: String,
    top: PathBuf,
    tracked: BTreeSet<PathBuf>,
    changed: BTreeSet<PathBuf>,
}

impl Repository {
    /// Looks; a tree without git (an unpacked archive) is no error, its records say `none`.
    ///
    /// A learner's workspace is judged against the reference's repository, too: what is linked is the reference's, and
    /// what is the learner's own is in no commit of it.
    pub(super) fn around(workspace: &Workspace) -> Self {
        Self::look(&workspace.reference)
            .unwrap_or_else(|| Repository { head: "none".to_owned(), ..Self::default() })
    }

    fn look(folder: &Path) -> Option<Self> {
        let top = PathBuf::from(git(folder, &["rev-parse", "--show-toplevel"])?.trim_end_matches('\n'));
        let head = git(&top, &["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
        let paths = |args: &[&str]| {
            git(&top, args).map(|out| out.split('\0').filter(|p| !p.is_empty()).map(PathBuf::from).collect())
        };
        let tracked = paths(&["ls-files", "-z"])?;
        let changed = paths(&["diff", "--name-only", "--no-renames", "-z", "HEAD"])?;
        Some(Repository { head, top: top.canonicalize().ok()?, tracked, changed })
    }

    /// The commit, with those inputs that are not as it has them. A part of a file (`Cargo.lock#framing`) counts as
    /// modified when the file is.
    pub(super) fn commit(&self, root: &Path, inputs: &[Input]) -> Commit {
        let modified = |input: &&Input| {
            let file = input.path.split('#').next().unwrap_or(&input.path);
            let real = root.join(file).canonicalize().ok();
            let inside = real.as_deref().and_then(|real| real.strip_prefix(&self.top).ok());
            !inside.is_some_and(|path| self.tracked.contains(path) && !self.changed.contains(path))
        };
        let modified = if self.head == "none" {
            Vec::new()
        } else {
            inputs.iter().filter(modified).map(|i| i.path.clone()).collect()
        };
        Commit { id: self.head.clone(), modified }
    }
}

fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let mut cmd = Command::new("git");
    // Set by git for its hooks; it would answer for another tree than the one we stand in.
    cmd.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let ran = run(cmd.arg("-C").arg(folder).args(args), GIT_DEADLINE).ok().filter(|ran| ran.ok())?;
    String::from_utf8(ran.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::WorkspaceKind;

    fn input(path: &str) -> Input {
        Input { path: path.to_owned(), sha256: "0".repeat(64) }
    }

    fn at(root: &Path) -> Workspace {
        Workspace { root: root.to_path_buf(), reference: root.to_path_buf(), kind: WorkspaceKind::Reference }
    }

    #[test]
    fn inputs_that_differ_from_the_commit_are_named_and_others_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for (name, text) in [("same.rs", "a"), ("edited.rs", "b"), ("Cargo.lock", "c")] {
            std::fs::write(root.join(name), text).unwrap();
        }
        git(root, &["init", "-q"]).unwrap();
        git(root, &["add", "."]).unwrap();
        git(root, &["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "x"]).unwrap();
        std::fs::write(root.join("edited.rs"), "changed").unwrap();
        std::fs::write(root.join("new.rs"), "new").unwrap();
        let inputs = [input("Cargo.lock#framing"), input("edited.rs"), input("new.rs"), input("same.rs")];
        let commit = Repository::around(&at(root)).commit(root, &inputs);
        assert_eq!(commit.id.len(), 40, "{}", commit.id);
        assert_eq!(commit.modified, ["edited.rs", "new.rs"]);
    }

    #[test]
    fn outside_a_repository_the_commit_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let commit = Repository::around(&at(dir.path())).commit(dir.path(), &[input("a.rs")]);
        assert_eq!((commit.id.as_str(), commit.modified.len()), ("none", 0));
    }
}
