//! How a process is started: its arguments, what it may use, what it is fed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{Process, Stdin};
use crate::{FaultError, limits::Limits};

/// What is kept of each output stream unless said otherwise: more than any tool of the lab says in a drill.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// A process to be started. The environment is inherited, so that what the harness sets reaches every child.
#[derive(Debug, Clone)]
#[must_use = "nothing is started before `spawn`"]
pub struct Launch {
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
    pub(super) stdin: Stdin,
    pub(super) limits: Limits,
    pub(super) output_bytes_max: usize,
}

impl Launch {
    /// A process that runs `program`; a name without a slash is searched on `PATH`.
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Launch {
            program: program.into(),
            args: Vec::new(),
            envs: Vec::new(),
            dir: None,
            stdin: Stdin::Empty,
            limits: Limits::none(),
            output_bytes_max: OUTPUT_BYTES_MAX,
        }
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets one environment variable; all others are inherited.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The folder that the process starts in.
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_path_buf());
        self
    }

    /// Feeds these bytes to standard input, then closes it.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Stdin::Bytes(bytes.into());
        self
    }

    /// Leaves standard input open, to be written through [`Process::stdin`].
    pub fn stdin_open(mut self) -> Self {
        self.stdin = Stdin::Open;
        self
    }

    /// Runs it under limits: see [`Limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many bytes of each output stream are kept, the latest ones (1 MiB unless said otherwise).
    pub fn output_bytes_max(mut self, bytes: usize) -> Self {
        self.output_bytes_max = bytes.max(1);
        self
    }

    /// Starts it, in a process group of its own.
    ///
    /// # Errors
    /// [`FaultError::Start`] when the program cannot be started, [`FaultError::System`] when it cannot be watched or
    /// a limit cannot be set; in that case it has been killed again.
    pub fn spawn(self) -> Result<Process, FaultError> {
        Process::start(self)
    }

    /// The standard library's description of the same thing.
    pub(super) fn command(&self) -> Command {
        let mut command = self.limits.command(&self.program, &self.args);
        command.envs(self.envs.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command.stdin(match self.stdin {
            Stdin::Empty => Stdio::null(),
            Stdin::Bytes(_) | Stdin::Open => Stdio::piped(),
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}
