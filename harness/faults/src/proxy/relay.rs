//! The thread of a proxy: one loop over all its connections, which never blocks except in `poll`.

use std::io::{ErrorKind, PipeReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use super::Shared;
use super::conn::{Close, Conn, Turn, abort};
use crate::process::timespec;
use crate::seed::Dice;

/// How long accepting pauses after it failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// How many connections one turn accepts, so that the others get theirs.
const ACCEPTS_PER_TURN: usize = 64;

/// What a relay is bound by.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    pub(super) connections_max: usize,
    pub(super) buffer_bytes_max: usize,
    pub(super) lifetime_max: Duration,
}

pub(super) struct Relay {
    pub(super) listener: TcpListener,
    pub(super) server: SocketAddr,
    pub(super) dice: Dice,
    pub(super) bounds: Bounds,
    pub(super) shared: Arc<Shared>,
    /// A byte: look at the shared state. Closed: stop.
    pub(super) wake: PipeReader,
    pub(super) conns: Vec<Conn>,
    /// Connections begun so far: the name of the next one's random streams.
    pub(super) begun: u64,
    /// Not accepting before then.
    pub(super) paused_until: Option<Instant>,
    pub(super) next_wake: Option<Instant>,
}

/// What poll found ready.
struct Ready {
    wake: bool,
    listener: bool,
    conns: Vec<[bool; 2]>,
}

impl Relay {
    /// Runs until the proxy is dropped, then resets what is open.
    pub(super) fn run(mut self) {
        while let Some(ready) = self.wait() {
            if ready.wake && !self.drain_wake() {
                break;
            }
            // Whoever wants to change a toxic goes first; a busy relay would take the lock again and again.
            while self.shared.waiting.load(Ordering::Acquire) > 0 {
                std::thread::yield_now();
            }
            self.turn(&ready);
        }
        for conn in self.conns {
            conn.close(Close::Reset);
        }
        let mut state = self.shared.lock();
        state.counts.open = 0;
        self.shared.changed.notify_all();
    }

    fn wait(&self) -> Option<Ready> {
        let accepting = self.paused_until.is_none();
        let interests: Vec<_> = self.conns.iter().map(Conn::interests).collect();
        let mut fds = vec![PollFd::new(&self.wake, PollFlags::IN)];
        if accepting {
            fds.push(PollFd::new(&self.listener, PollFlags::IN));
        }
        fds.extend(
            interests.iter().flatten().flatten().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)),
        );
        loop {
            let at = [self.next_wake, self.paused_until].into_iter().flatten().min();
            let timeout = at.map(|at| timespec(at.saturating_duration_since(Instant::now())));
            match poll(&mut fds, timeout.as_ref()) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                // Out of memory: there is no way to go on, and the drill will see its connections reset.
                Err(_) => return None,
            }
        }
        let mut answers = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut next = |asked: bool| asked && answers.next().unwrap_or(false);
        Some(Ready {
            wake: next(true),
            listener: next(accepting),
            conns: interests.iter().map(|pair| [next(pair[0].is_some()), next(pair[1].is_some())]).collect(),
        })
    }

    /// False once the proxy is gone.
    fn drain_wake(&mut self) -> bool {
        let mut buffer = [0; 64];
        !matches!(self.wake.read(&mut buffer), Ok(0))
    }

    /// One turn for every connection. The lock is held throughout, so that a change of toxics falls between turns:
    /// once it returned, no byte is handled by the old rules.
    fn turn(&mut self, ready: &Ready) {
        let now = Instant::now();
        let shared = self.shared.clone();
        let mut state = shared.lock();
        let state = &mut *state;
        if std::mem::take(&mut state.cut_all) {
            state.counts.cut += self.conns.len() as u64;
            self.conns.drain(..).for_each(|conn| conn.close(Close::Reset));
        }
        self.next_wake = None;
        // Which connection was ready goes by its place at the time of poll.
        let mut alive = Vec::with_capacity(self.conns.len());
        for (mut conn, &was_ready) in self.conns.drain(..).zip(&ready.conns) {
            match conn.turn(was_ready, now, &state.toxics, &mut state.counts) {
                Turn::Over(how) => conn.close(how),
                Turn::Wait(at) => {
                    let at = at.map_or(conn.dies_at, |at| at.min(conn.dies_at));
                    self.next_wake = Some(self.next_wake.map_or(at, |wake| wake.min(at)));
                    alive.push(conn);
                }
            }
        }
        self.conns = alive;
        self.paused_until = self.paused_until.filter(|until| *until > now);
        if ready.listener {
            self.accept(now, &mut state.counts);
        }
        state.counts.open = self.conns.len() as u64;
        shared.changed.notify_all();
    }

    fn accept(&mut self, now: Instant, counts: &mut super::Counts) {
        for _ in 0..ACCEPTS_PER_TURN {
            let client = match self.listener.accept() {
                Ok((client, _)) => client,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(_) => {
                    self.paused_until = Some(now + ACCEPT_PAUSE);
                    return;
                }
            };
            if self.conns.len() >= self.bounds.connections_max {
                counts.refused += 1;
                abort(&client);
                continue;
            }
            let dice = self.dice.fork(&format!("connection {}", self.begun));
            self.begun += 1;
            let dies_at = now + self.bounds.lifetime_max;
            match Conn::open(client, self.server, &dice, self.bounds.buffer_bytes_max, dies_at) {
                Ok(conn) => {
                    self.next_wake = Some(self.next_wake.map_or(dies_at, |wake| wake.min(dies_at)));
                    self.conns.push(conn);
                }
                Err(_) => counts.unreachable += 1,
            }
        }
    }
}
