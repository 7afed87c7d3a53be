//! The echo of week 2, as a service: the same bytes, the same records, no socket.

use std::time::Instant;

use framing::message::{Head, Kind, Message};
use framing::{CloseReason, FrameLimit, MessageError};

use crate::{FrameService, Outbox, Peer};

/// Sends every request back.
#[derive(Debug, Clone, Copy)]
pub struct Echo {
    limit: FrameLimit,
}

/// One connection of an echo: how many answers it was given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answers(pub u64);

impl Echo {
    /// An echo whose answers are frames within `limit`.
    pub fn new(limit: FrameLimit) -> Self {
        Echo { limit }
    }
}

impl FrameService for Echo {
    type Session = Answers;

    fn open(&mut self, _peer: &Peer) -> Answers {
        Answers::default()
    }

    fn frame(
        &mut self,
        answers: &mut Answers,
        payload: &[u8],
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), CloseReason> {
        let message = request(payload)?;
        reply(&message, self.limit, out)?;
        answers.0 += 1;
        log_answer(&message, now);
        Ok(())
    }

    fn farewell(&mut self, _peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        refuse(reason, out);
    }

    fn closed(&mut self, answers: Answers, peer: &Peer, reason: CloseReason) {
        reason.log(peer.number, peer.address, answers.0);
    }
}

/// The request in a payload. Anything else does not belong in this direction.
///
/// # Errors
/// [`CloseReason::Message`].
pub fn request(payload: &[u8]) -> Result<Message<'_>, CloseReason> {
    let message = Message::parse(payload).map_err(CloseReason::Message)?;
    match (message.kind, &message.request_id) {
        (Kind::Request, Some(_)) => Ok(message),
        _ => Err(CloseReason::Message(MessageError::UnexpectedKind(message.kind as u8))),
    }
}

/// Puts out the reply to a request: its own id, its own body.
pub(crate) fn reply(request: &Message<'_>, limit: FrameLimit, out: &mut Outbox) -> Result<(), CloseReason> {
    let head = Head::new(Kind::Reply, request.request_id.as_ref());
    out.put_frame(head.as_bytes(), request.body, limit).map_err(CloseReason::Frame)
}

/// Puts out a refusal with the reason's code.
pub fn refuse(reason: CloseReason, out: &mut Outbox) {
    let code = reason.code().map_or("", |entry| entry.code);
    let head = Head::new(Kind::Refusal, None);
    // A refusal is tens of bytes and passes any limit that lets a request through, so the default limit serves.
    let _ = out.put_frame(head.as_bytes(), code.as_bytes(), FrameLimit::default());
}

/// The record of an answer. The time is that from the beginning of the turn, in which the request was read.
pub(crate) fn log_answer(request: &Message<'_>, began: Instant) {
    // Asked first, since the clock costs more than an answer whose record nobody wants.
    if tracing::enabled!(tracing::Level::INFO) {
        let request_id = request.request_id.as_ref().map_or("", |id| id.as_str());
        let latency_ms = began.elapsed().as_secs_f64() * 1e3;
        tracing::info!(request_id, latency_ms, result = "ok", "answered {} bytes", request.body.len());
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::Token;

    fn peer() -> Peer {
        Peer {
            token: Token::new(0, 0),
            number: 1,
            address: SocketAddr::from(([127, 0, 0, 1], 9)),
            listener: 0,
        }
    }

    #[test]
    fn a_request_comes_back_under_its_own_id() {
        let (mut echo, mut out) = (Echo::new(FrameLimit::default()), Outbox::new());
        let mut answers = echo.open(&peer());
        echo.frame(&mut answers, b"\x01\x03r-1body", &mut out, Instant::now()).unwrap();
        assert_eq!(out.bytes(), b"\0\0\0\x09\x02\x03r-1body");
        assert_eq!(answers.0, 1);
    }

    #[test]
    fn what_is_no_request_ends_the_connection_and_is_told_the_code() {
        let (mut echo, mut out) = (Echo::new(FrameLimit::default()), Outbox::new());
        let mut answers = echo.open(&peer());
        for payload in [&b"\x02\x03r-1"[..], b"\x09\x03r-1", b"\x01", b"\x01\x00"] {
            let reason = echo.frame(&mut answers, payload, &mut out, Instant::now()).unwrap_err();
            assert_eq!((reason.class(), out.is_empty()), ("malformed-message", true));
            echo.farewell(&peer(), reason, &mut out);
            assert!(out.bytes().ends_with(b"\x03\x00MESSAGE-MALFORMED"));
            out.clear();
        }
    }
}
