//! One connection through the proxy: two sockets, two lanes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

use super::Direction;
use super::counts::Counts;
use super::lane::{Lane, Step};
use super::toxic::Toxics;
use crate::seed::Dice;

/// One read takes at most this much, so that every connection gets its turn.
const READ_BYTES_MAX: usize = 16 * 1024;

pub(super) struct Conn {
    client: Side,
    server: Side,
    /// The server has not answered the connection yet.
    connecting: bool,
    lanes: [Lane; 2],
    pub(super) dies_at: Instant,
}

/// One socket and what is known of it.
struct Side {
    socket: TcpStream,
    /// It was reset, or writing to it failed: nothing more can be done with it.
    broken: bool,
    /// The last write did not fit: wait until it is writable.
    full: bool,
}

/// What a connection wants next.
pub(super) enum Turn {
    /// To be asked again when a socket is ready, or at that moment.
    Wait(Option<Instant>),
    /// To be forgotten; its sockets are to be closed as said.
    Over(Close),
}

/// How the sockets of a connection are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// In order: what was written still arrives.
    Orderly,
    /// With a reset.
    Reset,
}

impl Conn {
    /// Begins to connect to the server on behalf of a client.
    pub(super) fn open(
        client: TcpStream,
        server: SocketAddr,
        dice: &Dice,
        buffer_bytes_max: usize,
        dies_at: Instant,
    ) -> std::io::Result<Self> {
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        let family = if server.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = TcpStream::from(socket_with(family, SocketType::STREAM, flags, None)?);
        socket.set_nodelay(true)?;
        // Not blocking, because a stopped server with a full backlog would hold up every other connection.
        match connect(&socket, &server) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => {
                abort(&client);
                return Err(error.into());
            }
        }
        let lane = |name: &str| Lane::new(&dice.fork(name), buffer_bytes_max);
        Ok(Conn {
            client: Side { socket: client, broken: false, full: false },
            server: Side { socket, broken: false, full: false },
            connecting: true,
            lanes: [lane("upstream"), lane("downstream")],
            dies_at,
        })
    }

    /// The sockets that this connection waits for, each with what it waits for: first the client's, then the server's.
    pub(super) fn interests(&self) -> [Option<(BorrowedFd<'_>, PollFlags)>; 2] {
        if self.connecting {
            return [None, Some((self.server.socket.as_fd(), PollFlags::OUT))];
        }
        [(&self.client, &self.lanes[0]), (&self.server, &self.lanes[1])].map(|(side, lane)| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, lane.room() > 0);
            flags.set(PollFlags::OUT, side.full);
            // A socket of no interest must not be polled: a hang-up is reported even to who did not ask for it.
            (!flags.is_empty() && !side.broken).then(|| (side.socket.as_fd(), flags))
        })
    }

    /// Moves what can be moved. `ready` says which of the two sockets poll found ready.
    pub(super) fn turn(
        &mut self,
        ready: [bool; 2],
        now: Instant,
        toxics: &[Toxics; 2],
        counts: &mut Counts,
    ) -> Turn {
        if now >= self.dies_at {
            counts.expired += 1;
            return Turn::Over(Close::Reset);
        }
        if self.connecting {
            if !ready[1] {
                return Turn::Wait(None);
            }
            match sockopt::socket_error(&self.server.socket) {
                Ok(Ok(())) => {}
                // The server took the connection and reset it before we were told that it had.
                Ok(Err(rustix::io::Errno::CONNRESET)) => {
                    counts.accepted += 1;
                    counts.peer_resets += 1;
                    return Turn::Over(Close::Reset);
                }
                Ok(Err(_)) | Err(_) => {
                    counts.unreachable += 1;
                    return Turn::Over(Close::Reset);
                }
            }
            self.connecting = false;
            counts.accepted += 1;
        }
        let mut wake: Option<Instant> = None;
        for direction in Direction::BOTH {
            let (lane, toxics) = (&mut self.lanes[direction.index()], &toxics[direction.index()]);
            let (source, sink) = match direction {
                Direction::Upstream => (&mut self.client, &mut self.server),
                Direction::Downstream => (&mut self.server, &mut self.client),
            };
            if ready[direction.index()] && !source.broken {
                read(source, lane, now, toxics, counts, direction);
            }
            match write(sink, lane, now, toxics, counts, direction) {
                Step::WaitUntil(at) => wake = Some(wake.map_or(at, |wake| wake.min(at))),
                Step::Close => {
                    counts.lane_mut(direction).limited += 1;
                    return Turn::Over(Close::Orderly);
                }
                Step::Reset => {
                    counts.lane_mut(direction).resets += 1;
                    return Turn::Over(Close::Reset);
                }
                Step::Write(_) | Step::Idle | Step::End => {}
            }
        }
        // A reset overtakes bytes that are still queued, as a real one does, but it does not pass a blackhole.
        for (side, toxics) in [&self.client, &self.server].into_iter().zip(toxics) {
            if side.broken && !toxics.blackhole {
                counts.peer_resets += 1;
                return Turn::Over(Close::Reset);
            }
        }
        if self.lanes.iter().all(Lane::ended) {
            return Turn::Over(Close::Orderly);
        }
        Turn::Wait(wake)
    }

    /// Closes both sockets.
    pub(super) fn close(self, how: Close) {
        for side in [&self.client, &self.server] {
            match how {
                Close::Reset => abort(&side.socket),
                Close::Orderly => finish(&side.socket),
            }
        }
    }
}

/// Reads once into the lane.
fn read(
    side: &mut Side,
    lane: &mut Lane,
    now: Instant,
    toxics: &Toxics,
    counts: &mut Counts,
    direction: Direction,
) {
    let mut buffer = [0; READ_BYTES_MAX];
    let room = lane.room().min(buffer.len());
    if room == 0 {
        return;
    }
    match (&side.socket).read(&mut buffer[..room]) {
        Ok(0) => lane.end(now, toxics),
        Ok(n) => lane.push(&buffer[..n], now, toxics, counts.lane_mut(direction)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
        Err(_) => side.broken = true,
    }
}

/// Writes until the lane or the socket says stop, and returns what the lane said last.
fn write(
    side: &mut Side,
    lane: &mut Lane,
    now: Instant,
    toxics: &Toxics,
    counts: &mut Counts,
    direction: Direction,
) -> Step {
    side.full = false;
    loop {
        let step = lane.step(now, toxics, counts.lane_mut(direction));
        match step {
            Step::Write(_) if side.broken => return Step::Idle,
            Step::Write(bytes) => match (&side.socket).write(&lane.front()[..bytes]) {
                Ok(n) => lane.wrote(n, now, toxics, counts.lane_mut(direction)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    side.full = true;
                    return Step::Idle;
                }
                Err(_) => {
                    // The other lane reads from this socket and will pass the news on.
                    side.broken = true;
                    return Step::Idle;
                }
            },
            Step::End => {
                // It fails only when the peer is gone already.
                let _ = side.socket.shutdown(Shutdown::Write);
                lane.passed_end();
            }
            Step::WaitUntil(_) | Step::Idle | Step::Close | Step::Reset => return step,
        }
    }
}

/// Closes with a reset: no lingering, so the kernel forgets what it has not sent.
pub(super) fn abort(socket: &TcpStream) {
    let _ = sockopt::set_socket_linger(socket, Some(Duration::ZERO));
}

/// Closes in order. Unread input would turn the close into a reset, so it is thrown away first.
fn finish(socket: &TcpStream) {
    let _ = socket.shutdown(Shutdown::Write);
    let mut waste = [0; READ_BYTES_MAX];
    // Bounded: a peer that goes on sending gets its reset.
    for _ in 0..64 {
        match { socket }.read(&mut waste) {
            Ok(n) if n > 0 => {}
            _ => break,
        }
    }
}
