//! New connections, and peers that are one too many.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use framing::server::AcceptFault;
use framing::{CloseReason, Rule};
use rustix::net::SocketFlags;

use super::{EventLoop, TURN_ACCEPTS_MAX, turn};
use crate::connection::Connection;
use crate::{Interest, Peer, Poller, PollerError, Service, Timers, catalog};

/// How long accepting rests when the system lacks what it needs. The connections that are there go on meanwhile.
pub const ACCEPT_REST: Duration = Duration::from_millis(50);

/// The descriptor has a number that the poller cannot hold.
pub static OUT_OF_RANGE: Rule =
    Rule { class: "descriptor-out-of-range", code: Some(&catalog::LOOP_DESCRIPTOR_RANGE), told: true };

impl<P: Poller, T: Timers, S: Service> EventLoop<P, T, S> {
    // ANCHOR: accept
    /// Accepts what waits at a listener, up to a bound; the poller reports the rest again.
    pub(super) fn accept(&mut self, number: usize) -> io::Result<()> {
        for _ in 0..TURN_ACCEPTS_MAX {
            // A stop in the same turn has taken the listeners away.
            let Some(listener) = self.listeners.get(number) else { return Ok(()) };
            match accept_one(listener) {
                Ok((stream, address)) => self.welcome(stream, address, number),
                Err(error) => match AcceptFault::of(&error) {
                    AcceptFault::Skip if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    AcceptFault::Skip => {}
                    AcceptFault::Rest => {
                        self.rest_from_accepting(&error);
                        return Ok(());
                    }
                    AcceptFault::Fatal => return Err(error),
                },
            }
        }
        Ok(())
    }
    // ANCHOR_END: accept

    /// Takes a connection in, or tells it why not.
    fn welcome(&mut self, stream: TcpStream, address: SocketAddr, listener: usize) {
        self.life.accepted += 1;
        let token = self.table.next_token();
        let peer = Peer { token, number: self.life.accepted, address, listener };
        if self.table.len() >= self.config.connections_max {
            return self.turn_away(stream, peer, CloseReason::Busy);
        }
        if let Err(reason) = self.service.admit(&peer, self.now) {
            return self.turn_away(stream, peer, reason);
        }
        // An answer leaves at once: it is one write, and waiting for more to send would only add latency.
        let ready = stream
            .set_nodelay(true)
            .map_err(PollerError::System)
            .and_then(|()| self.poller.add(stream.as_fd(), token, Interest::READ));
        match ready {
            Ok(()) => {}
            Err(PollerError::OutOfRange { .. }) => {
                return self.turn_away(stream, peer, CloseReason::Rule(&OUT_OF_RANGE));
            }
            Err(PollerError::System(error)) => {
                return self.turn_away(stream, peer, CloseReason::of_io(error.kind()));
            }
            Err(_) => return self.turn_away(stream, peer, CloseReason::Io(io::ErrorKind::Other)),
        }
        let session = self.service.open(&peer, self.now);
        let inserted = self.table.insert(Connection::new(stream, peer, session));
        debug_assert_eq!(inserted, token);
        self.settle(token);
    }

    /// Refuses a connection without ever waiting for it: a fresh socket takes a refusal of a few bytes at once.
    fn turn_away(&mut self, stream: TcpStream, peer: Peer, reason: CloseReason) {
        self.life.turned_away += 1;
        self.service.turned_away(&peer, reason);
        if reason.is_told() {
            self.service.farewell(&peer, reason, &mut self.outbox);
            // Whatever fails here, the socket is closed in the end.
            let _ = io::Write::write(&mut &stream, self.outbox.bytes());
            self.outbox.clear();
            let _ = stream.shutdown(std::net::Shutdown::Write);
            // What it has sent already is read, so that closing does not answer with a reset that overtakes the words.
            let _ = io::Read::read(&mut &stream, &mut self.scrap);
        }
    }

    /// The system lacks descriptors or memory: connections end all the time, so a moment later there may be some.
    fn rest_from_accepting(&mut self, error: &io::Error) {
        if self.accept_again.is_none() {
            tracing::warn!(error_code = framing::catalog::ECHO_ACCEPT.code, "cannot accept for now: {error}");
        }
        self.accept_again = Some(self.now + ACCEPT_REST);
        self.watch_listeners(Interest::NONE);
    }

    /// Accepts again once the rest is over.
    pub(super) fn accept_again_if_due(&mut self) -> io::Result<()> {
        if self.accept_again.is_some_and(|at| at <= self.now) {
            self.watch_listeners(Interest::READ);
            for number in 0..self.listeners.len() {
                self.accept(number)?;
            }
            if self.accept_again.is_some_and(|at| at <= self.now) {
                self.accept_again = None;
                tracing::info!(result = "ok", "accepting again");
            }
        }
        Ok(())
    }

    fn watch_listeners(&mut self, interest: Interest) {
        for (number, listener) in self.listeners.iter().enumerate() {
            // A listener that cannot be watched shows it in the next wait.
            let _ = self.poller.modify(listener.as_fd(), turn::listener_token(number), interest);
        }
    }
}

/// Accepts one connection that is non-blocking from its first moment.
fn accept_one(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (socket, address) = rustix::net::acceptfrom_with(listener, flags)?;
    let address = address.and_then(|any| SocketAddr::try_from(any).ok());
    let address = address.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
    Ok((TcpStream::from(socket), address))
}
