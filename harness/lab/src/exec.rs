//! Runs child processes: each in a process group of its own, with a deadline, and with its output bounded.
//!
//! One `poll` waits for everything that can happen to a child: output, its end (a pidfd), the deadline, and a signal
//! to ourselves. Nothing sleeps and nothing is left running.

pub mod cargo;
pub mod interrupt;
mod output;
mod tree;

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

pub use cargo::{Artifact, build};

use crate::error::{CHILD_LOST, Failure, NO_PROGRAM};
use output::Captured;

/// How long the pipes of a child that has ended may stay open: its own children are killed, so this is only reached
/// when one of them is beyond our reach.
const DRAIN: Duration = Duration::from_secs(2);

/// How a child ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    /// Its status; a signal's after a kill.
    pub status: ExitStatus,
    /// What it wrote to stdout, the middle cut out beyond the bound.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr, the middle cut out beyond the bound.
    pub stderr: Vec<u8>,
    /// True when the deadline ended it.
    pub timed_out: bool,
}

impl Ran {
    /// True when it ended by itself with status 0.
    pub fn ok(&self) -> bool {
        self.status.success() && !self.timed_out
    }

    /// How it ended, in words: `exit status 3`, `killed by signal 9`, `stopped at its deadline`.
    pub fn ending(&self) -> String {
        use std::os::unix::process::ExitStatusExt;
        if self.timed_out {
            return "stopped at its deadline".to_owned();
        }
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => "ended in an unknown way".to_owned(),
        }
    }
}

/// Which of a child's two pipes a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipe {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Runs a command to its end or to the deadline, when its whole process tree is ended.
///
/// Fails when the program cannot be started, and when a signal asked us to stop.
pub fn run(cmd: &mut Command, deadline: Duration) -> Result<Ran, Failure> {
    stream(cmd, deadline, &mut |_, _| {})
}

/// [`run`], which also passes on every line (without its newline) as it arrives.
pub fn stream(
    cmd: &mut Command,
    deadline: Duration,
    on_line: &mut dyn FnMut(Pipe, &str),
) -> Result<Ran, Failure> {
    spawn(cmd.stdout(Stdio::piped()).stderr(Stdio::piped()), deadline, on_line)
}

/// Runs a command that talks to the user itself: it has our pipes. Nothing is captured.
pub fn attached(cmd: &mut Command, deadline: Duration) -> Result<Ran, Failure> {
    spawn(cmd.stdout(Stdio::inherit()).stderr(Stdio::inherit()), deadline, &mut |_, _| {})
}

fn spawn(cmd: &mut Command, deadline: Duration, on_line: &mut dyn FnMut(Pipe, &str)) -> Result<Ran, Failure> {
    interrupt::check()?;
    let until = Instant::now() + deadline;
    let mut child =
        cmd.process_group(0).stdin(Stdio::null()).spawn().map_err(|e| {
            Failure::new(&NO_PROGRAM, format!("{}: {e}", cmd.get_program().to_string_lossy()))
        })?;
    let lost = |e: std::io::Error| Failure::new(&CHILD_LOST, e.to_string());
    let pid = Pid::from_child(&child);
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| {
        let _ = child.kill();
        lost(e.into())
    })?;
    let mut pipes = Pipes::of(&mut child);
    let end = wait(&mut pipes, &pidfd, until, on_line);
    match end {
        End::Itself => tree::sweep(pid),
        End::Deadline | End::Signal => tree::end(pid, &pidfd),
    }
    pipes.drain(Instant::now() + DRAIN, on_line);
    let status = child.wait().map_err(lost)?;
    if end == End::Signal {
        interrupt::check()?;
    }
    let [stdout, stderr] = pipes.captured.map(Captured::into_bytes);
    Ok(Ran { status, stdout, stderr, timed_out: end == End::Deadline })
}

/// What ended the wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Itself,
    Deadline,
    Signal,
}

/// The two pipes of a child and what came out of them.
struct Pipes {
    open: [Option<Box<dyn ReadFd>>; 2],
    captured: [Captured; 2],
}

trait ReadFd: Read + AsFd {}
impl<T: Read + AsFd> ReadFd for T {}

impl Pipes {
    fn of(child: &mut Child) -> Self {
        Pipes {
            open: [
                child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn ReadFd>),
                child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn ReadFd>),
            ],
            captured: [Captured::default(), Captured::default()],
        }
    }

    /// Reads what is there from each pipe that is marked as ready.
    fn take(&mut self, ready: [bool; 2], on_line: &mut dyn FnMut(Pipe, &str)) {
        let mut chunk = [0u8; 64 * 1024];
        for (index, which) in [Pipe::Stdout, Pipe::Stderr].into_iter().enumerate() {
            let Some(pipe) = self.open[index].as_mut().filter(|_| ready[index]) else { continue };
            match pipe.read(&mut chunk) {
                Ok(0) => {
                    self.captured[index].finish(&mut |line| on_line(which, line));
                    self.open[index] = None;
                }
                Ok(n) => self.captured[index].push(&chunk[..n], &mut |line| on_line(which, line)),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => self.open[index] = None,
            }
        }
    }

    /// Reads to the end of both pipes, but not beyond `until`.
    fn drain(&mut self, until: Instant, on_line: &mut dyn FnMut(Pipe, &str)) {
        while self.open.iter().any(Option::is_some) {
            let Some(ready) = ready(self, &[], until) else { break };
            self.take(ready.pipes, on_line);
        }
        for (index, which) in [Pipe::Stdout, Pipe::Stderr].into_iter().enumerate() {
            self.captured[index].finish(&mut |line| on_line(which, line));
        }
    }
}

fn wait(pipes: &mut Pipes, pidfd: &OwnedFd, until: Instant, on_line: &mut dyn FnMut(Pipe, &str)) -> End {
    loop {
        let mut others = vec![pidfd.as_fd()];
        others.extend(interrupt::wake());
        let Some(ready) = ready(pipes, &others, until) else { return End::Deadline };
        pipes.take(ready.pipes, on_line);
        if ready.others.get(1) == Some(&true) {
            return End::Signal;
        }
        if ready.others[0] {
            return End::Itself;
        }
    }
}

/// What `poll` found readable.
struct Ready {
    pipes: [bool; 2],
    others: Vec<bool>,
}

/// Waits until something is readable; `None` when `until` comes first.
fn ready(pipes: &Pipes, others: &[std::os::fd::BorrowedFd<'_>], until: Instant) -> Option<Ready> {
    let open: Vec<(usize, &dyn ReadFd)> =
        pipes.open.iter().enumerate().filter_map(|(i, pipe)| Some((i, pipe.as_deref()?))).collect();
    let mut fds: Vec<PollFd<'_>> =
        open.iter().map(|(_, pipe)| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)).collect();
    fds.extend(others.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)));
    loop {
        let left = until.checked_duration_since(Instant::now())?;
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) => return None,
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => continue,
            // Bad arguments or no memory: nothing that waiting longer would cure.
            Err(_) => return None,
        }
    }
    let mut found = Ready { pipes: [false; 2], others: vec![false; others.len()] };
    for (position, fd) in fds.iter().enumerate() {
        let readable = !fd.revents().is_empty();
        match open.get(position) {
            Some((index, _)) => found.pipes[*index] = readable,
            None => found.others[position - open.len()] = readable,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests;
