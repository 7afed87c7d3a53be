//! Why a connection ended: one reason for each close, logged once, and told to the peer where it can still hear it.

use std::io::ErrorKind;
use std::net::SocketAddr;

use logger::{Coded, ErrorCode};

use crate::deadline::Timeout;
use crate::{FrameError, MessageError, catalog};

/// Why the server closed a connection, or found it closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer finished sending, between two frames. The one ordinary end.
    PeerFinished,
    /// The stream broke the frame format, or ended inside a frame.
    Frame(FrameError),
    /// A whole frame was not a message, or not a request.
    Message(MessageError),
    /// No frame was begun within the idle deadline.
    IdleTimeout,
    /// A frame was begun and not finished within the read deadline.
    ReadTimeout,
    /// The peer did not take an answer within the write deadline.
    WriteTimeout,
    /// The peer reset the connection.
    PeerReset,
    /// The socket failed in another way.
    Io(ErrorKind),
    /// All connections were taken when this one came.
    Busy,
    /// The server stops, and this connection was between two frames.
    Stopping,
    /// The server stops, and this connection was still inside a frame at the end of the drain.
    DrainDeadline,
    /// The thread that served the connection panicked.
    Bug,
    /// A rule that a later layer has added: a bound of its server, a protocol of its own.
    Rule(&'static Rule),
}

/// A reason of a later layer, which brings its own words.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable word for logs and tables.
    pub class: &'static str,
    /// The entry in that layer's catalog; `None` for an end that is ordinary there.
    pub code: Option<&'static ErrorCode>,
    /// True where the peer can still be told.
    pub told: bool,
}

impl CloseReason {
    /// The stable word for logs and tables.
    pub fn class(self) -> &'static str {
        match self {
            CloseReason::PeerFinished => "peer-finished",
            CloseReason::Frame(FrameError::ShortHeader { .. }) => "short-header",
            CloseReason::Frame(FrameError::Truncated { .. }) => "truncated-payload",
            CloseReason::Frame(FrameError::TooLarge { .. }) => "oversize",
            CloseReason::Frame(FrameError::Empty) => "zero-length",
            CloseReason::Frame(FrameError::LimitOutOfRange { .. }) | CloseReason::Bug => "bug",
            CloseReason::Message(_) => "malformed-message",
            CloseReason::IdleTimeout => "idle-timeout",
            CloseReason::ReadTimeout => "read-timeout",
            CloseReason::WriteTimeout => "write-timeout",
            CloseReason::PeerReset => "peer-reset",
            CloseReason::Io(_) => "io-error",
            CloseReason::Busy => "busy",
            CloseReason::Stopping => "stopping",
            CloseReason::DrainDeadline => "drain-deadline",
            CloseReason::Rule(rule) => rule.class,
        }
    }

    /// The catalog entry; `None` for the ordinary end.
    pub fn code(self) -> Option<&'static ErrorCode> {
        match self {
            CloseReason::PeerFinished => None,
            CloseReason::Frame(error) => Some(error.code()),
            CloseReason::Message(error) => Some(error.code()),
            CloseReason::IdleTimeout => Some(&catalog::ECHO_IDLE_TIMEOUT),
            CloseReason::ReadTimeout => Some(&catalog::ECHO_READ_TIMEOUT),
            CloseReason::WriteTimeout => Some(&catalog::ECHO_WRITE_TIMEOUT),
            CloseReason::PeerReset => Some(&catalog::ECHO_RESET),
            CloseReason::Io(_) => Some(&catalog::ECHO_SOCKET),
            CloseReason::Busy => Some(&catalog::ECHO_BUSY),
            CloseReason::Stopping => Some(&catalog::ECHO_STOPPING),
            CloseReason::DrainDeadline => Some(&catalog::ECHO_DRAIN_DEADLINE),
            CloseReason::Bug => Some(&catalog::ECHO_BUG),
            CloseReason::Rule(rule) => rule.code,
        }
    }

    /// True where the peer may still be listening and can use the reason: it gets a refusal with the code. A peer that
    /// left, or that takes no bytes, gets none.
    pub fn is_told(self) -> bool {
        match self {
            CloseReason::Rule(rule) => rule.told,
            CloseReason::Frame(FrameError::TooLarge { .. } | FrameError::Empty)
            | CloseReason::Message(_)
            | CloseReason::IdleTimeout
            | CloseReason::ReadTimeout
            | CloseReason::Busy
            | CloseReason::Stopping
            | CloseReason::DrainDeadline => true,
            CloseReason::PeerFinished
            | CloseReason::Frame(_)
            | CloseReason::WriteTimeout
            | CloseReason::PeerReset
            | CloseReason::Io(_)
            | CloseReason::Bug => false,
        }
    }

    /// What went wrong, in numbers where there are some; for the log.
    pub fn detail(self) -> String {
        match self {
            CloseReason::Frame(error) => error.to_string(),
            CloseReason::Message(error) => error.to_string(),
            CloseReason::Io(kind) => kind.to_string(),
            CloseReason::PeerFinished => "the peer finished between two frames".into(),
            CloseReason::Rule(Rule { class, code: None, .. }) => (*class).into(),
            other => other.code().map_or("", |code| code.meaning.trim_end_matches('.')).into(),
        }
    }

    /// The one record that every connection leaves at its end.
    pub fn log(self, connection: u64, peer: SocketAddr, answers: u64) {
        let (result, why) = (self.class(), self.detail());
        match self.code() {
            None => tracing::info!(result, connection, %peer, answers, "closed: {why}"),
            Some(code) => {
                tracing::warn!(result, error_code = code.code, connection, %peer, answers, "closed: {why}");
            }
        }
    }

    /// The reason that an error of the socket stands for.
    pub fn of_io(kind: ErrorKind) -> Self {
        // lab:hole framing.classify-io
        match kind {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
                CloseReason::PeerReset
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => CloseReason::WriteTimeout,
            other => CloseReason::Io(other),
        }
        // lab:stub todo!("framing.classify-io: which errors of a socket mean that the peer is gone, and which time")
        // lab:end
    }
}

impl From<Timeout> for CloseReason {
    fn from(timeout: Timeout) -> Self {
        match timeout {
            Timeout::Idle => CloseReason::IdleTimeout,
            Timeout::Read => CloseReason::ReadTimeout,
        }
    }
}
