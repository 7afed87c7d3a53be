//! The real `eventlog`, run in a folder of its own, with a deadline on everything.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "this is test code, outside of a test function")]

pub(crate) mod contract;
pub(crate) mod failures;
pub(crate) mod provoke;
pub(crate) mod storm;

use std::path::{Path, PathBuf};
use std::time::Duration;

use faults::process::{Ended, Launch, Process};

/// Longer than anything here takes on a busy machine; a hang ends here instead of never.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The instant that tests live in.
pub(crate) const CLOCK: &str = "fixed:2026-01-01T00:00:00Z";

/// The package's own folder.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file below `fixtures/`.
pub(crate) fn fixture(name: &str) -> String {
    let path = package().join("fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What a run of the tool came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Ended> for Ran {
    fn from(ended: Ended) -> Self {
        assert_eq!(ended.dropped_bytes, 0, "more output than is kept");
        let exit = ended.code().unwrap_or_else(|| panic!("ended by a signal: {ended:?}"));
        Ran { exit, stdout: ended.stdout_text(), stderr: ended.stderr_text() }
    }
}

impl Ran {
    /// Standard output of a run that must have gone well.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.exit, self.stderr.as_str()), (0, ""), "stdout: {}", self.stdout);
        self.stdout
    }
}

/// A folder that the tool runs in.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    /// A folder with the three records of the fixture.
    pub(crate) fn with_three_records() -> Self {
        let folder = Folder::new();
        folder.write("app.log", fixture("three-records.log"));
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.file(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    /// Every file's name, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = names.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A run of the tool that is not started yet.
    pub(crate) fn launch<A: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Launch {
        Launch::of(env!("CARGO_BIN_EXE_eventlog")).args(args).dir(self.path()).output_bytes_max(64 << 20)
    }

    /// Runs the tool to its end.
    pub(crate) fn run<A: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        finish(self.launch(args).spawn().unwrap())
    }

    /// Runs the tool to its end with this on standard input.
    pub(crate) fn feed(&self, args: &[&str], input: impl Into<Vec<u8>>) -> Ran {
        finish(self.launch(args).stdin(input).spawn().unwrap())
    }

    /// Appends each line of the input as a record, at the fixed instant; gives the arguments more than the defaults.
    pub(crate) fn append_lines(&self, input: &str, more: &[&str]) {
        let args = [&["append", "app.log", "--stdin", "--clock", CLOCK], more].concat();
        self.feed(&args, input).ok();
    }
}

/// Waits for a run to end.
pub(crate) fn finish(mut process: Process) -> Ran {
    process.wait_with_deadline(DEADLINE).unwrap().into()
}

/// `first line` … one line each.
pub(crate) fn lines(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| text(n) + "\n").collect()
}
