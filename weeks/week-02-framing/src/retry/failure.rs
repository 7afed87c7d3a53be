//! How one attempt can fail, and whether another one could succeed.

use std::fmt;
use std::io;
use std::time::Duration;

use logger::{Coded, ErrorCode};

use crate::{FrameError, catalog};

/// What a schedule has to know of a failure, whichever protocol it comes from.
pub trait Retryable {
    /// True where the same request may succeed a moment later.
    fn is_retryable(&self) -> bool;

    /// The pause that the other side asked for; none unless it did.
    fn wait_at_least(&self) -> Duration {
        Duration::ZERO
    }
}

impl<F: Retryable> Retryable for &F {
    fn is_retryable(&self) -> bool {
        F::is_retryable(self)
    }

    fn wait_at_least(&self) -> Duration {
        F::wait_at_least(self)
    }
}

/// Who could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The way there: no connection, or one that broke.
    Transport,
    /// The server answered, with a refusal.
    Refusal,
    /// One of both sides broke the protocol.
    Protocol,
}

/// The ways in which an attempt fails. `fixtures/retry-table.yaml` has one row for each, and a test compares the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Nobody listens at the address.
    ConnectRefused,
    /// No answer to the connect within its deadline.
    ConnectTimeout,
    /// The address cannot be reached, or the system could not connect for another reason.
    ConnectFailed,
    /// The connection was reset.
    Reset,
    /// The server closed before the whole reply was here.
    Disconnected,
    /// The reply did not come in time.
    ReplyTimeout,
    /// All connections of the server are taken.
    RefusedBusy,
    /// The server is stopping.
    RefusedStopping,
    /// The server found this connection too quiet or too slow.
    RefusedSlow,
    /// The server found the request itself at fault.
    RefusedRequest,
    /// The request is over the client's own frame limit.
    RequestTooLarge,
    /// The reply is not a frame, or not a message.
    ReplyMalformed,
    /// The reply belongs to another request or carries other bytes.
    ReplyMismatch,
}

impl FailureKind {
    /// All of them, in the order of the table.
    pub const ALL: [FailureKind; 13] = [
        FailureKind::ConnectRefused,
        FailureKind::ConnectTimeout,
        FailureKind::ConnectFailed,
        FailureKind::Reset,
        FailureKind::Disconnected,
        FailureKind::ReplyTimeout,
        FailureKind::RefusedBusy,
        FailureKind::RefusedStopping,
        FailureKind::RefusedSlow,
        FailureKind::RefusedRequest,
        FailureKind::RequestTooLarge,
        FailureKind::ReplyMalformed,
        FailureKind::ReplyMismatch,
    ];

    /// True where the same request may succeed later. An echo changes nothing on the server, so even a request that
    /// may have been served is safe to send again; week 12 has to earn that with request ids.
    pub fn is_retryable(self) -> bool {
        // lab:hole framing.retryable
        match self {
            FailureKind::ConnectRefused
            | FailureKind::ConnectTimeout
            | FailureKind::ConnectFailed
            | FailureKind::Reset
            | FailureKind::Disconnected
            | FailureKind::ReplyTimeout
            | FailureKind::RefusedBusy
            | FailureKind::RefusedStopping
            | FailureKind::RefusedSlow => true,
            FailureKind::RefusedRequest
            | FailureKind::RequestTooLarge
            | FailureKind::ReplyMalformed
            | FailureKind::ReplyMismatch => false,
        }
        // lab:stub todo!("framing.retryable: could the same request succeed a moment later?")
        // lab:end
    }

    /// Who could not go on.
    pub fn side(self) -> Side {
        match self {
            FailureKind::ConnectRefused
            | FailureKind::ConnectTimeout
            | FailureKind::ConnectFailed
            | FailureKind::Reset
            | FailureKind::Disconnected
            | FailureKind::ReplyTimeout => Side::Transport,
            FailureKind::RefusedBusy
            | FailureKind::RefusedStopping
            | FailureKind::RefusedSlow
            | FailureKind::RefusedRequest => Side::Refusal,
            FailureKind::RequestTooLarge | FailureKind::ReplyMalformed | FailureKind::ReplyMismatch => {
                Side::Protocol
            }
        }
    }

    /// The stable word for logs and tables.
    pub fn class(self) -> &'static str {
        match self {
            FailureKind::ConnectRefused => "connect-refused",
            FailureKind::ConnectTimeout => "connect-timeout",
            FailureKind::ConnectFailed => "connect-failed",
            FailureKind::Reset => "reset",
            FailureKind::Disconnected => "disconnected",
            FailureKind::ReplyTimeout => "reply-timeout",
            FailureKind::RefusedBusy => "refused-busy",
            FailureKind::RefusedStopping => "refused-stopping",
            FailureKind::RefusedSlow => "refused-slow",
            FailureKind::RefusedRequest => "refused-request",
            FailureKind::RequestTooLarge => "request-too-large",
            FailureKind::ReplyMalformed => "reply-malformed",
            FailureKind::ReplyMismatch => "reply-mismatch",
        }
    }

    /// The catalog entry.
    pub fn code(self) -> &'static ErrorCode {
        match self {
            FailureKind::ConnectRefused => &catalog::ECHO_CONNECT_REFUSED,
            FailureKind::ConnectTimeout => &catalog::ECHO_CONNECT_TIMEOUT,
            FailureKind::ConnectFailed => &catalog::ECHO_CONNECT_FAILED,
            FailureKind::Reset => &catalog::ECHO_RESET,
            FailureKind::Disconnected => &catalog::ECHO_DISCONNECTED,
            FailureKind::ReplyTimeout => &catalog::ECHO_REPLY_TIMEOUT,
            FailureKind::RefusedBusy => &catalog::ECHO_BUSY,
            FailureKind::RefusedStopping => &catalog::ECHO_STOPPING,
            FailureKind::RefusedSlow => &catalog::ECHO_READ_TIMEOUT,
            FailureKind::RefusedRequest => &catalog::ECHO_REQUEST_REFUSED,
            FailureKind::RequestTooLarge => &catalog::FRAME_TOO_LARGE,
            FailureKind::ReplyMalformed => &catalog::ECHO_REPLY_MALFORMED,
            FailureKind::ReplyMismatch => &catalog::ECHO_REPLY_MISMATCH,
        }
    }

    /// The kind that a refusal's code stands for. A code that this client does not know is taken as final: retrying
    /// what one does not understand is how storms begin.
    pub fn of_refusal(code: &str) -> Self {
        match code {
            "ECHO-BUSY" => FailureKind::RefusedBusy,
            "ECHO-STOPPING" | "ECHO-DRAIN-DEADLINE" => FailureKind::RefusedStopping,
            "ECHO-IDLE-TIMEOUT" | "ECHO-READ-TIMEOUT" => FailureKind::RefusedSlow,
            _ => FailureKind::RefusedRequest,
        }
    }

    /// The kind that a failed connect stands for.
    pub fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => FailureKind::ConnectRefused,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FailureKind::ConnectTimeout,
            _ => FailureKind::ConnectFailed,
        }
    }

    /// The kind that a failed read or write stands for, once connected.
    pub fn of_stream(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FailureKind::ReplyTimeout,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => FailureKind::Disconnected,
            _ => FailureKind::Reset,
        }
    }

    /// The kind that a frame error in a reply stands for: an end inside a frame is the connection's failure, a bad
    /// header is the server's.
    pub fn of_reply(error: FrameError) -> Self {
        match error {
            FrameError::ShortHeader { .. } | FrameError::Truncated { .. } => FailureKind::Disconnected,
            _ => FailureKind::ReplyMalformed,
        }
    }
}

impl Retryable for FailureKind {
    fn is_retryable(&self) -> bool {
        FailureKind::is_retryable(*self)
    }
}

/// A failed attempt: its kind, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// What was seen, for people.
    pub detail: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Failure { kind, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Failure {}

impl Retryable for Failure {
    fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }
}

impl Coded for Failure {
    fn code(&self) -> &'static ErrorCode {
        self.kind.code()
    }
}
