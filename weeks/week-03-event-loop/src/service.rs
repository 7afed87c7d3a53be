//! The seam between the loop and the application: bytes in, bytes out, and what happens to connections.
//!
//! A service does no I/O and has no clock. The loop reads into the space that the service offers, asks it to work off
//! one message at a time, and sends what it put into the [`Outbox`]. How much of that happens in one turn, when reading
//! pauses, and what is done about a peer that does not read, is the loop's business, so that no service can get it
//! wrong.
//!
//! ```text
//!   socket --read--> read_space ... received ... step, step, step --> Outbox --write--> socket
//!                                                  |
//!                                                  +-- NeedsBytes: read on
//!                                                  +-- Done: there may be more here
//!                                                  +-- Wait: its answers are made elsewhere, and come as mail
//!                                                  +-- Close: say farewell, deliver, end
//! ```

use std::net::SocketAddr;
use std::time::Instant;

use framing::CloseReason;

use crate::{Outbox, Token};

/// Whom a connection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its place in the loop; also what [`Outbox::send_to`] takes.
    pub token: Token,
    /// Its number since the start of the loop, from 1: what logs call it.
    pub number: u64,
    /// Its address.
    pub address: SocketAddr,
    /// Which of the loop's listeners accepted it, from 0.
    pub listener: usize,
}

// ANCHOR: step
/// What one step of a service came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One message was worked off; there may be another one here.
    Done,
    /// What is here is not a whole message.
    NeedsBytes,
    /// The service takes no more from this connection until it has sent it something: answers that are made elsewhere
    /// are under way, as many as it allows. Nothing is read meanwhile, and the next byte that [`Outbox::send_to`] brings
    /// to the connection lets it go on. Only for a service that [owes](Service::owes) this connection an answer.
    Wait,
    /// The connection is to end, for this reason, once what was put out before is delivered.
    Close(CloseReason),
}
// ANCHOR_END: step

// ANCHOR: service
/// An application, sans-IO.
pub trait Service {
    /// What the application keeps for one connection.
    type Session;

    /// Whether a connection that was just accepted may stay, before anything is kept for it.
    ///
    /// # Errors
    /// Why not. The peer is told where the reason [is told](CloseReason::is_told).
    fn admit(&mut self, _peer: &Peer, _now: Instant) -> Result<(), CloseReason> {
        Ok(())
    }

    /// A connection was accepted.
    fn open(&mut self, peer: &Peer, now: Instant) -> Self::Session;

    /// Where the next bytes of this connection go. Never empty after a step that needed bytes.
    fn read_space<'a>(&'a mut self, session: &'a mut Self::Session) -> &'a mut [u8];

    /// That many bytes of the space were filled.
    fn received(&mut self, session: &mut Self::Session, bytes: usize, now: Instant);

    /// Works off one message, if a whole one is here.
    fn step(&mut self, session: &mut Self::Session, out: &mut Outbox, now: Instant) -> Step;

    /// The loop turns to others. Time to let go of memory that is shared between connections.
    fn rest(&mut self, session: &mut Self::Session);

    /// What the end of the peer's stream means at this point.
    fn end_of_stream(&self, session: &Self::Session) -> CloseReason;

    /// True where no message has been begun: a good place to end.
    fn is_between_messages(&self, session: &Self::Session) -> bool;

    /// True while answers to this connection are being made elsewhere and will come as mail. It is not ended before they
    /// have left: not by a stop, not by the end of the peer's stream, and its peer's silence costs it nothing.
    fn owes(&self, _session: &Self::Session) -> bool {
        false
    }

    /// Until when the peer has to send something of use, and what it is called if it does not.
    fn deadline(&self, session: &Self::Session) -> (Instant, CloseReason);

    /// So many bytes left for this connection, and so many wait for its socket now. Called where one of both changed.
    fn moved(&mut self, _session: &mut Self::Session, _sent: usize, _waiting: usize, _now: Instant) {}

    /// Until when the peer has to take something, where that is sooner than the loop's own write deadline, and what it is
    /// called if it does not.
    fn write_deadline(&self, _session: &Self::Session) -> Option<(Instant, CloseReason)> {
        None
    }

    /// The peer had to wait for us until now, so its clock begins anew.
    fn restart_clock(&mut self, session: &mut Self::Session, now: Instant);

    /// The last words to a peer that can be told why ([`CloseReason::is_told`]), also to one that was never opened.
    fn farewell(&mut self, peer: &Peer, reason: CloseReason, out: &mut Outbox);

    /// Why the connection ends is decided. Called once for each [`open`](Self::open), before the peer can know.
    fn closed(&mut self, session: Self::Session, peer: &Peer, reason: CloseReason);

    /// A peer was turned away without being opened.
    fn turned_away(&mut self, peer: &Peer, reason: CloseReason) {
        reason.log(peer.number, peer.address, 0);
    }

    /// The loop was asked to stop: no connection is accepted any more, and begun messages are finished.
    fn stopping(&mut self, _now: Instant) {}

    /// When the service wants to be woken, whatever its connections do.
    fn wake_at(&self) -> Option<Instant> {
        None
    }

    /// That time has come, or somebody used the loop's waker.
    fn wake(&mut self, _now: Instant, _out: &mut Outbox) {}
}
// ANCHOR_END: service
