//! From nothing to a standing connection, and back.

use std::os::fd::OwnedFd;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;

use super::link::Link;
use super::load::{Load, nanoseconds};
use super::slot::{Slot, State};
use crate::plan::Role;
use crate::socket;
use crate::{ErrorClass, LoadError};

/// Connections begun and not standing yet.
const CONNECTING_MAX: usize = 64;
/// Connections begun in one go. On a loopback they stand at once, long before the server has accepted them, and what its
/// accept queue (128 in the standard library) does not hold is dropped and tried again a second later.
const BEGUN_AT_ONCE_MAX: usize = 16;
/// The time that a server gets to accept them.
const ACCEPT_NS: u64 = 1_000_000;
/// A connection over a loopback that does not stand by then was dropped by a full queue. It is begun anew, since the
/// kernel would wait a second before the next attempt, then two, then four.
const DROPPED_NS: u64 = 10_000_000;
/// Requests that one connection may ever ask: what separates the sequence numbers of two.
const SEQUENCE_BITS: u32 = 40;

impl Load {
    /// Until every connection of the plan stands, or one has failed.
    pub(super) fn connect_all(&mut self) -> Result<(), LoadError> {
        let (wanted, server) = (self.slots.len(), self.plan.server);
        loop {
            self.begin_due()?;
            let made = self.standing();
            if let Some(error) = self.failed.take() {
                let source = std::io::Error::from(error);
                return Err(match error {
                    Errno::TIMEDOUT => LoadError::ConnectDeadline {
                        server,
                        made,
                        wanted,
                        waited: self.plan.connect_deadline,
                    },
                    _ => LoadError::Connect { server, made, wanted, source },
                });
            }
            if made == wanted {
                return Ok(());
            }
            self.turn(self.now_ns() + ACCEPT_NS, u64::MAX)?;
        }
    }

    /// Begins connections that are due, as many as may be on their way at once.
    pub(super) fn begin_due(&mut self) -> Result<(), LoadError> {
        let now_ns = self.now_ns();
        let room = BEGUN_AT_ONCE_MAX.min(CONNECTING_MAX - self.connecting);
        let is_due = |slot: &Slot| matches!(slot.state, State::Empty { due_ns } if due_ns <= now_ns);
        let due: Vec<usize> =
            (0..self.slots.len()).filter(|at| is_due(&self.slots[*at])).take(room).collect();
        for at in due {
            self.begin(at, now_ns)?;
            if self.server_is_full(at) {
                break;
            }
        }
        Ok(())
    }

    /// True where a connection over a loopback does not stand at once: more of them would be dropped as well.
    fn server_is_full(&self, at: usize) -> bool {
        self.plan.server.ip().is_loopback() && matches!(self.slots[at].state, State::Connecting { .. })
    }

    /// Begins the connection of this place.
    fn begin(&mut self, at: usize, now_ns: u64) -> Result<(), LoadError> {
        self.slots[at].wanted_ns.get_or_insert(now_ns);
        let run = &self.runs[self.slots[at].group];
        let begun = match socket::begin(self.plan.server, None, run.group.receive_buffer_bytes) {
            Ok(begun) => begun,
            Err(error) => return self.not_connected(at, error),
        };
        let flags = if begun.stands { run.interest() } else { EventFlags::OUT };
        epoll::add(&self.epoll, &begun.socket, EventData::new_u64(at as u64), flags)
            .map_err(|e| LoadError::system("watching a connection", e))?;
        if begun.stands {
            self.stand(at, begun.socket, flags, now_ns);
        } else {
            self.slots[at].state = State::Connecting { socket: begun.socket, since_ns: now_ns };
            self.connecting += 1;
        }
        Ok(())
    }

    /// A connection that was on its way has arrived or failed.
    pub(super) fn connected(&mut self, at: usize) -> Result<(), LoadError> {
        let State::Connecting { socket, since_ns } =
            std::mem::replace(&mut self.slots[at].state, State::OVER)
        else {
            return Ok(());
        };
        self.connecting -= 1;
        match socket::outcome(&socket) {
            Ok(()) => {
                let flags = self.runs[self.slots[at].group].interest();
                epoll::modify(&self.epoll, &socket, EventData::new_u64(at as u64), flags)
                    .map_err(|e| LoadError::system("watching a connection", e))?;
                self.stand(at, socket, flags, since_ns);
                Ok(())
            }
            Err(error) => self.not_connected(at, error),
        }
    }

    /// Looks whether a connection that is on its way has been for too long.
    pub(super) fn late(&mut self, at: usize, since_ns: u64, now_ns: u64) -> Result<(), LoadError> {
        let wanted_ns = self.slots[at].wanted_ns.unwrap_or(since_ns);
        if now_ns.saturating_sub(wanted_ns) > nanoseconds(self.plan.connect_deadline) {
            self.connecting -= 1;
            self.not_connected(at, Errno::TIMEDOUT)?;
        } else if self.plan.server.ip().is_loopback() && now_ns.saturating_sub(since_ns) > DROPPED_NS {
            self.connecting -= 1;
            self.slots[at].state = State::Empty { due_ns: now_ns };
        }
        Ok(())
    }

    /// A connection stands: its first requests may leave, if it is time for requests at all.
    fn stand(&mut self, at: usize, socket: OwnedFd, flags: EventFlags, now_ns: u64) {
        let mut link = Link::new(socket, self.begun << SEQUENCE_BITS, flags);
        self.begun += 1;
        let run = &self.runs[self.slots[at].group];
        if matches!(&run.group.role, Role::SlowReader { opening: Some(_), .. }) {
            link.fall_mute();
        }
        self.slots[at].wanted_ns = None;
        self.slots[at].state = State::Standing { link, since_ns: now_ns };
        if self.pushing {
            self.press(at, now_ns);
        }
    }

    /// A connection could not be made: later again where the plan wants it, else never.
    pub(super) fn not_connected(&mut self, at: usize, error: Errno) -> Result<(), LoadError> {
        if matches!(error, Errno::MFILE | Errno::NFILE) {
            return Err(LoadError::system("opening one more connection (see `ulimit -n`)", error));
        }
        self.runs[self.slots[at].group].tally.ended(socket::not_connected(error), 0);
        self.failed = self.failed.or(Some(error));
        self.slots[at].wanted_ns = None;
        self.slots[at].state = self.empty();
        Ok(())
    }

    /// What comes after a connection.
    fn empty(&self) -> State {
        match self.plan.reconnect {
            Some(pause) => State::Empty { due_ns: self.now_ns().saturating_add(nanoseconds(pause)) },
            None => State::OVER,
        }
    }

    /// A connection that stood is over.
    pub(super) fn end(&mut self, at: usize, class: ErrorClass) {
        let empty = self.empty();
        if let State::Standing { link, .. } = std::mem::replace(&mut self.slots[at].state, empty) {
            self.runs[self.slots[at].group].bury(&link, class);
        }
    }
}
