//! A child process under control: started in a group of its own, its output read while it runs, every wait with a
//! deadline, and nothing left behind.
//!
//! ```text
//!   harness                                   the child's process group
//!   ┌─────────────────────┐   pidfd: ended?   ┌──────────────────────┐
//!   │ Process             │◄──────────────────│ leader (the program) │
//!   │  wait_for_line      │   signal          │  and whatever it     │
//!   │  wait_with_deadline │──────────────────►│  starts itself       │
//!   │  stop / resume      │                   └─────┬──────────▲─────┘
//!   │  ┌─────────────┐    │    stdout, stderr       │          │ stdin
//!   │  │ pump thread │◄───┼─────────────────────────┘          │
//!   │  │  (bounded)  │────┼────────────────────────────────────┘
//!   └──┴─────────────┴────┘
//! ```
//!
//! - Dropping a [`Process`] kills its group and waits for it. A process that left the group (by `setsid`) is not
//!   ours any more and is not touched.
//! - When the leader ends, what is left of its group is killed too: a drill leaves no orphans.
//! - When this process is itself killed, a warden beside it kills the groups that it leaves.

mod capture;
mod launch;
mod leader;
mod pipes;
mod warden;

use std::io::{PipeWriter, pipe};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStdin, ExitStatus};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use launch::Launch;
pub(crate) use leader::{Leader, moment_after, timespec};
pub use rustix::process::Signal;

use crate::{FaultError, counters};
use capture::{Capture, Search};

/// How much of stderr an error message repeats.
const TAIL_BYTES: usize = 2048;
/// How often a run state is looked up that the kernel does not announce.
const STATE_POLL: Duration = Duration::from_millis(1);
/// How long the outputs may stay open after the group is dead: only a process that left the group can hold them.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// What a process gets on standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stdin {
    Empty,
    Bytes(Vec<u8>),
    Open,
}

/// One of the two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Results.
    Stdout,
    /// Diagnostics.
    Stderr,
}

/// A running (or ended) child process and its group.
#[derive(Debug)]
pub struct Process {
    name: String,
    leader: Arc<Leader>,
    stdin: Option<ChildStdin>,
    stdout: Arc<Capture>,
    stderr: Arc<Capture>,
    started: Instant,
    /// Dropping the writer stops the pump thread.
    stop: Option<PipeWriter>,
    pump: Option<JoinHandle<()>>,
}

/// How a process ended, and what it said.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// The latest bytes of standard output.
    pub stdout: Vec<u8>,
    /// The latest bytes of standard error.
    pub stderr: Vec<u8>,
    /// Bytes of output that were let go because the process said more than is kept.
    pub dropped_bytes: u64,
    /// From start to end, as observed.
    pub elapsed: Duration,
}

impl Ended {
    /// The exit code, unless a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The number of the signal that ended it, if one did.
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Standard output as text.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

impl Process {
    fn start(mut launch: Launch) -> Result<Self, FaultError> {
        let name =
            launch.program.file_name().unwrap_or(launch.program.as_os_str()).to_string_lossy().into_owned();
        let started = Instant::now();
        launch.limits.check(&launch.program)?;
        let mut child = launch
            .command()
            .process_group(0)
            .spawn()
            .map_err(|source| FaultError::Start { program: launch.program.display().to_string(), source })?;
        let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let leader = Arc::new(Leader::new(child)?);
        let stdout = Arc::new(Capture::new(launch.output_bytes_max));
        let stderr = Arc::new(Capture::new(launch.output_bytes_max));
        let mut process = Process { name, leader, stdin, stdout, stderr, started, stop: None, pump: None };

        let (stopped, stop) = pipe().map_err(|e| FaultError::system("opening a pipe", e))?;
        let fed = match std::mem::replace(&mut launch.stdin, Stdin::Empty) {
            Stdin::Bytes(bytes) => process.stdin.take().map(|pipe| (pipe, bytes)),
            Stdin::Empty | Stdin::Open => None,
        };
        if let Some((pipe, _)) = &fed {
            // Our end only: the flag belongs to the open file, and the two ends are two open files.
            rustix::io::ioctl_fionbio(pipe, true)
                .map_err(|e| FaultError::system(format!("preparing stdin of {}", process.name), e))?;
        }
        let pipes = pipes::Pipes {
            stdout: out.map(|pipe| (pipe, process.stdout.clone())),
            stderr: err.map(|pipe| (pipe, process.stderr.clone())),
            stdin: fed,
            stop: stopped,
        };
        let pump = std::thread::Builder::new()
            .name(format!("pipes of {}", process.name))
            .spawn(move || pipes.pump())
            .map_err(|e| FaultError::system("starting a thread", e))?;
        (process.stop, process.pump) = (Some(stop), Some(pump));
        launch.limits.apply(&process)?;
        Ok(process)
    }

    /// The process id, for [`counters`]. Only ours until the process was waited for.
    pub fn pid(&self) -> u32 {
        self.leader.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// The process id in the kernel's form.
    pub(crate) fn raw_pid(&self) -> rustix::process::Pid {
        self.leader.pid()
    }

    /// The program's file name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the group is killed through, for the drill's own deadline.
    pub(crate) fn leader(&self) -> Arc<Leader> {
        self.leader.clone()
    }

    /// Standard input, when it was left open with [`Launch::stdin_open`].
    pub fn stdin(&mut self) -> Option<&mut ChildStdin> {
        self.stdin.as_mut()
    }

    /// Closes standard input: the process reads an end of file.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Sends a signal to the process itself, not to what it started.
    ///
    /// # Errors
    /// [`FaultError::System`] once the process has ended.
    pub fn signal(&self, signal: Signal) -> Result<(), FaultError> {
        self.leader.signal(signal)
    }

    /// Freezes the process with `SIGSTOP` and returns when the kernel shows it stopped.
    ///
    /// # Errors
    /// As [`Process::signal`], or [`FaultError::Deadline`].
    pub fn stop(&self, deadline: Duration) -> Result<(), FaultError> {
        self.signal(Signal::STOP)?;
        self.wait_for_state("stopping", deadline, |state| state == 'T')
    }

    /// Lets a frozen process run on, and returns when the kernel shows that it does.
    ///
    /// # Errors
    /// As [`Process::stop`].
    pub fn resume(&self, deadline: Duration) -> Result<(), FaultError> {
        self.signal(Signal::CONT)?;
        self.wait_for_state("resuming", deadline, |state| state != 'T')
    }

    /// Waits until the kernel shows a run state that fits.
    pub(crate) fn wait_for_state(
        &self,
        what: &str,
        deadline: Duration,
        fits: impl Fn(char) -> bool,
    ) -> Result<(), FaultError> {
        let until = moment_after(deadline);
        loop {
            match counters::state_of(self.pid()) {
                Ok(state) if fits(state) => return Ok(()),
                Ok('Z') | Err(_) => return Err(self.ended_before(what)),
                Ok(_) if Instant::now() >= until => return Err(self.late(what, deadline)),
                Ok(_) => std::thread::sleep(STATE_POLL),
            }
        }
    }

    /// Waits for a whole line that fits, beginning after the last line that an earlier call looked at, and returns
    /// it without its newline.
    ///
    /// # Errors
    /// [`FaultError::Deadline`] when time is up, [`FaultError::Ended`] when the stream ended without such a line;
    /// both repeat the end of stderr.
    pub fn wait_for_line(
        &self,
        stream: Stream,
        mut fits: impl FnMut(&str) -> bool,
        deadline: Duration,
    ) -> Result<String, FaultError> {
        let what = format!("a certain line on {stream:?} of {}", self.name);
        match self.capture(stream).find_line(&mut fits, moment_after(deadline)) {
            Search::Found(line) => Ok(line),
            Search::Ended => Err(self.ended_before(&what)),
            Search::TimeUp => Err(self.late(&what, deadline)),
        }
    }

    /// What the process has said so far on a stream (the latest bytes).
    pub fn said(&self, stream: Stream) -> Vec<u8> {
        self.capture(stream).so_far().0
    }

    /// Whether the process still runs (a stopped one does).
    pub fn is_running(&self) -> bool {
        !self.leader.wait_end(Instant::now()).unwrap_or(true)
    }

    /// Waits until the process has ended, then kills what is left of its group and collects the output. On a
    /// missed deadline the process runs on, and may be waited for again.
    ///
    /// # Errors
    /// [`FaultError::Deadline`], with the end of stderr.
    pub fn wait_with_deadline(&mut self, deadline: Duration) -> Result<Ended, FaultError> {
        if !self.leader.wait_end(moment_after(deadline))? {
            return Err(self.late(&format!("the end of {}", self.name), deadline));
        }
        let elapsed = self.started.elapsed();
        let status = self.leader.reap()?;
        let until = moment_after(OUTPUT_GRACE);
        for capture in [&self.stdout, &self.stderr] {
            capture.wait_end(until);
        }
        self.stop_pump();
        let ((stdout, lost), (stderr, lost_too)) = (self.stdout.so_far(), self.stderr.so_far());
        Ok(Ended { status, stdout, stderr, dropped_bytes: lost + lost_too, elapsed })
    }

    /// Kills the group with `SIGKILL` and collects what was said.
    ///
    /// # Errors
    /// [`FaultError::System`] when the system refuses to tell us about the end.
    pub fn kill(mut self) -> Result<Ended, FaultError> {
        self.leader.kill_group();
        self.leader.reap()?;
        self.wait_with_deadline(Duration::ZERO)
    }

    fn capture(&self, stream: Stream) -> &Capture {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    fn late(&self, what: &str, waited: Duration) -> FaultError {
        FaultError::Deadline { what: what.into(), waited, stderr: self.stderr.tail(TAIL_BYTES) }
    }

    fn ended_before(&self, what: &str) -> FaultError {
        // A process that ends closes its streams a moment before it is seen to have ended.
        let status = if !self.leader.wait_end(moment_after(OUTPUT_GRACE)).unwrap_or(true) {
            "it runs on, but closed the stream".into()
        } else {
            let status =
                self.leader.reap().map_or_else(|error| error.to_string(), |status| status.to_string());
            // The reason is on stderr, which may arrive after the end of the other stream.
            self.stderr.wait_end(moment_after(OUTPUT_GRACE));
            status
        };
        FaultError::Ended { what: what.into(), status, stderr: self.stderr.tail(TAIL_BYTES) }
    }

    fn stop_pump(&mut self) {
        self.stop = None;
        if let Some(pump) = self.pump.take() {
            let _ = pump.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.leader.kill_group();
        let _ = self.leader.reap();
        self.stop_pump();
    }
}
