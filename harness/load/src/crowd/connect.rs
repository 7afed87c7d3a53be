//! From places to slow clients that stand, at the beginning and again.

use std::cmp::Reverse;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use super::engine::{Crowd, nanoseconds};
use super::visitor::Visitor;
use crate::dial::ACCEPT_NS;
use crate::{LoadError, socket};

/// A connection that could not be made is tried again after that.
const AGAIN_NS: u64 = 10_000_000;

impl Crowd {
    /// Makes every connection once.
    pub(super) fn connect_all(&mut self) -> Result<(), LoadError> {
        let (wanted, server) = (self.places.len(), self.plan.server);
        (0..wanted).for_each(|at| self.begin(at, 0));
        loop {
            let now_ns = self.now_ns();
            self.dial(now_ns)?;
            if let Some(error) = self.failed {
                let (made, waited) = (self.standing(), self.plan.connect_deadline);
                return Err(match error {
                    Errno::TIMEDOUT => LoadError::ConnectDeadline { server, made, wanted, waited },
                    _ => LoadError::Connect { server, made, wanted, source: error.into() },
                });
            }
            if self.arrived >= wanted {
                return Ok(());
            }
            self.turn(now_ns + ACCEPT_NS)?;
        }
    }

    /// A place gets a connection, unless the group has had all of its own.
    pub(super) fn begin(&mut self, at: usize, due_ns: u64) {
        let group = self.places[at].group;
        let of = &self.plan.groups[group];
        if self.begun[group] < of.connections_total {
            self.dialer.want(at, due_ns, of.origin(self.begun[group]));
            self.begun[group] += 1;
        }
    }

    /// Begins connections that are due.
    pub(super) fn dial(&mut self, now_ns: u64) -> Result<(), LoadError> {
        self.dialer.begin_due(&self.poller, now_ns)?;
        self.arrivals()
    }

    pub(super) fn arrivals(&mut self) -> Result<(), LoadError> {
        for (at, arrival) in self.dialer.arrivals() {
            self.arrived += 1;
            let (now_ns, group) = (self.now_ns(), self.places[at].group);
            match arrival {
                Ok(socket) => {
                    self.tallies[group].stands();
                    self.number += 1;
                    let mut visitor = Visitor::new(socket, self.number, now_ns);
                    let behaviour = &self.plan.groups[group].behaviour;
                    if let Some(pause) = visitor.pause(behaviour) {
                        let phase_ns = nanoseconds(self.dice.up_to(pause));
                        self.timers.push(Reverse((now_ns.saturating_add(phase_ns), at, self.number)));
                    }
                    let outcome = visitor.ready(behaviour, EventFlags::OUT, &mut self.buffer, now_ns);
                    self.places[at].visitor = Some(visitor);
                    self.after(at, outcome, now_ns);
                }
                Err(error) => {
                    self.tallies[group].not_connected(socket::not_connected(error));
                    self.failed = self.failed.or(Some(error));
                    self.begin(at, now_ns.saturating_add(AGAIN_NS));
                }
            }
        }
        Ok(())
    }
}
