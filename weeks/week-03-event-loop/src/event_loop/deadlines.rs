//! Whose time is over, and for which reason.

use std::time::Instant;

use framing::CloseReason;

use super::EventLoop;
use crate::state::State;
use crate::{Poller, Service, Timers, Token};

impl<P: Poller, T: Timers, S: Service> EventLoop<P, T, S> {
    /// Makes sure that the timers fire no later than the connection's deadline. A deadline that moved to later is left
    /// alone: the timer fires once for nothing, which is cheaper than moving it with every message.
    pub(super) fn arm(&mut self, token: Token) {
        let Some((at, _)) = self.deadline_of(token) else { return };
        let Some(connection) = self.table.get_mut(token) else { return };
        if connection.armed.is_none_or(|armed| at < armed) {
            connection.armed = Some(at);
            self.timers.set(token, at);
        }
    }

    /// When the connection's time is over, and for which reason.
    fn deadline_of(&mut self, token: Token) -> Option<(Instant, CloseReason)> {
        let connection = self.table.get_mut(token)?;
        let write = connection.outbound.deadline(self.config.write).map(|at| (at, CloseReason::WriteTimeout));
        let slow = connection.session.as_ref().and_then(|session| self.service.write_deadline(session));
        let write = match (write, slow) {
            (Some(write), Some(slow)) if slow.0 < write.0 => Some(slow),
            (write, _) => write,
        };
        let ours = match (connection.state(), &connection.session) {
            (State::HalfClosed(reason), _) => connection.linger.map(|(until, _)| (until, reason)),
            (State::Draining(reason), None) => write.map(|(at, _)| (at, reason)),
            (State::Draining(_), Some(_)) => write,
            (_, Some(session)) => {
                let patience = self.service.deadline(session);
                // While bytes wait for the peer, it need not send any, nor can it where nothing is read from it. A message
                // that it has begun and could finish is due as ever.
                let between = self.service.is_between_messages(session);
                let excused =
                    connection.outbound.len() >= self.config.pause_bytes || between || connection.held;
                match write {
                    Some(write) if excused || write.0 < patience.0 => Some(write),
                    // Nor while it waits for us. Whoever makes its answer has a budget.
                    None if excused && self.service.owes(session) => None,
                    _ => Some(patience),
                }
            }
            _ => None,
        };
        match (self.drained_by, &connection.session) {
            (Some(drained_by), Some(session)) if ours.is_none_or(|(at, _)| drained_by < at) => {
                let between = !connection.work_left
                    && self.service.is_between_messages(session)
                    && !self.service.owes(session);
                let reason = if between { CloseReason::Stopping } else { CloseReason::DrainDeadline };
                Some((drained_by, reason))
            }
            _ => ours,
        }
    }

    /// The timer of a connection fired: the time is over, or the deadline has moved meanwhile.
    pub(super) fn deadline_came(&mut self, token: Token) {
        let Some(connection) = self.table.get_mut(token) else { return };
        connection.armed = None;
        let Some((at, reason)) = self.deadline_of(token) else { return };
        let Some(connection) = self.table.get_mut(token) else { return };
        if at > self.now {
            return self.arm(token);
        }
        match connection.state() {
            state if state.is_serving() && reason.is_told() => self.end(token, reason),
            _ => {
                // Whoever is ended while bytes wait for it does not read them.
                if !connection.outbound.is_empty() && !reason.is_told() {
                    connection.abort();
                }
                self.close(token, reason);
            }
        }
    }
}
