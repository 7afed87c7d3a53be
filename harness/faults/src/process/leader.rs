//! The process group of one child: how it is watched, signalled and killed without ever hitting a stranger.
//!
//! A process id is only ours until the process has been waited for; afterwards the kernel may give the number to
//! somebody else. So the end is observed through a pidfd, which is not a number, and the group is killed *before*
//! the leader is waited for: until then the zombie keeps both the id and the group id reserved.

use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

use super::warden;
use crate::FaultError;

#[derive(Debug)]
pub(crate) struct Leader {
    pid: Pid,
    pidfd: OwnedFd,
    child: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Running(Child),
    Reaped(ExitStatus),
}

impl Leader {
    /// Takes charge of a child that leads a group of its own.
    pub(super) fn new(mut child: Child) -> Result<Self, FaultError> {
        let pid = Pid::from_child(&child);
        let watched = warden::watch(pid).and_then(|()| {
            pidfd_open(pid, PidfdFlags::empty())
                .map_err(|e| FaultError::system("watching a child (pidfd_open, Linux 5.3 or newer)", e))
        });
        match watched {
            Ok(pidfd) => Ok(Leader { pid, pidfd, child: Mutex::new(State::Running(child)) }),
            Err(error) => {
                let _ = kill_process_group(pid, Signal::KILL);
                warden::release(pid);
                let _ = child.wait();
                Err(error)
            }
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a signal to the leader alone. Fails once it has ended.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), FaultError> {
        pidfd_send_signal(&self.pidfd, signal)
            .map_err(|e| FaultError::system(format!("sending {signal:?} to process {}", self.pid), e))
    }

    /// Kills the whole group, unless the leader was already waited for.
    pub(crate) fn kill_group(&self) {
        let state = self.lock();
        if let State::Running(_) = *state {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// Waits until the leader has ended; false when it still runs at `until`.
    pub(super) fn wait_end(&self, until: Instant) -> Result<bool, FaultError> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(0) if left.is_zero() => return Ok(false),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => {
                    return Err(FaultError::system(format!("waiting for process {}", self.pid), error));
                }
            }
        }
    }

    /// Waits for the leader for good, after killing what is left of its group. Blocks while it runs.
    pub(super) fn reap(&self) -> Result<ExitStatus, FaultError> {
        // The end is awaited outside the lock, so that another thread can still kill.
        self.wait_end(moment_after(FOREVER))?;
        let mut state = self.lock();
        match &mut *state {
            State::Reaped(status) => Ok(*status),
            State::Running(child) => {
                let _ = kill_process_group(self.pid, Signal::KILL);
                warden::release(self.pid);
                let status = child
                    .wait()
                    .map_err(|e| FaultError::system(format!("waiting for process {}", self.pid), e))?;
                *state = State::Reaped(status);
                Ok(status)
            }
        }
    }
}

/// Longer than any machine runs, short enough for every clock.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The moment at which a deadline is missed, also for one that is as good as none.
pub(crate) fn moment_after(deadline: Duration) -> Instant {
    Instant::now() + deadline.min(FOREVER)
}

/// The kernel's form of a duration.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
