//! Limits that a process runs under: the way to make files and descriptors fail, for root too.
//!
//! Permission bits do not stop root, and a container often runs as root. What does:
//!
//! | what must fail | how | what the process sees |
//! | --- | --- | --- |
//! | writes beyond a size | [`Limits::file_size_bytes`] | a short write, then `EFBIG` |
//! | opening one more descriptor | [`Limits::open_files`] | `EMFILE` from `open`, `accept`, `socket` |
//! | allocating more memory | [`Limits::memory_bytes`] | `ENOMEM` from `mmap`, then usually an abort |
//! | anything that permission bits forbid | [`Limits::without_privilege`] | `EACCES`, as an ordinary user would |
//! | every write | the file `/dev/full` | `ENOSPC` |
//! | opening below a file | a path such as `file/log` | `ENOTDIR` |
//!
//! A limit must hold from the first instruction of the program, but the harness may run no code between fork and
//! exec (that needs `unsafe`). So a shell is started, which stops itself; the harness sets the limits on the stopped
//! process through `prlimit`, exact to the byte, and continues it; the shell then becomes the program by `exec`, with
//! the same process id.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, prlimit};

use crate::FaultError;
use crate::process::Process;

/// How long a shell may take to stop itself.
const SHELL_DEADLINE: Duration = Duration::from_secs(10);
/// The user and group without any right: `nobody`.
const NOBODY: u32 = 65_534;

/// What a process may use at most; anything not set is inherited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    file_size_bytes: Option<u64>,
    open_files: Option<u64>,
    memory_bytes: Option<u64>,
    without_privilege: bool,
}

impl Limits {
    /// Nothing beyond what is inherited.
    pub fn none() -> Self {
        Limits::default()
    }

    /// No file may grow beyond this size. The signal `SIGXFSZ`, which would kill the process, is ignored, so the
    /// process sees `EFBIG`, as it would from a quota.
    #[must_use]
    pub fn file_size_bytes(mut self, bytes: u64) -> Self {
        self.file_size_bytes = Some(bytes);
        self
    }

    /// No descriptor number may reach this value: at most so many are open.
    #[must_use]
    pub fn open_files(mut self, count: u64) -> Self {
        self.open_files = Some(count);
        self
    }

    /// The address space may not grow beyond this size.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = Some(bytes);
        self
    }

    /// Runs as `nobody` when the harness runs as root, so that permission bits count. The program and the files
    /// that it may use must be reachable for everybody: a build below `/root` is not.
    #[must_use]
    pub fn without_privilege(mut self) -> Self {
        self.without_privilege = true;
        self
    }

    fn resources(&self) -> impl Iterator<Item = (Resource, u64)> {
        [
            (Resource::Fsize, self.file_size_bytes),
            (Resource::Nofile, self.open_files),
            (Resource::As, self.memory_bytes),
        ]
        .into_iter()
        .filter_map(|(resource, limit)| Some((resource, limit?)))
    }

    /// Refuses a missing program at once, as a plain start does: the shell would report it only by its exit code.
    pub(crate) fn check(&self, program: &Path) -> Result<(), FaultError> {
        let has_folder = program.parent().is_some_and(|parent| !parent.as_os_str().is_empty());
        if has_folder && !program.is_file() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(FaultError::Start { program: program.display().to_string(), source });
        }
        Ok(())
    }

    /// The command that starts the program under these limits, or plainly when there are none.
    pub(crate) fn command(&self, program: &Path, args: &[OsString]) -> Command {
        let mut command = if self.resources().next().is_none() {
            Command::new(program)
        } else {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "trap '' XFSZ; kill -STOP $$; exec \"$0\" \"$@\""]).arg(program);
            shell
        };
        command.args(args);
        if self.without_privilege && rustix::process::geteuid().is_root() {
            command.gid(NOBODY).uid(NOBODY);
        }
        command
    }

    /// Sets the limits on the stopped shell and lets it become the program.
    pub(crate) fn apply(&self, process: &Process) -> Result<(), FaultError> {
        if self.resources().next().is_none() {
            return Ok(());
        }
        process.wait_for_state("setting limits", SHELL_DEADLINE, |state| state == 'T')?;
        for (resource, limit) in self.resources() {
            let both = Rlimit { current: Some(limit), maximum: Some(limit) };
            prlimit(Some(process.raw_pid()), resource, both)
                .map_err(|e| FaultError::system(format!("limiting {resource:?} to {limit}"), e))?;
        }
        process.resume(SHELL_DEADLINE)
    }
}
