//! Services that speak frames: one decoder for everybody who is in the middle of nothing.
//!
//! A decoder of its own for each connection would be the obvious thing, and ten thousand quiet connections would then
//! hold ten thousand read buffers. A connection needs one only while its bytes are being worked off, and the loop works
//! for one connection at a time. So there is one decoder, and it is lent:
//!
//! ```text
//!   turn of A                        turn of B
//!   read --> [shared decoder] --> frames    [shared decoder] --> frames
//!                  |                                 ^
//!                  | the unfinished rest             | what A left behind last time
//!                  v                                 |
//!            A: a few bytes of its own         B: a few bytes of its own
//! ```
//!
//! A rest is copied out and in again, which is why a long one is not: a connection in the middle of a large frame takes
//! the decoder along until that frame is done, and the next one gets a new one.

use std::time::Instant;

use framing::{CloseReason, Deadlines, Decoder, FrameLimit, HEADER_BYTES, Watch, header};

use crate::{Outbox, Peer, Service, Step};

/// The most that one read takes from one connection, and so the bytes of its share of a turn: 128 KiB.
pub const READ_BYTES_MAX: usize = 128 << 10;

/// An unfinished frame up to this size is set aside by copying it: 4 KiB.
pub const REST_BYTES_MAX: usize = 4 << 10;

// ANCHOR: frame-service
/// An application that is given whole frames.
pub trait FrameService {
    /// What it keeps for one connection.
    type Session;

    /// A connection was accepted.
    fn open(&mut self, peer: &Peer) -> Self::Session;

    /// False while this connection's answers are made elsewhere and no more of them may be under way.
    fn is_ready(&self, _session: &Self::Session) -> bool {
        true
    }

    /// As [`Service::owes`].
    fn owes(&self, _session: &Self::Session) -> bool {
        false
    }

    /// A frame came. Answers go to the outbox.
    ///
    /// # Errors
    /// Why the connection has to end.
    fn frame(
        &mut self,
        session: &mut Self::Session,
        payload: &[u8],
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), CloseReason>;

    /// The last words to a peer that can be told why.
    fn farewell(&mut self, peer: &Peer, reason: CloseReason, out: &mut Outbox);

    /// Why the connection ends is decided.
    fn closed(&mut self, session: Self::Session, peer: &Peer, reason: CloseReason);

    /// As [`Service::stopping`].
    fn stopping(&mut self, _now: Instant) {}

    /// As [`Service::wake_at`].
    fn wake_at(&self) -> Option<Instant> {
        None
    }

    /// As [`Service::wake`].
    fn wake(&mut self, _now: Instant, _out: &mut Outbox) {}
}
// ANCHOR_END: frame-service

/// Makes a [`Service`] of a [`FrameService`].
#[derive(Debug)]
pub struct Framed<A> {
    application: A,
    limit: FrameLimit,
    deadlines: Deadlines,
    shared: Decoder,
    /// The shared decoder holds the bytes of the connection whose turn it is.
    lent: bool,
}

/// One connection of a [`Framed`] service.
#[derive(Debug)]
pub struct FramedSession<S> {
    /// A decoder that was taken along, in the middle of a large frame.
    own: Option<Box<Decoder>>,
    /// The unfinished frame otherwise.
    rest: Vec<u8>,
    watch: Watch,
    inner: S,
}

/// A frame that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Bytes that are here, header included; none where no frame has begun.
    pub bytes: usize,
    /// The payload length that the header claims, once it is here. Nobody has judged it yet.
    pub announced: Option<u32>,
}

impl<A: FrameService> Framed<A> {
    /// Frames up to `limit` for `application`.
    pub fn new(application: A, limit: FrameLimit, deadlines: Deadlines) -> Self {
        Framed { application, limit, deadlines, shared: shared_decoder(limit), lent: false }
    }

    /// The decoder that has this connection's bytes.
    #[inline]
    fn decoder<'a>(&'a mut self, session: &'a mut FramedSession<A::Session>) -> &'a mut Decoder {
        if let Some(own) = &mut session.own {
            return own;
        }
        if !self.lent {
            self.lent = true;
            if !session.rest.is_empty() {
                self.shared.read_space()[..session.rest.len()].copy_from_slice(&session.rest);
                self.shared.advance(session.rest.len());
                session.rest = Vec::new();
            }
        }
        &mut self.shared
    }

    /// What is here of frames that were not given to the application, and what the first of them announces.
    pub fn begun(&self, session: &FramedSession<A::Session>) -> Begun {
        let bytes = self.pending_bytes(session);
        let announced = bytes.first_chunk::<HEADER_BYTES>().map(|header| header::claimed_len(*header));
        Begun { bytes: bytes.len(), announced }
    }

    /// Bytes of an unfinished frame.
    fn pending_bytes<'a>(&'a self, session: &'a FramedSession<A::Session>) -> &'a [u8] {
        match &session.own {
            Some(own) => own.pending_bytes(),
            None if self.lent => self.shared.pending_bytes(),
            None => &session.rest,
        }
    }

    fn pending(&self, session: &FramedSession<A::Session>) -> usize {
        self.pending_bytes(session).len()
    }
}

fn shared_decoder(limit: FrameLimit) -> Decoder {
    Decoder::with_read_buffer(limit, READ_BYTES_MAX)
}

impl<A: FrameService> Service for Framed<A> {
    type Session = FramedSession<A::Session>;

    fn open(&mut self, peer: &Peer, now: Instant) -> Self::Session {
        let inner = self.application.open(peer);
        FramedSession { own: None, rest: Vec::new(), watch: Watch::new(self.deadlines, now), inner }
    }

    #[inline]
    fn read_space<'a>(&'a mut self, session: &'a mut Self::Session) -> &'a mut [u8] {
        // A decoder that has grown with a large frame has room for more than a share.
        let space = self.decoder(session).read_space();
        let share = space.len().min(READ_BYTES_MAX);
        &mut space[..share]
    }

    #[inline]
    fn received(&mut self, session: &mut Self::Session, bytes: usize, now: Instant) {
        self.decoder(session).advance(bytes);
        session.watch.bytes_arrived(now);
    }

    #[inline]
    fn step(&mut self, session: &mut Self::Session, out: &mut Outbox, now: Instant) -> Step {
        // lab:hole event-loop.step
        if !self.application.is_ready(&session.inner) {
            return Step::Wait;
        }
        self.decoder(session);
        let decoder = session.own.as_deref_mut().unwrap_or(&mut self.shared);
        match decoder.next_frame() {
            Err(error) => Step::Close(CloseReason::Frame(error)),
            Ok(None) => Step::NeedsBytes,
            Ok(Some(payload)) => match self.application.frame(&mut session.inner, payload, out, now) {
                Err(reason) => Step::Close(reason),
                Ok(()) => {
                    session.watch.frame_done(decoder.pending(), now);
                    Step::Done
                }
            },
        }
        // lab:stub todo!("event-loop.step: at most one frame to the application; what is missing, what is wrong")
        // lab:end
    }

    #[inline]
    fn rest(&mut self, session: &mut Self::Session) {
        // lab:hole event-loop.set-aside
        if let Some(own) = &session.own {
            if own.pending() == 0 {
                session.own = None;
            }
        } else if std::mem::take(&mut self.lent) {
            match self.shared.pending_bytes() {
                [] => {}
                rest if rest.len() <= REST_BYTES_MAX => {
                    session.rest = rest.to_vec();
                    self.shared.discard_pending();
                }
                _ => {
                    let taken = std::mem::replace(&mut self.shared, shared_decoder(self.limit));
                    session.own = Some(Box::new(taken));
                }
            }
        }
        // lab:stub todo!("event-loop.set-aside: keep a short rest, take the decoder along for a long one, else nothing")
        // lab:end
    }

    fn end_of_stream(&self, session: &Self::Session) -> CloseReason {
        let decoder = session.own.as_deref().unwrap_or(&self.shared);
        match decoder.end_of_stream() {
            Ok(()) => CloseReason::PeerFinished,
            Err(cut) => CloseReason::Frame(cut),
        }
    }

    fn is_between_messages(&self, session: &Self::Session) -> bool {
        self.pending(session) == 0
    }

    #[inline]
    fn owes(&self, session: &Self::Session) -> bool {
        self.application.owes(&session.inner)
    }

    fn deadline(&self, session: &Self::Session) -> (Instant, CloseReason) {
        let (at, timeout) = session.watch.deadline();
        (at, timeout.into())
    }

    fn restart_clock(&mut self, session: &mut Self::Session, now: Instant) {
        session.watch.frame_done(self.pending(session), now);
    }

    fn farewell(&mut self, peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        self.application.farewell(peer, reason, out);
    }

    fn closed(&mut self, session: Self::Session, peer: &Peer, reason: CloseReason) {
        self.application.closed(session.inner, peer, reason);
    }

    fn stopping(&mut self, now: Instant) {
        self.application.stopping(now);
    }

    fn wake_at(&self) -> Option<Instant> {
        self.application.wake_at()
    }

    fn wake(&mut self, now: Instant, out: &mut Outbox) {
        self.application.wake(now, out);
    }
}

#[cfg(test)]
#[path = "framed_tests.rs"]
mod tests;
