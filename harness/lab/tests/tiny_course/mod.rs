//! A course in miniature in a temporary folder, and the real `lab` run against it.
//!
//! Two weeks have code (`fixtures/tiny`); the other 22 are only described, as in the real course at its beginning.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) struct TinyCourse {
    dir: tempfile::TempDir,
    name: &'static str,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        Said {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The exit status and the error code, or a panic with everything that was said.
    #[track_caller]
    pub(crate) fn refused(&self, status: i32, code: &str) -> &Self {
        assert_eq!(self.status, status, "{self:#?}");
        assert!(self.stderr.contains(&format!("error[{code}]: ")), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn done(&self) -> &Self {
        assert_eq!(self.status, 0, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.stdout.contains(words), "`{words}` is not in {self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn complains(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "`{words}` is not in {self:#?}");
        self
    }
}

impl TinyCourse {
    /// A fresh copy.
    pub(crate) fn new() -> Self {
        Self::named("course")
    }

    /// A fresh copy in a folder of this name.
    pub(crate) fn named(name: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let course = TinyCourse { dir, name };
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny"), &course.root());
        for week in 3..=24u8 {
            let folder = course.root().join(format!("weeks/week-{week:02}-later"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("week.yaml"), described(week)).unwrap();
        }
        course
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join(self.name)
    }

    pub(crate) fn bench(&self) -> PathBuf {
        self.root().join("workbench")
    }

    /// A place outside of the course.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str], cwd: &Path) -> Command {
        let mut cmd = Command::new(env!("CARGO_BIN_EXE_lab"));
        cmd.args(args).current_dir(cwd).env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR");
        cmd
    }

    /// Runs the alias `cargo lab` as a shell would.
    pub(crate) fn alias(&self, args: &[&str], cwd: &Path) -> Said {
        let mut cmd = Command::new("cargo");
        cmd.arg("lab").args(args).current_dir(cwd);
        cmd.env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR");
        Said::of(&cmd.output().unwrap())
    }

    /// Runs `lab` in the course.
    pub(crate) fn lab(&self, args: &[&str]) -> Said {
        self.lab_in(&self.root(), args)
    }

    pub(crate) fn lab_in(&self, cwd: &Path, args: &[&str]) -> Said {
        Said::of(&self.command(args, cwd).output().unwrap())
    }

    /// Replaces text in a file; the text must be there.
    #[track_caller]
    pub(crate) fn edit(&self, path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {}", path.display());
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A week that is only described.
fn described(week: u8) -> String {
    let mut text = format!(
        "week: {week}\nlibrary: later_{week}\ntitle: Later\ntheme: Later\nwhy: Later.\nnew: Later\nreinforces: Now\ndays:\n"
    );
    for day in 1..=6 {
        text.push_str(&format!(
            "  - day: {day}\n    title: Day {day}\n    slug: day-{}\n    learn: [one, two, three]\n    task: Work.\n    \
             constraint: One\n    prove: Run.\n    why: Because.\n    minutes: {{ learn: 1, work: 1, prove: 1 }}\n    \
             deliverables: [day{day}-note.md]\n    self_check: [{{ q: Why? }}]\n",
            ["one", "two", "three", "four", "five", "six"][day - 1],
        ));
    }
    text.push_str("checkpoint: { show: [it], reflect: [on it] }\ngate: { claim: It holds }\n");
    text.push_str(&format!("drill: {{ id: later-{week}.drill, claim: It bends }}\n"));
    if week.is_multiple_of(4) {
        text.push_str(&format!(
            "month_review: {{ month: {}, title: M, objective: O, mindset: M, can_build: C, risks: R, demo: D, \
             artifacts: [demo.md] }}\n",
            week / 4
        ));
    }
    text
}
