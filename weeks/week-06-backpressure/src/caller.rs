//! A client that calls: blocking, one connection, a deadline for everything.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use framing::message::{Kind, Message};
use framing::retry::Retryable;
use framing::stream::{self, Received};
use framing::{Decoder, FrameError, FrameLimit, Outgoing, RequestId};
use logger::{Coded, ErrorCode, LogError};

use crate::admission::Importance;
use crate::budget::Budget;
use crate::catalog;
use crate::range::OutOfRange;
use crate::wire::{Call, CallError, Deferral, KIND_DEFERRAL};

/// The least time that a socket option can express without meaning "for ever".
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);

/// A connection to a guarded server.
#[derive(Debug)]
pub struct Caller {
    stream: TcpStream,
    decoder: Decoder,
    limit: FrameLimit,
    timeout: Duration,
}

/// What became of a call that was answered in some way. The connection lives on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It was served.
    Reply {
        /// Bytes of the reply's body.
        bytes: usize,
    },
    /// It was not.
    Deferred {
        /// Under which code of the server's catalog.
        code: String,
        /// How long the server asks to wait.
        retry_after: Duration,
    },
}

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
pub enum CallFailed {
    /// The output.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A number on the command line.
    #[error(transparent)]
    Range(#[from] OutOfRange),
    /// The stream broke.
    #[error("{doing}: {source}")]
    Socket {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The stream is not made of frames, or a frame is too large.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame is not an answer.
    #[error(transparent)]
    Answer(#[from] CallError),
    /// The answer is another call's.
    #[error("an answer for {got} came where one for {expected} was due")]
    Mismatch {
        /// Whose answer was due.
        expected: RequestId,
        /// Whose came.
        got: String,
    },
    /// The server closed the connection, and said why.
    #[error("the server closes: {0}")]
    Closed(String),
    /// The server did not serve the call.
    #[error("call {id}: {code}")]
    Deferred {
        /// The call.
        id: RequestId,
        /// The server's code.
        code: String,
    },
}

impl Coded for CallFailed {
    fn code(&self) -> &'static ErrorCode {
        match self {
            CallFailed::Log(error) => error.code(),
            CallFailed::Range(error) => error.code(),
            CallFailed::Frame(error) => error.code(),
            CallFailed::Answer(error) => error.code(),
            CallFailed::Mismatch { .. } => &framing::catalog::ECHO_REPLY_MISMATCH,
            CallFailed::Closed(code) | CallFailed::Deferred { code, .. } => known(code),
            CallFailed::Socket { source, .. } => match source.kind() {
                ErrorKind::ConnectionRefused => &framing::catalog::ECHO_CONNECT_REFUSED,
                ErrorKind::TimedOut | ErrorKind::WouldBlock => &framing::catalog::ECHO_REPLY_TIMEOUT,
                ErrorKind::UnexpectedEof => &framing::catalog::ECHO_DISCONNECTED,
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => &framing::catalog::ECHO_RESET,
                _ => &framing::catalog::ECHO_SOCKET,
            },
        }
    }
}

/// The entry of a code that a server named; a refusal whose code nobody here knows is a refusal all the same.
fn known(code: &str) -> &'static ErrorCode {
    let catalogs = [catalog::CATALOG, worker_pool::CATALOG, framing::catalog::CATALOG];
    let entry = catalogs.into_iter().flatten().find(|entry| entry.code == code);
    entry.copied().unwrap_or(&framing::catalog::ECHO_REQUEST_REFUSED)
}

impl Caller {
    /// Connects. Every later wait takes at most `timeout`.
    ///
    /// # Errors
    /// [`CallFailed::Socket`].
    pub fn connect(
        server: SocketAddr,
        limit: FrameLimit,
        connect_timeout: Duration,
        timeout: Duration,
    ) -> Result<Self, CallFailed> {
        let connected = TcpStream::connect_timeout(&server, connect_timeout.max(SHORTEST_TIMEOUT));
        let stream = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        let stream = stream.map_err(|source| CallFailed::Socket { doing: "connecting", source })?;
        Ok(Caller { stream, decoder: Decoder::new(limit), limit, timeout })
    }

    /// Sends a call, and waits for nothing.
    ///
    /// # Errors
    /// [`CallFailed::Frame`] for a body above the limit, and [`CallFailed::Socket`].
    pub fn send(
        &mut self,
        id: &RequestId,
        budget: Budget,
        importance: Importance,
        body: &[u8],
    ) -> Result<(), CallFailed> {
        let payload = Call { request_id: id.clone(), budget, importance, body }.encode();
        let mut frame = Outgoing::new(&payload, self.limit)?;
        let (stream, until) = (&self.stream, Instant::now() + self.timeout);
        let sent = stream::send(&mut &*stream, &mut frame, || stream.set_write_timeout(Some(left(until)?)));
        sent.map_err(|source| CallFailed::Socket { doing: "sending", source })
    }

    /// The answer that comes next, which has to be this call's: answers come in the order of the calls.
    ///
    /// # Errors
    /// [`CallFailed`]; the connection must not be used after one.
    pub fn receive(&mut self, id: &RequestId) -> Result<Answered, CallFailed> {
        let until = Instant::now() + self.timeout;
        loop {
            if let Some(payload) = self.decoder.next_frame()? {
                return judge(payload, id);
            }
            let waited = left(until).and_then(|left| self.stream.set_read_timeout(Some(left)));
            let received =
                waited.and_then(|()| match stream::receive(&mut self.stream, &mut self.decoder)? {
                    Received::Bytes(_) => Ok(()),
                    Received::End => Err(ErrorKind::UnexpectedEof.into()),
                });
            received.map_err(|source| CallFailed::Socket { doing: "waiting for the answer", source })?;
        }
    }
}

/// What an answer says, and whether it is this call's.
fn judge(payload: &[u8], id: &RequestId) -> Result<Answered, CallFailed> {
    let mismatch = |got: &str| CallFailed::Mismatch { expected: id.clone(), got: got.to_owned() };
    if payload.first() == Some(&KIND_DEFERRAL) {
        let deferral = Deferral::parse(payload)?;
        if deferral.request_id != *id {
            return Err(mismatch(deferral.request_id.as_str()));
        }
        let (code, retry_after) = (deferral.code().to_owned(), deferral.retry_after());
        return Ok(Answered::Deferred { code, retry_after });
    }
    let message = Message::parse(payload).map_err(CallError::RequestId)?;
    match (message.kind, message.request_id) {
        (Kind::Reply, Some(got)) if got == *id => Ok(Answered::Reply { bytes: message.body.len() }),
        (Kind::Reply, Some(got)) => Err(mismatch(got.as_str())),
        (Kind::Refusal, _) => Err(CallFailed::Closed(String::from_utf8_lossy(message.body).into_owned())),
        _ => Err(mismatch("nobody")),
    }
}

impl Answered {
    /// The word for people: a deadline that was missed is not a matter of coming back.
    pub fn word(&self) -> &'static str {
        match self {
            Answered::Reply { .. } => "answered",
            Answered::Deferred { code, .. } if code == catalog::DEADLINE_EXPIRED.code => "expired",
            Answered::Deferred { .. } => "deferred",
        }
    }

    /// An error where the call was not served.
    ///
    /// # Errors
    /// [`CallFailed::Deferred`].
    pub fn into_result(self, id: &RequestId) -> Result<(), CallFailed> {
        match self {
            Answered::Reply { .. } => Ok(()),
            Answered::Deferred { code, .. } => Err(CallFailed::Deferred { id: id.clone(), code }),
        }
    }
}

impl Retryable for Answered {
    fn is_retryable(&self) -> bool {
        match self {
            Answered::Reply { .. } => false,
            Answered::Deferred { code, .. } => crate::patience::passes(code),
        }
    }

    fn wait_at_least(&self) -> Duration {
        match self {
            Answered::Reply { .. } => Duration::ZERO,
            Answered::Deferred { retry_after, .. } => *retry_after,
        }
    }
}

/// Time left until `until`; none left is a timeout like any other.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left.max(SHORTEST_TIMEOUT)) }
}
