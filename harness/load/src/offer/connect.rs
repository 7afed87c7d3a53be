//! From places to connections that stand, at the beginning and again.

use rustix::io::Errno;

use super::engine::{Offer, nanoseconds};
use super::link::Link;
use crate::LoadError;
use crate::dial::{ACCEPT_NS, Origin};
use crate::socket::not_connected;

/// Attempts that one connection may ever make: what separates the numbers of two.
const NUMBER_BITS: u32 = 40;
impl Offer {
    /// Makes every connection once.
    pub(super) fn connect_all(&mut self) -> Result<(), LoadError> {
        let (wanted, server) = (self.slots.len(), self.plan.server);
        (0..wanted).for_each(|at| self.dialer.want(at, 0, self.origin(at)));
        loop {
            let now_ns = self.now_ns();
            self.dial(now_ns)?;
            if let Some(error) = self.failed {
                let made = self.standing();
                let waited = self.plan.connect_deadline;
                return Err(match error {
                    Errno::TIMEDOUT => LoadError::ConnectDeadline { server, made, wanted, waited },
                    _ => LoadError::Connect { server, made, wanted, source: error.into() },
                });
            }
            if self.arrived >= wanted {
                return Ok(());
            }
            self.turn(now_ns + ACCEPT_NS, u64::MAX)?;
        }
    }

    /// Where the connection of a place comes from.
    fn origin(&self, at: usize) -> Origin {
        let group = &self.plan.groups[self.slots[at].group];
        Origin { source: group.source, receive_buffer_bytes: group.receive_buffer_bytes }
    }

    /// A place has no connection: it gets another one where the plan says so.
    pub(super) fn again(&mut self, at: usize, now_ns: u64) {
        if let Some(pause) = self.plan.reconnect {
            self.dialer.want(at, now_ns.saturating_add(nanoseconds(pause)), self.origin(at));
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
            let slot = &mut self.slots[at];
            let run = &mut self.runs[slot.group];
            match arrival {
                Ok(socket) => {
                    slot.link = Some(Link::new(socket, self.begun << NUMBER_BITS));
                    self.begun += 1;
                    run.hungry.push((at - run.slots.start) as u32);
                }
                Err(error) => {
                    run.tally.ended(not_connected(error));
                    self.failed = self.failed.or(Some(error));
                    self.again(at, self.now_ns());
                }
            }
        }
        Ok(())
    }
}
