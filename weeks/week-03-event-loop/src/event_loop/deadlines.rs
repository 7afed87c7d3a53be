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
        let write = connection.outbound.deadline(self.config.write);
        let ours = match (connection.state(), &connection.session) {
            (State::HalfClosed(reason), _) => connection.linger.map(|(until, _)| (until, reason)),
            (State::Draining(reason), None) => write.map(|at| (at, reason)),
            (State::Draining(_), Some(_)) => write.map(|at| (at, CloseReason::WriteTimeout)),
            (_, Some(session)) => {
                let patience = self.service.deadline(session);
                // While bytes wait for the peer, it need not send any, nor can it where nothing is read from it. A message
                // that it has begun and could finish is due as ever.
                let excused = connection.outbound.len() >= self.config.pause_bytes
                    || self.service.is_between_messages(session);
                match write {
                    Some(at) if excused || at < patience.0 => Some((at, CloseReason::WriteTimeout)),
                    _ => Some(patience),
                }
            }
            _ => None,
        };
        match (self.drained_by, &connection.session) {
            (Some(drained_by), Some(session)) if ours.is_none_or(|(at, _)| drained_by < at) => {
                let between = !connection.work_left && self.service.is_between_messages(session);
                let reason = if between { CloseReason::Stopping } else { CloseReason::DrainDeadline };
                Some((drained_by, reason))
            }
            _ => ours,
        }
    }

    /// The timer of a connection fired: the time is over, or the deadline has moved meanwhile.
    pub(super) fn deadline_came(&mut self, token: Token) {
        let Some((at, reason)) = self.deadline_of(token) else { return };
        let Some(connection) = self.table.get_mut(token) else { return };
        connection.armed = None;
        if at > self.now {
            return self.arm(token);
        }
        match connection.state() {
            state if state.is_serving() && reason.is_told() => self.end(token, reason),
            _ => {
                if reason == CloseReason::WriteTimeout {
                    connection.abort();
                }
                self.close(token, reason);
            }
        }
    }
}
