//! Two services on one loop: an application on the first listener, its health on every other.

use std::time::Instant;

use event_loop::{Outbox, Peer, Service, Step};
use framing::CloseReason;

use super::serve::{Health, HealthSession};

/// An application with a health endpoint beside it, which counts for both.
///
/// The application knows nothing of it: what is counted is what passes through here.
#[derive(Debug)]
pub struct Beside<A> {
    application: A,
    health: Health,
}

/// A connection of the one or of the other.
#[derive(Debug)]
pub enum BesideSession<S> {
    /// Accepted by the application's listener.
    Application(S),
    /// Accepted by the health endpoint's. In a box, since it is larger and there are few: ten thousand quiet connections
    /// of the application should not pay for it.
    Health(Box<HealthSession>),
}

use BesideSession::{Application, Health as Asked};

impl<A: Service> Beside<A> {
    /// Puts both on one loop. The application's listener has to be the loop's first.
    pub fn new(application: A, health: Health) -> Self {
        Beside { application, health }
    }
}

impl<A: Service> Service for Beside<A> {
    type Session = BesideSession<A::Session>;

    fn admit(&mut self, peer: &Peer, now: Instant) -> Result<(), CloseReason> {
        // Whoever asks how a server is has to be let in above all when it lets in nobody else.
        if peer.listener == 0 { self.application.admit(peer, now) } else { Ok(()) }
    }

    fn open(&mut self, peer: &Peer, now: Instant) -> Self::Session {
        self.health.tally.of(peer.listener).accepted += 1;
        match peer.listener {
            0 => Application(self.application.open(peer, now)),
            _ => Asked(Box::new(self.health.open(peer, now))),
        }
    }

    #[inline]
    fn read_space<'a>(&'a mut self, session: &'a mut Self::Session) -> &'a mut [u8] {
        match session {
            Application(session) => self.application.read_space(session),
            Asked(session) => self.health.read_space(session),
        }
    }

    #[inline]
    fn received(&mut self, session: &mut Self::Session, bytes: usize, now: Instant) {
        match session {
            Application(session) => self.application.received(session, bytes, now),
            Asked(session) => self.health.received(session, bytes, now),
        }
    }

    #[inline]
    fn step(&mut self, session: &mut Self::Session, out: &mut Outbox, now: Instant) -> Step {
        match session {
            Application(session) => {
                let step = self.application.step(session, out, now);
                self.health.tally.application.answered += u64::from(step == Step::Done);
                step
            }
            Asked(session) => {
                let step = self.health.step(session, out, now);
                // Whatever ends a connection here was an answer too.
                self.health.tally.health.answered += u64::from(step != Step::NeedsBytes);
                step
            }
        }
    }

    #[inline]
    fn rest(&mut self, session: &mut Self::Session) {
        match session {
            Application(session) => self.application.rest(session),
            Asked(session) => self.health.rest(session),
        }
    }

    fn end_of_stream(&self, session: &Self::Session) -> CloseReason {
        match session {
            Application(session) => self.application.end_of_stream(session),
            Asked(session) => self.health.end_of_stream(session),
        }
    }

    #[inline]
    fn is_between_messages(&self, session: &Self::Session) -> bool {
        match session {
            Application(session) => self.application.is_between_messages(session),
            Asked(session) => self.health.is_between_messages(session),
        }
    }

    #[inline]
    fn owes(&self, session: &Self::Session) -> bool {
        match session {
            Application(session) => self.application.owes(session),
            Asked(session) => self.health.owes(session),
        }
    }

    #[inline]
    fn moved(&mut self, session: &mut Self::Session, sent: usize, waiting: usize, now: Instant) {
        match session {
            Application(session) => self.application.moved(session, sent, waiting, now),
            Asked(session) => self.health.moved(session, sent, waiting, now),
        }
    }

    fn write_deadline(&self, session: &Self::Session) -> Option<(Instant, CloseReason)> {
        match session {
            Application(session) => self.application.write_deadline(session),
            Asked(session) => self.health.write_deadline(session),
        }
    }

    #[inline]
    fn deadline(&self, session: &Self::Session) -> (Instant, CloseReason) {
        match session {
            Application(session) => self.application.deadline(session),
            Asked(session) => self.health.deadline(session),
        }
    }

    fn restart_clock(&mut self, session: &mut Self::Session, now: Instant) {
        match session {
            Application(session) => self.application.restart_clock(session, now),
            Asked(session) => self.health.restart_clock(session, now),
        }
    }

    fn farewell(&mut self, peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        match peer.listener {
            0 => self.application.farewell(peer, reason, out),
            _ => self.health.farewell(peer, reason, out),
        }
    }

    fn closed(&mut self, session: Self::Session, peer: &Peer, reason: CloseReason) {
        self.health.tally.of(peer.listener).closed += 1;
        match session {
            Application(session) => self.application.closed(session, peer, reason),
            Asked(session) => self.health.closed(*session, peer, reason),
        }
    }

    fn turned_away(&mut self, peer: &Peer, reason: CloseReason) {
        self.health.tally.of(peer.listener).turned_away += 1;
        match peer.listener {
            0 => self.application.turned_away(peer, reason),
            _ => self.health.turned_away(peer, reason),
        }
    }

    fn stopping(&mut self, now: Instant) {
        self.application.stopping(now);
        self.health.stopping(now);
    }

    fn wake_at(&self) -> Option<Instant> {
        [self.application.wake_at(), self.health.wake_at()].into_iter().flatten().min()
    }

    fn wake(&mut self, now: Instant, out: &mut Outbox) {
        self.application.wake(now, out);
        self.health.wake(now, out);
    }
}
