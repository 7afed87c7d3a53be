//! One connection: its socket, its state, and what the loop remembers about it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use framing::CloseReason;

use crate::outbound::Outbound;
use crate::state::State;
use crate::{Interest, Outbox, Peer};

/// A connection of the loop. Everything about it that a thread would have kept on its stack.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(crate) stream: TcpStream,
    pub(crate) peer: Peer,
    /// What the service keeps; given back to it at the moment when the end is decided.
    pub(crate) session: Option<S>,
    pub(crate) outbound: Outbound,
    /// Whole messages may wait inside the session. Nothing is read until they are worked off.
    pub(crate) work_left: bool,
    /// The service takes no more from this connection until it has sent it something.
    pub(crate) held: bool,
    /// In the list of those that continue without an event.
    pub(crate) listed: bool,
    /// The last read found nothing.
    pub(crate) quiet: bool,
    /// What the poller was told.
    pub(crate) interest: Interest,
    /// What the timers were told. The true deadline may have moved to later since, never to earlier.
    pub(crate) armed: Option<Instant>,
    /// Until when, and how many bytes so far, a half-closed peer was listened to.
    pub(crate) linger: Option<(Instant, usize)>,
    state: State,
}

// ANCHOR: received
/// What a read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// That many bytes, at least one.
    Bytes(usize),
    /// The peer has finished sending.
    End,
    /// Nothing for now.
    Nothing,
}
// ANCHOR_END: received

// ANCHOR: receive
/// Reads once.
pub(crate) fn receive(mut stream: &TcpStream, space: &mut [u8]) -> io::Result<Received> {
    // lab:hole event-loop.read-once
    loop {
        return match stream.read(space) {
            Ok(0) => Ok(Received::End),
            Ok(bytes) => Ok(Received::Bytes(bytes)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Received::Nothing),
            Err(error) => Err(error),
        };
    }
    // lab:stub todo!("event-loop.read-once: one read; repeat only an interrupted one; EAGAIN is an answer")
    // lab:end
}
// ANCHOR_END: receive

impl<S> Connection<S> {
    pub(crate) fn new(stream: TcpStream, peer: Peer, session: S) -> Self {
        Connection {
            stream,
            peer,
            session: Some(session),
            outbound: Outbound::default(),
            work_left: false,
            held: false,
            listed: false,
            quiet: true,
            interest: Interest::READ,
            armed: None,
            linger: None,
            state: State::Open,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Changes the state, along an arrow of the drawing.
    ///
    /// # Panics
    /// Where there is no arrow: the loop would be wrong about what it does with this peer's bytes.
    pub(crate) fn go(&mut self, next: State) {
        if self.state != next {
            assert!(self.state.may_become(next), "{} cannot become {}", self.state.name(), next.name());
            self.state = next;
        }
    }

    /// Sends what the outbox has for this connection; what the socket does not take waits in the queue.
    pub(crate) fn send(&mut self, outbox: &mut Outbox, cap: usize, now: Instant) -> Result<(), CloseReason> {
        // lab:hole event-loop.send-or-queue
        let mut taken = Ok(0);
        if self.outbound.is_empty() && !outbox.is_empty() {
            taken = write_once(|| self.stream.write(outbox.bytes()));
        }
        let outcome = taken.and_then(|taken| self.outbound.push(&outbox.bytes()[taken..], cap, now));
        // Also where that failed: what is left in here would be the next peer's.
        outbox.clear();
        outcome
        // lab:stub todo!("event-loop.send-or-queue: straight to the socket while nothing waits; the rest into the queue")
        // lab:end
    }

    /// Sends what waits. True when nothing waits any more.
    pub(crate) fn flush(&mut self, now: Instant) -> Result<bool, CloseReason> {
        if !self.outbound.is_empty() {
            let taken = write_once(|| self.stream.write_vectored(&self.outbound.slices()))?;
            self.outbound.advance(taken, now);
        }
        Ok(self.outbound.is_empty())
    }

    /// Ends our side, and listens to the peer for a while longer.
    pub(crate) fn half_close(&mut self, reason: CloseReason, until: Instant) {
        // A socket that cannot be shut down is already gone, which the next read will say.
        let _ = self.stream.shutdown(Shutdown::Write);
        self.linger = Some((until, 0));
        self.go(State::HalfClosed(reason));
    }

    /// What the kernel still holds for this peer is thrown away with the descriptor, instead of being sent for minutes
    /// to somebody who does not read.
    pub(crate) fn abort(&self) {
        let _ = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
    }
}

/// One write, repeated only when it was interrupted. A socket that takes nothing now takes 0 bytes.
fn write_once(mut write: impl FnMut() -> io::Result<usize>) -> Result<usize, CloseReason> {
    loop {
        match write() {
            Ok(taken) => return Ok(taken),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(CloseReason::of_io(error.kind())),
        }
    }
}
