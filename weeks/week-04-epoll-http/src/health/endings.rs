//! How connections of the health endpoint end, and what the last words are.

use event_loop::event_loop::OUT_OF_RANGE;
use framing::{CloseReason, Rule, Timeout};

use crate::catalog;

/// The client asked for one answer alone, and has it.
pub(super) static ASKED_TO_CLOSE: Rule = Rule { class: "asked-to-close", code: None, told: true };

/// A request was begun and not finished in time.
static READ_TIMEOUT: Rule =
    Rule { class: "read-timeout", code: Some(&catalog::HTTP_REQUEST_TIMEOUT), told: true };

/// Nothing was asked. It is not told: words that nobody asked for would be taken for the answer to the next request,
/// which may be on its way already.
static IDLE_TIMEOUT: Rule =
    Rule { class: "idle-timeout", code: Some(&catalog::HTTP_REQUEST_IDLE), told: false };

/// The peer left inside a request.
pub(super) static TRUNCATED: Rule =
    Rule { class: "truncated-request", code: Some(&catalog::HTTP_REQUEST_TRUNCATED), told: false };

/// The end that a missed deadline means here.
pub(super) fn of_timeout(timeout: Timeout) -> CloseReason {
    match timeout {
        Timeout::Idle => CloseReason::Rule(&IDLE_TIMEOUT),
        Timeout::Read => CloseReason::Rule(&READ_TIMEOUT),
    }
}

/// The status of the last words to a peer that is still owed an answer; `None` where it is owed none, because it was
/// given one already or has asked nothing.
pub(super) fn status_of(reason: CloseReason) -> Option<u16> {
    match reason {
        CloseReason::Rule(rule) if *rule == READ_TIMEOUT => Some(408),
        CloseReason::Busy | CloseReason::DrainDeadline => Some(503),
        CloseReason::Rule(rule) if *rule == OUT_OF_RANGE => Some(503),
        _ => None,
    }
}
