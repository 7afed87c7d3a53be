//! How connections end: told or not, delivered or not, and always in the same order.
//!
//! Deregister, then forget, then close: a descriptor that is closed while a poller still has it can come back under
//! another connection's number, and its events with it.

use std::os::fd::AsFd;

use framing::CloseReason;
use framing::server::{LINGER_BYTES_MAX, LINGER_MAX};

use super::EventLoop;
use crate::connection::{Received, receive};
use crate::outbound::CAP_REACHED;
use crate::state::State;
use crate::{Poller, Service, Timers, Token};

impl<P: Poller, T: Timers, S: Service> EventLoop<P, T, S> {
    /// Ends a connection for a reason of ours. Answers to it that are made elsewhere were promised before the reason came up:
    /// they leave first, unless it is that we wait for them no longer.
    pub(super) fn end(&mut self, token: Token, reason: CloseReason) {
        let Some(connection) = self.table.get_mut(token) else { return };
        let owes = connection.session.as_ref().is_some_and(|session| self.service.owes(session));
        if owes && reason.is_told() && reason != CloseReason::DrainDeadline {
            connection.go(State::Draining(reason));
            return self.settle(token);
        }
        self.end_now(token, reason);
    }

    /// The record, the last words, then the rest of the queue.
    fn end_now(&mut self, token: Token, reason: CloseReason) {
        if !reason.is_told() {
            return self.close(token, reason);
        }
        let Some(connection) = self.table.get_mut(token) else { return };
        if let Some(session) = connection.session.take() {
            // The record comes first: whoever is told a reason finds it in the log.
            self.service.closed(session, &connection.peer, reason);
        }
        self.service.farewell(&connection.peer, reason, &mut self.outbox);
        connection.go(State::Draining(reason));
        // A refusal is a few bytes; a queue that is full even for those has no reader.
        if connection.send(&mut self.outbox, self.config.cap_bytes, self.now).is_err() {
            return self.close(token, reason);
        }
        if connection.outbound.is_empty() { self.drained(token) } else { self.settle(token) }
    }

    /// Ends whom the service has named ([`Outbox::end`](crate::Outbox::end)). At the end of a turn, when nobody's share is
    /// under way: a connection that was named by its own step has been ended by then, or goes on to its end.
    pub(super) fn end_named(&mut self) {
        for (token, reason) in self.outbox.take_ends() {
            let Some(connection) = self.table.get_mut(token) else { continue };
            match connection.state() {
                state if state.is_serving() => self.end_now(token, reason),
                // It has finished sending and is owed answers; the service gives it no more.
                State::Draining(_) if connection.session.is_some() => self.close(token, reason),
                _ => {}
            }
        }
        // Last words may have gone to others.
        self.deliver_mail();
    }

    /// The peer has finished sending. Its answers are still delivered.
    pub(super) fn peer_finished(&mut self, token: Token, reason: CloseReason) {
        // lab:hole event-loop.half-close
        let Some(connection) = self.table.get_mut(token) else { return };
        let owes = connection.session.as_ref().is_some_and(|session| self.service.owes(session));
        if connection.outbound.is_empty() && !owes {
            return self.close(token, reason);
        }
        connection.go(State::Draining(reason));
        self.settle(token);
        // lab:stub todo!("event-loop.half-close: what waits for the peer is still delivered; only then is it the end")
        // lab:end
    }

    /// Everything is delivered. A peer that was told something is listened to for a moment; any other end is final.
    pub(super) fn drained(&mut self, token: Token) {
        let until = self.now + LINGER_MAX;
        let Some(connection) = self.table.get_mut(token) else { return };
        let State::Draining(reason) = connection.state() else { return };
        if let Some(session) = &connection.session {
            if self.service.owes(session) {
                return;
            }
            return self.end_now(token, reason);
        }
        connection.half_close(reason, until);
        self.settle(token);
    }

    /// Reads and forgets what a half-closed peer still sends, within bounds, so that closing does not reset it.
    pub(super) fn forget(&mut self, token: Token, reason: CloseReason) {
        let Some(connection) = self.table.get_mut(token) else { return };
        match (receive(&connection.stream, &mut self.scrap), &mut connection.linger) {
            (Ok(Received::Nothing), _) => {}
            (Ok(Received::Bytes(bytes)), Some((_, forgotten))) if *forgotten + bytes <= LINGER_BYTES_MAX => {
                *forgotten += bytes;
            }
            _ => self.close(token, reason),
        }
    }

    // ANCHOR: close
    /// The end. A connection whose end was not on record yet is put on record here.
    pub(super) fn close(&mut self, token: Token, reason: CloseReason) {
        // lab:hole event-loop.close-order
        let Some(connection) = self.table.get_mut(token) else { return };
        connection.go(State::Closed(reason));
        if reason == CloseReason::Rule(&CAP_REACHED) {
            connection.abort();
        }
        self.timers.cancel(token);
        // A descriptor that is not watched any more cannot be forgotten twice; there is nothing else to do about it.
        let _ = self.poller.remove(connection.stream.as_fd());
        let Some(mut connection) = self.table.remove(token) else { return };
        if let Some(session) = connection.session.take() {
            self.service.closed(session, &connection.peer, reason);
        }
        drop(connection);
        // lab:stub todo!("event-loop.close-order: timer, poller, table, record; the descriptor is closed last")
        // lab:end
    }
    // ANCHOR_END: close

    /// A signal came: the port is given back, and every connection finishes what it has begun.
    pub(super) fn stop(&mut self, signals: &impl AsFd) {
        if self.drained_by.is_some() {
            return;
        }
        // A signal's pipe stays readable, and one look at it was enough.
        let _ = self.poller.remove(signals.as_fd());
        for listener in self.listeners.drain(..) {
            let _ = self.poller.remove(listener.as_fd());
        }
        self.accept_again = None;
        self.drained_by = Some(self.now + self.config.drain);
        tracing::info!("stopping: no new connections, {} ms to finish", self.config.drain.as_millis());
        self.service.stopping(self.now);
        for token in self.table.tokens() {
            self.serve(token, true);
        }
    }

    /// All patience is over. Whose end is on record is only cut short: its peer was slow, or this process did not run for
    /// a while. A connection that is still served should have met the drain's deadline long ago, and is counted.
    pub(super) fn abandon(&mut self) {
        for token in self.table.tokens() {
            let Some(connection) = self.table.get_mut(token) else { continue };
            connection.abort();
            let reason = match connection.state() {
                State::Draining(reason) | State::HalfClosed(reason) => reason,
                _ => {
                    self.life.abandoned += 1;
                    CloseReason::DrainDeadline
                }
            };
            self.close(token, reason);
        }
    }
}
