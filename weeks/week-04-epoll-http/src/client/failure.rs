//! How one attempt can fail, in which phase, and whether another one could succeed.

use std::fmt;
use std::io;
use std::time::Duration;

use framing::retry::Retryable;
use logger::{Coded, ErrorCode};

use super::Phase;
use crate::catalog;
use crate::http::{ParseError, Response};

/// The longest pause that a server can ask for: one hour. Whoever says more is not waited for at all, since no budget is
/// that long.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// The ways in which an attempt fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The name has no address, or the resolver could not say.
    ResolveFailed,
    /// The resolver did not answer in time.
    ResolveTimeout,
    /// Too many lookups still wait for the resolver.
    ResolveBusy,
    /// Nobody listens at the address.
    ConnectRefused,
    /// No handshake in time.
    ConnectTimeout,
    /// The system could not connect for another reason.
    ConnectFailed,
    /// The server did not take the request in time.
    WriteTimeout,
    /// No byte of an answer came in time.
    FirstByteTimeout,
    /// The answer was not complete in time.
    BodyTimeout,
    /// The budget ended before the phase's own deadline.
    BudgetSpent,
    /// The connection was reset.
    Reset,
    /// The connection ended before any byte of an answer.
    Closed,
    /// The socket failed in another way.
    Socket,
    /// The bytes that came are no answer, not a whole one, or above a limit.
    Answer(ParseError),
    /// The server says that it cannot serve the request now.
    Unavailable {
        /// 429, 502, 503 or 504.
        status: u16,
    },
}

impl FailureKind {
    /// True where the same request may succeed a moment later.
    pub fn is_retryable(self) -> bool {
        // lab:hole epoll-http.retryable
        match self {
            FailureKind::ResolveFailed
            | FailureKind::ResolveTimeout
            | FailureKind::ResolveBusy
            | FailureKind::ConnectRefused
            | FailureKind::ConnectTimeout
            | FailureKind::ConnectFailed
            | FailureKind::WriteTimeout
            | FailureKind::FirstByteTimeout
            | FailureKind::BodyTimeout
            | FailureKind::Reset
            | FailureKind::Closed
            | FailureKind::Socket
            | FailureKind::Unavailable { .. } => true,
            // An end that comes too early is the connection's fault. Bytes that are wrong are wrong again.
            FailureKind::Answer(error) => error.is_truncation(),
            FailureKind::BudgetSpent => false,
        }
        // lab:stub todo!("epoll-http.retryable: could the same request succeed a moment later?")
        // lab:end
    }

    /// The stable word for logs and tables.
    pub fn class(self) -> &'static str {
        match self {
            FailureKind::ResolveFailed => "resolve-failed",
            FailureKind::ResolveTimeout => "resolve-timeout",
            FailureKind::ResolveBusy => "resolve-busy",
            FailureKind::ConnectRefused => "connect-refused",
            FailureKind::ConnectTimeout => "connect-timeout",
            FailureKind::ConnectFailed => "connect-failed",
            FailureKind::WriteTimeout => "write-timeout",
            FailureKind::FirstByteTimeout => "first-byte-timeout",
            FailureKind::BodyTimeout => "body-timeout",
            FailureKind::BudgetSpent => "budget-spent",
            FailureKind::Reset => "reset",
            FailureKind::Closed => "closed",
            FailureKind::Socket => "socket",
            FailureKind::Answer(error) => error.class(),
            FailureKind::Unavailable { .. } => "unavailable",
        }
    }

    /// The catalog entry.
    pub fn code(self) -> &'static ErrorCode {
        match self {
            FailureKind::ResolveFailed => &catalog::HTTP_RESOLVE_FAILED,
            FailureKind::ResolveTimeout => &catalog::HTTP_RESOLVE_TIMEOUT,
            FailureKind::ResolveBusy => &catalog::HTTP_RESOLVE_BUSY,
            FailureKind::ConnectRefused => &catalog::HTTP_CONNECT_REFUSED,
            FailureKind::ConnectTimeout => &catalog::HTTP_CONNECT_TIMEOUT,
            FailureKind::ConnectFailed => &catalog::HTTP_CONNECT_FAILED,
            FailureKind::WriteTimeout => &catalog::HTTP_WRITE_TIMEOUT,
            FailureKind::FirstByteTimeout => &catalog::HTTP_FIRST_BYTE_TIMEOUT,
            FailureKind::BodyTimeout => &catalog::HTTP_BODY_TIMEOUT,
            FailureKind::BudgetSpent => &catalog::HTTP_BUDGET_SPENT,
            FailureKind::Reset => &catalog::HTTP_RESET,
            FailureKind::Closed => &catalog::HTTP_CLOSED,
            FailureKind::Socket => &catalog::HTTP_SOCKET,
            FailureKind::Answer(error) => error.code(),
            FailureKind::Unavailable { .. } => &catalog::HTTP_UNAVAILABLE,
        }
    }

    /// The kind that a failed connect stands for.
    pub(super) fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => FailureKind::ConnectRefused,
            // The kernel's own patience, which ends long after ours.
            io::ErrorKind::TimedOut => FailureKind::ConnectTimeout,
            _ => FailureKind::ConnectFailed,
        }
    }

    /// The kind that a failed read or write stands for.
    pub(super) fn of_stream(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                FailureKind::Reset
            }
            _ => FailureKind::Socket,
        }
    }
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed.
    pub kind: FailureKind,
    /// Where in the request.
    pub phase: Phase,
    /// What was seen, for people.
    pub detail: String,
    /// True where the request may be sent twice.
    pub repeatable: bool,
    /// The pause that the server asked for.
    pub retry_after: Duration,
}

impl Failure {
    /// A failure of a request that may be sent twice.
    pub fn new(kind: FailureKind, phase: Phase, detail: impl Into<String>) -> Self {
        Failure { kind, phase, detail: detail.into(), repeatable: true, retry_after: Duration::ZERO }
    }

    /// The failure that an answer stands for whose status says "not now".
    pub(super) fn of_answer(response: &Response) -> Option<Self> {
        let status = response.head.status;
        if !matches!(status, 429 | 502 | 503 | 504) {
            return None;
        }
        let kind = FailureKind::Unavailable { status };
        let failure = Failure::new(kind, Phase::Body, format!("the server answered {status}"));
        let asked = response.head.fields.get("Retry-After");
        Some(Failure { retry_after: asked.map_or(Duration::ZERO, retry_after), ..failure })
    }

    /// True where a connection that was used before turns out to be dead: it ended before any byte of an answer, which
    /// says that the server closed it while it was idle, and says nothing about the request.
    pub(super) fn is_stale(&self) -> bool {
        // lab:hole epoll-http.stale-connection
        let ended = matches!(self.kind, FailureKind::Closed | FailureKind::Reset);
        let unanswered = matches!(self.phase, Phase::Write | Phase::FirstByte);
        ended && unanswered && self.repeatable
        // lab:stub todo!("epoll-http.stale-connection: ended, before any byte of the answer, and safe to send again")
        // lab:end
    }
}

impl Retryable for Failure {
    /// A request that must not be sent twice may still be tried again while nothing of it was sent.
    fn is_retryable(&self) -> bool {
        self.kind.is_retryable() && (self.repeatable || self.phase < Phase::Write)
    }

    fn wait_at_least(&self) -> Duration {
        self.retry_after
    }
}

/// The pause in a Retry-After field, as seconds. A date is not understood and asks for nothing: our clock and the
/// server's need not agree.
fn retry_after(value: &[u8]) -> Duration {
    let plain = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let seconds = std::str::from_utf8(value).ok().filter(|_| plain).map(|text| text.parse::<u64>());
    match seconds {
        None => Duration::ZERO,
        Some(Ok(seconds)) => Duration::from_secs(seconds).min(RETRY_AFTER_MAX),
        Some(Err(_)) => RETRY_AFTER_MAX,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.phase.word(), self.detail)
    }
}

impl std::error::Error for Failure {}

impl Coded for Failure {
    fn code(&self) -> &'static ErrorCode {
        self.kind.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_and_nothing_else_and_ends_at_an_hour() {
        for (value, seconds) in
            [("0", 0), ("7", 7), ("3600", 3600), ("3601", 3600), ("99999999999999999999", 3600)]
        {
            assert_eq!(retry_after(value.as_bytes()), Duration::from_secs(seconds), "{value}");
        }
        for ignored in ["", "-1", "+1", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT"] {
            assert_eq!(retry_after(ignored.as_bytes()), Duration::ZERO, "{ignored}");
        }
    }

    #[test]
    fn a_request_that_must_not_be_sent_twice_is_tried_again_only_while_nothing_was_sent() {
        for phase in Phase::ALL {
            let failure = Failure { repeatable: false, ..Failure::new(FailureKind::Reset, phase, "") };
            assert_eq!(failure.is_retryable(), phase < Phase::Write, "{phase:?}");
            assert!(!failure.is_stale());
        }
    }

    #[test]
    fn only_an_end_before_any_byte_of_the_answer_makes_a_connection_stale() {
        let stale = |kind, phase| Failure::new(kind, phase, "").is_stale();
        assert!(stale(FailureKind::Closed, Phase::FirstByte));
        assert!(stale(FailureKind::Reset, Phase::FirstByte) && stale(FailureKind::Reset, Phase::Write));
        assert!(!stale(FailureKind::Reset, Phase::Body), "an answer had begun");
        assert!(!stale(FailureKind::Reset, Phase::Connect), "nothing was reused");
        assert!(!stale(FailureKind::FirstByteTimeout, Phase::FirstByte), "slow is not gone");
        let wrong = FailureKind::Answer(ParseError::BadVersion);
        assert!(!stale(wrong, Phase::FirstByte) && !wrong.is_retryable());
    }

    #[test]
    fn an_answer_cut_short_may_be_asked_for_again_and_one_that_is_wrong_may_not() {
        for (error, again) in [
            (ParseError::TruncatedHead { have: 1 }, true),
            (ParseError::TruncatedBody { have: 1, want: 2 }, true),
            (ParseError::TruncatedChunk { have: 1 }, true),
            (ParseError::RepeatedLength, false),
            (ParseError::BodyTooLarge { limit: 1 }, false),
        ] {
            assert_eq!(FailureKind::Answer(error).is_retryable(), again, "{error:?}");
        }
        assert!(!FailureKind::BudgetSpent.is_retryable());
    }
}
