//! One connection of a client: a request out, a reply back, and a name for everything that can happen between.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::message::{Head, Kind, Message};
use crate::retry::{Failure, FailureKind};
use crate::stream::{self, Received};
use crate::{Decoder, FrameLimit, Outgoing, RequestId};

/// The least time that a socket option can express without meaning "for ever".
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);

/// A connection to an echo server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    decoder: Decoder,
    limit: FrameLimit,
}

impl Connection {
    /// Connects within `timeout`.
    ///
    /// # Errors
    /// [`FailureKind::ConnectRefused`], [`FailureKind::ConnectTimeout`] or [`FailureKind::ConnectFailed`].
    pub fn open(server: SocketAddr, limit: FrameLimit, timeout: Duration) -> Result<Self, Failure> {
        let connected =
            TcpStream::connect_timeout(&server, timeout.max(SHORTEST_TIMEOUT)).and_then(|stream| {
                stream.set_nodelay(true)?;
                Ok(stream)
            });
        let stream = connected.map_err(|error| {
            Failure::new(FailureKind::of_connect(&error), format!("connecting to {server}: {error}"))
        })?;
        Ok(Connection { stream, decoder: Decoder::new(limit), limit })
    }

    /// Sends one request, waits for its reply, and says how long that took.
    ///
    /// # Errors
    /// One [`Failure`] for each way in which it can fail. The connection must not be used after one.
    pub fn exchange(&mut self, id: &RequestId, body: &[u8], timeout: Duration) -> Result<Duration, Failure> {
        let began = Instant::now();
        let until = began + timeout;
        if let Err(failure) = self.send(id, body, until) {
            // A server that refuses closes its side, and our write is what fails. Its reason may lie in our buffer.
            let refused = self.reply(id, body, Instant::now() + SHORTEST_TIMEOUT).err();
            let told = refused.filter(|answer| answer.kind.side() == crate::retry::Side::Refusal);
            return Err(told.unwrap_or(failure));
        }
        self.reply(id, body, until)?;
        Ok(began.elapsed())
    }

    fn send(&mut self, id: &RequestId, body: &[u8], until: Instant) -> Result<(), Failure> {
        let head = Head::new(Kind::Request, Some(id));
        let mut request = Outgoing::in_parts(head.as_bytes(), body, self.limit)
            .map_err(|error| Failure::new(FailureKind::RequestTooLarge, error.to_string()))?;
        let stream = &self.stream;
        let sent = stream::send(&mut &*stream, &mut request, || stream.set_write_timeout(Some(left(until)?)));
        sent.map_err(|error| {
            let bytes = request.sent();
            Failure::new(FailureKind::of_stream(&error), format!("sending, after {bytes} bytes: {error}"))
        })
    }

    fn reply(&mut self, id: &RequestId, body: &[u8], until: Instant) -> Result<(), Failure> {
        loop {
            let frame = self.decoder.next_frame();
            if let Some(payload) = frame.map_err(|e| Failure::new(FailureKind::of_reply(e), e.to_string()))? {
                return judge(payload, id, body);
            }
            let waited = left(until).and_then(|left| self.stream.set_read_timeout(Some(left)));
            match waited.and_then(|()| stream::receive(&mut self.stream, &mut self.decoder)) {
                Ok(Received::Bytes(_)) => {}
                Ok(Received::End) => return Err(self.ended()),
                Err(error) => {
                    let kind = FailureKind::of_stream(&error);
                    return Err(Failure::new(kind, format!("waiting for the reply: {error}")));
                }
            }
        }
    }

    fn ended(&self) -> Failure {
        match self.decoder.end_of_stream() {
            Ok(()) => Failure::new(FailureKind::Disconnected, "the server closed without a reply"),
            Err(error) => Failure::new(FailureKind::of_reply(error), format!("inside the reply, {error}")),
        }
    }
}

/// Time left until `until`; none left is a timeout like any other.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left.max(SHORTEST_TIMEOUT)) }
}

/// Is this the reply to that request?
fn judge(payload: &[u8], id: &RequestId, body: &[u8]) -> Result<(), Failure> {
    // lab:hole framing.judge-reply
    let message =
        Message::parse(payload).map_err(|e| Failure::new(FailureKind::ReplyMalformed, e.to_string()))?;
    match message.kind {
        Kind::Refusal => {
            let code = String::from_utf8_lossy(message.body);
            Err(Failure::new(FailureKind::of_refusal(&code), format!("the server refused: {code}")))
        }
        Kind::Request => {
            Err(Failure::new(FailureKind::ReplyMalformed, "the server answered with a request of its own"))
        }
        Kind::Reply if message.request_id.as_ref() != Some(id) => {
            let theirs = message.request_id.map_or_else(|| "nobody".into(), |id| id.to_string());
            Err(Failure::new(FailureKind::ReplyMismatch, format!("the reply is for {theirs}, not for {id}")))
        }
        Kind::Reply if message.body != body => {
            let (sent, came) = (body.len(), message.body.len());
            Err(Failure::new(
                FailureKind::ReplyMismatch,
                format!("{sent} bytes went out and {came} other bytes came back"),
            ))
        }
        Kind::Reply => Ok(()),
    }
    // lab:stub todo!("framing.judge-reply: refusal, wrong kind, wrong id, wrong bytes, or the reply")
    // lab:end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RequestId {
        text.parse().unwrap()
    }

    fn payload(kind: Kind, request: Option<&RequestId>, body: &[u8]) -> Vec<u8> {
        [Head::new(kind, request).as_bytes(), body].concat()
    }

    fn kind_of(payload: &[u8]) -> Option<FailureKind> {
        judge(payload, &id("r-1"), b"body").err().map(|failure| failure.kind)
    }

    #[test]
    fn only_the_same_bytes_under_the_same_id_are_the_reply() {
        let (mine, other) = (id("r-1"), id("r-2"));
        assert_eq!(kind_of(&payload(Kind::Reply, Some(&mine), b"body")), None);
        assert_eq!(kind_of(&payload(Kind::Reply, Some(&other), b"body")), Some(FailureKind::ReplyMismatch));
        assert_eq!(kind_of(&payload(Kind::Reply, Some(&mine), b"bodY")), Some(FailureKind::ReplyMismatch));
        assert_eq!(kind_of(&payload(Kind::Reply, Some(&mine), b"bod")), Some(FailureKind::ReplyMismatch));
        assert_eq!(kind_of(&payload(Kind::Request, Some(&mine), b"body")), Some(FailureKind::ReplyMalformed));
        assert_eq!(kind_of(b"\x09"), Some(FailureKind::ReplyMalformed));
    }

    #[test]
    fn a_refusal_is_judged_by_its_code_and_an_unknown_code_is_final() {
        let refused = |code: &str| kind_of(&payload(Kind::Refusal, None, code.as_bytes())).unwrap();
        assert_eq!(refused("ECHO-BUSY"), FailureKind::RefusedBusy);
        assert_eq!(refused("ECHO-STOPPING"), FailureKind::RefusedStopping);
        assert_eq!(refused("FRAME-TOO-LARGE"), FailureKind::RefusedRequest);
        assert_eq!(refused("SOMETHING-NEW"), FailureKind::RefusedRequest);
        assert!(!refused("SOMETHING-NEW").is_retryable());
    }
}
