//! One thread per process that reads both outputs and feeds the input, so that no pipe ever blocks the process and
//! the thread itself can be stopped.

use std::io::{ErrorKind, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};

use super::capture::Capture;

/// The harness's ends of the pipes of one process.
pub(super) struct Pipes {
    pub(super) stdout: Option<(ChildStdout, Arc<Capture>)>,
    pub(super) stderr: Option<(ChildStderr, Arc<Capture>)>,
    /// What is still to be written; the pipe is in non-blocking mode.
    pub(super) stdin: Option<(ChildStdin, Vec<u8>)>,
    /// Readable or closed: stop.
    pub(super) stop: PipeReader,
}

impl Pipes {
    /// Moves bytes until both outputs have ended or the harness says stop.
    pub(super) fn pump(mut self) {
        while self.stdout.is_some() || self.stderr.is_some() {
            let Some(ready) = self.wait() else { break };
            if ready.stop {
                break;
            }
            if ready.stdout {
                read_into(&mut self.stdout);
            }
            if ready.stderr {
                read_into(&mut self.stderr);
            }
            if ready.stdin {
                feed(&mut self.stdin);
            }
        }
        // Whoever waits for a line must learn that none will come.
        for capture in [self.stdout.map(|o| o.1), self.stderr.map(|o| o.1)].into_iter().flatten() {
            capture.end();
        }
    }

    /// Blocks until something can move.
    fn wait(&self) -> Option<Ready> {
        let stdout = self.stdout.as_ref().map(|(pipe, _)| (pipe.as_fd(), PollFlags::IN));
        let stderr = self.stderr.as_ref().map(|(pipe, _)| (pipe.as_fd(), PollFlags::IN));
        let stdin = self.stdin.as_ref().map(|(pipe, _)| (pipe.as_fd(), PollFlags::OUT));
        let all: [Option<(BorrowedFd<'_>, PollFlags)>; 4] =
            [Some((self.stop.as_fd(), PollFlags::IN)), stdout, stderr, stdin];
        let mut fds: Vec<PollFd<'_>> =
            all.iter().flatten().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        loop {
            match poll(&mut fds, None) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return None,
            }
        }
        let mut answers = fds.iter().map(|fd| !fd.revents().is_empty());
        let [stop, stdout, stderr, stdin] =
            all.map(|asked| asked.is_some() && answers.next().unwrap_or(false));
        Some(Ready { stop, stdout, stderr, stdin })
    }
}

struct Ready {
    stop: bool,
    stdout: bool,
    stderr: bool,
    stdin: bool,
}

/// Reads once, which does not block after poll, and closes the stream at its end.
fn read_into<R: Read>(stream: &mut Option<(R, Arc<Capture>)>) {
    let Some((pipe, capture)) = stream else { return };
    let mut buffer = [0; 16 * 1024];
    match pipe.read(&mut buffer) {
        Ok(n) if n > 0 => capture.push(&buffer[..n]),
        Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
        Ok(_) | Err(_) => {
            capture.end();
            *stream = None;
        }
    }
}

/// Writes what fits, and closes the input after the last byte or when nobody reads it any more.
fn feed(stdin: &mut Option<(ChildStdin, Vec<u8>)>) {
    let Some((pipe, left)) = stdin else { return };
    match pipe.write(left) {
        Ok(n) => {
            left.drain(..n);
            if left.is_empty() {
                *stdin = None;
            }
        }
        Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
        Err(_) => *stdin = None,
    }
}
