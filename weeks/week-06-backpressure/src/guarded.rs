//! A service that watches its connections: who is let in, how fast they send, how fast they take.

use std::net::IpAddr;
use std::time::Instant;

use event_loop::{FrameService, Framed, FramedSession, Outbox, Peer, Service, Step as Worked};
use framing::CloseReason;

use crate::ladder::Step;
use crate::overload::Shared;
use crate::progress::Pace;
use crate::reading::{ReadRules, Reading};
use crate::writing::Writing;

/// Frames for an application, from connections that are held to the rules.
///
/// Each rule is a deadline, and the earliest one counts. A connection that is in the middle of nothing has only the idle
/// deadline that it had before, and costs nothing.
pub struct Guarded<A> {
    framed: Framed<A>,
    overload: Shared,
    reading: ReadRules,
    writing: Pace,
    /// The connection that was admitted and is not open yet: its number, and whose quota it is counted in.
    admitted: Option<(u64, IpAddr)>,
}

/// One connection.
#[derive(Debug)]
pub struct GuardedSession<S> {
    framed: FramedSession<S>,
    source: IpAddr,
    reading: Reading,
    writing: Writing,
    /// Bytes that wait for its socket.
    waiting: usize,
}

impl<A: FrameService> Guarded<A> {
    /// Holds the connections of `framed` to these rules.
    pub fn new(framed: Framed<A>, overload: Shared, reading: ReadRules, writing: Pace) -> Self {
        Guarded { framed, overload, reading, writing, admitted: None }
    }
}

impl<A: FrameService> Service for Guarded<A> {
    type Session = GuardedSession<A::Session>;

    fn admit(&mut self, peer: &Peer, now: Instant) -> Result<(), CloseReason> {
        let source = peer.address.ip();
        self.overload.borrow_mut().connect(source, now)?;
        self.admitted = Some((peer.number, source));
        Ok(())
    }

    fn open(&mut self, peer: &Peer, now: Instant) -> Self::Session {
        self.admitted = None;
        GuardedSession {
            framed: self.framed.open(peer, now),
            source: peer.address.ip(),
            reading: Reading::new(self.reading),
            writing: Writing::new(self.writing),
            waiting: 0,
        }
    }

    fn turned_away(&mut self, peer: &Peer, reason: CloseReason) {
        // It was admitted, and then its socket failed.
        if let Some((number, source)) = self.admitted.take()
            && number == peer.number
        {
            self.overload.borrow_mut().disconnect(source);
        }
        reason.log(peer.number, peer.address, 0);
    }

    #[inline]
    fn read_space<'a>(&'a mut self, session: &'a mut Self::Session) -> &'a mut [u8] {
        self.framed.read_space(&mut session.framed)
    }

    #[inline]
    fn received(&mut self, session: &mut Self::Session, bytes: usize, now: Instant) {
        self.framed.received(&mut session.framed, bytes, now);
        session.reading.arrived(bytes, now);
    }

    // ANCHOR: step
    #[inline]
    fn step(&mut self, session: &mut Self::Session, out: &mut Outbox, now: Instant) -> Worked {
        let worked = self.framed.step(&mut session.framed, out, now);
        match worked {
            Worked::Done => session.reading.finished(self.framed.begun(&session.framed).bytes, now),
            Worked::NeedsBytes => {
                if let Some(bytes) = self.framed.begun(&session.framed).announced {
                    session.reading.announced(bytes, now);
                }
            }
            Worked::Wait | Worked::Close(_) => {}
        }
        worked
    }
    // ANCHOR_END: step

    #[inline]
    fn rest(&mut self, session: &mut Self::Session) {
        self.framed.rest(&mut session.framed);
    }

    fn end_of_stream(&self, session: &Self::Session) -> CloseReason {
        self.framed.end_of_stream(&session.framed)
    }

    fn is_between_messages(&self, session: &Self::Session) -> bool {
        self.framed.is_between_messages(&session.framed)
    }

    #[inline]
    fn owes(&self, session: &Self::Session) -> bool {
        self.framed.owes(&session.framed)
    }

    fn deadline(&self, session: &Self::Session) -> (Instant, CloseReason) {
        let ordinary = self.framed.deadline(&session.framed);
        match session.reading.deadline() {
            Some(rule) if rule.0 < ordinary.0 => rule,
            _ => ordinary,
        }
    }

    fn moved(&mut self, session: &mut Self::Session, sent: usize, waiting: usize, now: Instant) {
        session.writing.moved(sent, waiting, now);
        let mut overload = self.overload.borrow_mut();
        overload.outbound_bytes = overload.outbound_bytes - session.waiting + waiting;
        session.waiting = waiting;
        // Nothing else may happen that would show that the backlog is gone.
        if overload.step() != Step::Normal {
            overload.look(now);
        }
    }

    fn write_deadline(&self, session: &Self::Session) -> Option<(Instant, CloseReason)> {
        session.writing.deadline()
    }

    fn restart_clock(&mut self, session: &mut Self::Session, now: Instant) {
        self.framed.restart_clock(&mut session.framed, now);
        session.reading.restart(now);
    }

    fn farewell(&mut self, peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        self.framed.farewell(peer, reason, out);
    }

    fn closed(&mut self, session: Self::Session, peer: &Peer, reason: CloseReason) {
        let mut overload = self.overload.borrow_mut();
        overload.disconnect(session.source);
        overload.outbound_bytes -= session.waiting;
        if let CloseReason::Rule(rule) = reason {
            *overload.tally.closed.entry(rule.class).or_default() += 1;
        }
        drop(overload);
        self.framed.closed(session.framed, peer, reason);
    }

    fn stopping(&mut self, now: Instant) {
        self.framed.stopping(now);
    }

    fn wake_at(&self) -> Option<Instant> {
        self.framed.wake_at()
    }

    fn wake(&mut self, now: Instant, out: &mut Outbox) {
        self.framed.wake(now, out);
    }
}
