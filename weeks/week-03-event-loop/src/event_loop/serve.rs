//! One connection's share of a turn: at most one read, a bounded number of messages, one write.

use framing::CloseReason;

use super::{EventLoop, TURN_MESSAGES_MAX};
use crate::connection::{Received, receive};
use crate::state::State;
use crate::{Interest, Poller, Service, Step, Timers, Token};

/// What became of a connection's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Nothing waits any more.
    Empty,
    /// The socket is full.
    Waiting,
    /// The connection failed, and is gone.
    Gone,
}

/// How a connection's share ended.
enum Share {
    /// It goes on, or waits.
    Goes,
    /// The service ends it.
    Ends(CloseReason),
    /// The peer has finished sending, which means this.
    PeerFinished(CloseReason),
    /// The socket is unusable.
    Fails(CloseReason),
}

impl<P: Poller, T: Timers, S: Service> EventLoop<P, T, S> {
    /// Gives a connection its share of this turn.
    #[inline]
    pub(super) fn serve(&mut self, token: Token, readable: bool) {
        let share = self.work(token, readable);
        self.deliver_mail();
        match share {
            Share::Goes => self.settle(token),
            Share::Ends(reason) => self.end(token, reason),
            Share::PeerFinished(reason) => self.peer_finished(token, reason),
            Share::Fails(reason) => self.close(token, reason),
        }
    }

    // ANCHOR: work
    /// Reads once if nothing is left to work off, works off a bounded number of messages, and sends the answers.
    fn work(&mut self, token: Token, readable: bool) -> Share {
        // lab:hole event-loop.share
        let (service, out, now) = (&mut self.service, &mut self.outbox, self.now);
        let Some(connection) = self.table.get_mut(token) else { return Share::Goes };
        let (true, Some(session)) = (connection.state().is_serving(), connection.session.as_mut()) else {
            return Share::Goes;
        };
        let waiting = connection.outbound.len();
        let mut share = Share::Goes;
        if readable && !connection.work_left && waiting < self.config.pause_bytes {
            let received = receive(&connection.stream, service.read_space(session));
            connection.quiet = matches!(received, Ok(Received::Nothing));
            match received {
                Ok(Received::Bytes(bytes)) => {
                    service.received(session, bytes, now);
                    connection.work_left = true;
                }
                Ok(Received::End) => share = Share::PeerFinished(service.end_of_stream(session)),
                Ok(Received::Nothing) => {}
                // No way out of here: what the service lent for the read has to be given back first.
                Err(error) => share = Share::Fails(CloseReason::of_io(error.kind())),
            }
        }
        let mut messages = 0;
        while connection.work_left
            && !connection.held
            && messages < TURN_MESSAGES_MAX
            && waiting + out.len() < self.config.pause_bytes
        {
            match service.step(session, out, now) {
                Step::Done => messages += 1,
                Step::NeedsBytes => connection.work_left = false,
                Step::Wait => connection.held = true,
                Step::Close(reason) => {
                    share = Share::Ends(reason);
                    break;
                }
            }
        }
        service.rest(session);
        let put = out.len();
        let outcome = connection.send(out, self.config.cap_bytes, now);
        if let (Some(session), true) = (connection.session.as_mut(), put > 0) {
            let waits = connection.outbound.len();
            service.moved(session, (waiting + put).saturating_sub(waits), waits, now);
        }
        match outcome {
            Ok(()) => share,
            Err(reason) => Share::Fails(reason),
        }
        // lab:stub todo!("event-loop.share: one read, a bounded number of steps below the pause mark, one send")
        // lab:end
    }
    // ANCHOR_END: work

    /// Sends what waits for a connection.
    pub(super) fn flush(&mut self, token: Token) -> Flushed {
        let Some(connection) = self.table.get_mut(token) else { return Flushed::Gone };
        if connection.outbound.is_empty() {
            return Flushed::Empty;
        }
        let was_paused = !connection.interest.readable;
        let before = connection.outbound.len();
        match connection.flush(self.now) {
            Ok(empty) => {
                let waits = connection.outbound.len();
                if let (Some(session), true) = (&mut connection.session, waits < before) {
                    self.service.moved(session, before - waits, waits, self.now);
                }
                // A peer is not to blame for sending nothing while nothing was read from it, nor for silence while it was
                // busy with our bytes. A message that it could have finished all the time gets no more time for that.
                let resumes = was_paused && connection.outbound.len() < self.config.pause_bytes;
                if let Some(session) = &mut connection.session
                    && (resumes || (empty && self.service.is_between_messages(session)))
                {
                    self.service.restart_clock(session, self.now);
                }
                if empty { Flushed::Empty } else { Flushed::Waiting }
            }
            Err(reason) => {
                self.close(token, reason);
                Flushed::Gone
            }
        }
    }

    /// After its share: where the connection stands now, what the poller and the timers have to know, and whether it
    /// goes on without an event.
    pub(super) fn settle(&mut self, token: Token) {
        let Some(connection) = self.table.get_mut(token) else { return };
        if connection.state().is_serving() {
            let Some(session) = &connection.session else { return };
            let between = !connection.work_left && self.service.is_between_messages(session);
            if self.drained_by.is_some() && between && connection.quiet && !self.service.owes(session) {
                return self.end(token, CloseReason::Stopping);
            }
            let waits = !connection.outbound.is_empty();
            let state = match (waits, between) {
                (true, _) => State::Writing,
                (false, true) => State::Open,
                (false, false) => State::Reading,
            };
            connection.go(state);
            let paused = connection.outbound.len() >= self.config.pause_bytes;
            // While stopping, a connection goes on until a read finds nothing: what was sent before the stop counts.
            let goes_on = connection.work_left || (self.drained_by.is_some() && !connection.quiet);
            if goes_on && !paused && !connection.held && !connection.listed {
                connection.listed = true;
                self.listed.push_back(token);
            }
        }
        self.watch(token);
        self.arm(token);
    }

    // ANCHOR: watch
    /// Tells the poller what the connection's state asks for, where that has changed.
    fn watch(&mut self, token: Token) {
        // lab:hole event-loop.interest
        let Some(connection) = self.table.get_mut(token) else { return };
        let waits = !connection.outbound.is_empty();
        let interest = match connection.state() {
            State::Open | State::Reading => Interest::READ,
            State::Writing if connection.outbound.len() < self.config.pause_bytes => Interest::BOTH,
            State::Writing => Interest::WRITE,
            State::Draining(_) => Interest { readable: false, writable: waits },
            State::HalfClosed(_) => Interest::READ,
            State::Closed(_) => Interest::NONE,
        };
        let held = connection.held && connection.state().is_serving();
        let interest = Interest { readable: interest.readable && !held, ..interest };
        if interest == connection.interest {
            return;
        }
        connection.interest = interest;
        let told = self.poller.modify(rustix::fd::AsFd::as_fd(&connection.stream), token, interest);
        if told.is_err() {
            self.close(token, CloseReason::Io(std::io::ErrorKind::Other));
        }
        // lab:stub todo!("event-loop.interest: readable below the pause mark, writable while something waits")
        // lab:end
    }
    // ANCHOR_END: watch

    /// Puts what was sent to others into their queues.
    pub(super) fn deliver_mail(&mut self) {
        if self.outbox.mail().is_empty() {
            return;
        }
        for (token, bytes) in self.outbox.take_mail() {
            let Some(connection) = self.table.get_mut(token) else { continue };
            // Also to a peer that has finished sending: its last answers may be made elsewhere.
            let Some(session) = &mut connection.session else { continue };
            let (before, pause) = (connection.outbound.len(), self.config.pause_bytes);
            if let Err(reason) = connection.outbound.push(&bytes, self.config.cap_bytes, self.now) {
                self.close(token, reason);
                continue;
            }
            self.service.moved(session, 0, connection.outbound.len(), self.now);
            if std::mem::take(&mut connection.held) {
                // What the peer could not send meanwhile is not held against it.
                self.service.restart_clock(session, self.now);
                if !connection.listed {
                    connection.listed = true;
                    self.listed.push_back(token);
                }
            }
            if before == 0 || (before < pause && connection.outbound.len() >= pause) {
                // A queue that has begun, or has just reached the mark, changes what the poller is to watch for.
                self.unsent.push(token);
            }
        }
    }

    /// Sends what others put into queues during this turn, one write a connection.
    pub(super) fn send_unsent(&mut self) {
        // Last words may go to others, too. Every connection has them once, so this comes to an end.
        self.deliver_mail();
        self.end_named();
        while !self.unsent.is_empty() {
            let mut unsent = std::mem::take(&mut self.unsent);
            for token in unsent.drain(..) {
                match self.flush(token) {
                    Flushed::Gone => continue,
                    // Nobody will say again that the socket took everything: a connection that drains ends here.
                    Flushed::Empty => self.drained(token),
                    Flushed::Waiting => {}
                }
                self.settle(token);
            }
            self.unsent = unsent;
            self.deliver_mail();
            self.end_named();
        }
    }
}
