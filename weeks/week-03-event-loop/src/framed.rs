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

use framing::{CloseReason, Deadlines, Decoder, FrameLimit, Watch};

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

    /// Bytes of an unfinished frame.
    fn pending(&self, session: &FramedSession<A::Session>) -> usize {
        match &session.own {
            Some(own) => own.pending(),
            None if self.lent => self.shared.pending(),
            None => session.rest.len(),
        }
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
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{Mirror, Token};

    fn framed() -> (Framed<Mirror>, [FramedSession<<Mirror as FrameService>::Session>; 2]) {
        let (limit, now) = (FrameLimit::default(), Instant::now());
        let mut framed = Framed::new(Mirror::new(limit), limit, Deadlines::default());
        let sessions = [1, 2].map(|number| {
            let address = SocketAddr::from(([127, 0, 0, 1], 9));
            framed.open(
                &Peer { token: Token::new(number, 0), number: number.into(), address, listener: 0 },
                now,
            )
        });
        (framed, sessions)
    }

    /// One share: these bytes come, all whole frames are worked off, and the loop turns to others.
    fn share(
        framed: &mut Framed<Mirror>,
        session: &mut FramedSession<<Mirror as FrameService>::Session>,
        bytes: &[u8],
    ) -> Vec<u8> {
        let (mut out, now) = (Outbox::new(), Instant::now());
        framed.read_space(session)[..bytes.len()].copy_from_slice(bytes);
        framed.received(session, bytes.len(), now);
        while framed.step(session, &mut out, now) == Step::Done {}
        framed.rest(session);
        out.bytes().to_vec()
    }

    fn frame(byte: u8, bytes: usize) -> Vec<u8> {
        [&(bytes as u32).to_be_bytes()[..], &vec![byte; bytes]].concat()
    }

    #[test]
    fn two_connections_that_take_turns_in_mid_frame_each_get_their_own_bytes() {
        for bytes in [1, 100, REST_BYTES_MAX, 2 * REST_BYTES_MAX] {
            let (mut framed, [mut one, mut two]) = framed();
            let (first, second) = (frame(b'1', bytes), frame(b'2', bytes));
            let cut = first.len() - 1;
            assert!(share(&mut framed, &mut one, &first[..cut]).is_empty());
            assert!(share(&mut framed, &mut two, &second[..cut]).is_empty());
            assert_eq!(share(&mut framed, &mut one, &first[cut..]), first);
            assert_eq!(share(&mut framed, &mut two, &second[cut..]), second);
        }
    }

    #[test]
    fn a_rest_within_the_bound_is_copied_and_a_longer_one_takes_the_decoder_along() {
        let (mut framed, [mut one, _]) = framed();
        let whole = frame(b'x', 2 * REST_BYTES_MAX);
        share(&mut framed, &mut one, &whole[..REST_BYTES_MAX]);
        assert_eq!((one.rest.len(), one.own.is_some()), (REST_BYTES_MAX, false));
        share(&mut framed, &mut one, &whole[REST_BYTES_MAX..REST_BYTES_MAX + 1]);
        assert_eq!((one.rest.len(), one.own.is_some()), (0, true));
    }

    #[test]
    fn a_decoder_that_grew_with_a_large_frame_lends_no_more_than_one_read_takes() {
        let (mut framed, [mut one, _]) = framed();
        let whole = frame(b'x', 7 * READ_BYTES_MAX);
        for bytes in whole[..whole.len() - 1].chunks(READ_BYTES_MAX / 2) {
            share(&mut framed, &mut one, bytes);
            let room = framed.read_space(&mut one).len();
            assert!((1..=READ_BYTES_MAX).contains(&room), "{room} bytes in one read");
        }
        assert!(one.own.is_some_and(|own| own.capacity() > 4 * READ_BYTES_MAX), "it did grow");
    }

    #[test]
    fn a_connection_between_two_frames_holds_no_buffer_of_its_own() {
        let (mut framed, [mut one, _]) = framed();
        for bytes in [10, REST_BYTES_MAX, 5 * REST_BYTES_MAX] {
            let whole = frame(b'x', bytes);
            share(&mut framed, &mut one, &whole[..bytes]);
            assert_eq!(share(&mut framed, &mut one, &whole[bytes..]), whole);
            assert_eq!(
                (one.rest.capacity(), one.own.is_some()),
                (0, false),
                "after a frame of {bytes} bytes"
            );
        }
    }
}
