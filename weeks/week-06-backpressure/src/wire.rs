//! Two kinds of message beside week 2's three: a request that carries its deadline, and a refusal that carries a date.
//!
//! ```text
//!   0        1       2             2+n                 6+n          7+n
//!   +--------+-------+-------------+-------------------+------------+------------------+
//!   | kind 4 | n     | request id  | budget_ms         | importance | body             |
//!   | u8     | u8    | n bytes     | u32, big endian   | u8         | the rest         |
//!   +--------+-------+-------------+-------------------+------------+------------------+
//!
//!   +--------+-------+-------------+-------------------+-------------------------------+
//!   | kind 5 | n     | request id  | retry_after_ms    | code                          |
//!   | u8     | u8    | n bytes     | u32, big endian   | the rest: 1 to 64 of A-Z 0-9 -|
//!   +--------+-------+-------------+-------------------+-------------------------------+
//! ```
//!
//! | kind | name | direction | what follows |
//! | --- | --- | --- | --- |
//! | 4 | call | client to server | a reply of kind 2, or a deferral, under the same id |
//! | 5 | deferral | server to client | the connection lives on, and the client comes back when it was told to |
//!
//! A refusal of kind 3 ends its connection; under overload that would make everybody connect anew, which costs more
//! than the request did. A deferral ends only the request.
//!
//! **Versions.** The kinds 1 to 3 mean what they meant, so a client of week 2 is served as before: it sends kind 1,
//! and is never sent a kind 5, since only a call is answered by a deferral. A server of week 2 refuses a call as
//! `MESSAGE-MALFORMED` and closes. A client may take that for "does not know calls", and ask once more with kind 1.

use std::time::Duration;

use framing::{MessageError, REQUEST_ID_BYTES_MAX, RequestId};
use logger::{Coded, ErrorCode};

use crate::admission::Importance;
use crate::budget::Budget;
use crate::catalog;
use crate::range::{OutOfRange, within};

/// A request with its budget.
pub const KIND_CALL: u8 = 4;

/// Not now.
pub const KIND_DEFERRAL: u8 = 5;

/// The longest pause that a deferral can ask for: ten minutes. A client that believed more could be sent to sleep for
/// good.
pub const RETRY_AFTER_MS_MAX: u32 = 600_000;

/// The longest code: 64 bytes.
pub const CODE_BYTES_MAX: usize = 64;

/// Bytes in front of the request id: kind and id length.
const FIXED_HEAD_BYTES: usize = 2;

/// The longest head of a call: kind, id length, id, budget and importance.
pub const CALL_HEAD_BYTES_MAX: usize = FIXED_HEAD_BYTES + REQUEST_ID_BYTES_MAX + 4 + 1;

/// Why a frame's payload is neither call nor deferral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The payload ends inside the head.
    #[error("the head needs {need} bytes and the payload has {have}")]
    ShortHead {
        /// Bytes that the head takes, as far as that is known.
        need: usize,
        /// Bytes that are there.
        have: usize,
    },
    /// Another kind of message.
    #[error("the message has kind {found}, not {wanted}")]
    OtherKind {
        /// Its kind.
        found: u8,
        /// The kind that was read for.
        wanted: u8,
    },
    /// The id is none.
    #[error(transparent)]
    RequestId(MessageError),
    /// The budget or the pause is outside of its range.
    #[error(transparent)]
    Range(OutOfRange),
    /// An importance that nobody defined.
    #[error("importance {0} is neither 0 nor 1")]
    Importance(u8),
    /// A code that is empty, too long or not in the alphabet.
    #[error("a code of {bytes} bytes is not 1 to {CODE_BYTES_MAX} of A-Z 0-9 -")]
    Code {
        /// Its length.
        bytes: usize,
    },
}

impl Coded for CallError {
    fn code(&self) -> &'static ErrorCode {
        &catalog::CALL_MALFORMED
    }
}

/// A request that says how long its client waits, borrowed from the frame that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// Whose request.
    pub request_id: RequestId,
    /// How long the client waits.
    pub budget: Budget,
    /// How much depends on it.
    pub importance: Importance,
    /// What is asked.
    pub body: &'a [u8],
}

impl<'a> Call<'a> {
    /// Reads a frame's payload. The body is not looked at.
    ///
    /// # Errors
    /// [`CallError`], for each way in which the head can be wrong.
    pub fn parse(payload: &'a [u8]) -> Result<Self, CallError> {
        // lab:hole backpressure.parse-call
        let (request_id, rest) = id_of(payload, KIND_CALL, 5)?;
        let (millis, rest) = u32_of(rest);
        let budget = Budget::from_millis(millis).map_err(CallError::Range)?;
        let (importance, body) = match rest {
            [0, body @ ..] => (Importance::Ordinary, body),
            [1, body @ ..] => (Importance::Optional, body),
            _ => return Err(CallError::Importance(rest.first().copied().unwrap_or_default())),
        };
        Ok(Call { request_id, budget, importance, body })
        // lab:stub todo!("backpressure.parse-call: id, budget, importance, body; each judged before it is used")
        // lab:end
    }

    /// The payload of its frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = head(KIND_CALL, &self.request_id, self.budget.millis(), 1 + self.body.len());
        payload.push(self.importance as u8);
        payload.extend_from_slice(self.body);
        payload
    }
}

/// A request that was not served, and when to ask again, borrowed from the frame that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferral<'a> {
    /// Whose request.
    pub request_id: RequestId,
    /// Whole milliseconds; zero where the server asks for no pause.
    retry_after_ms: u32,
    /// A code of the error catalog, such as `OVERLOAD-REJECTED`.
    code: &'a str,
}

impl<'a> Deferral<'a> {
    /// A refusal of this request under a code of the catalog. The pause is rounded up to a millisecond, and cut at
    /// [`RETRY_AFTER_MS_MAX`].
    pub fn new(request_id: RequestId, retry_after: Duration, code: &'static ErrorCode) -> Deferral<'static> {
        let millis = retry_after.as_nanos().div_ceil(1_000_000).min(u128::from(RETRY_AFTER_MS_MAX));
        Deferral { request_id, retry_after_ms: millis as u32, code: code.code }
    }

    /// The pause that the server asks for.
    pub fn retry_after(&self) -> Duration {
        Duration::from_millis(u64::from(self.retry_after_ms))
    }

    /// The code: 1 to [`CODE_BYTES_MAX`] of `A-Z 0-9 -`.
    pub fn code(&self) -> &'a str {
        self.code
    }

    /// Reads a frame's payload.
    ///
    /// # Errors
    /// [`CallError`], for each way in which it can be wrong.
    pub fn parse(payload: &'a [u8]) -> Result<Self, CallError> {
        let (request_id, rest) = id_of(payload, KIND_DEFERRAL, 4)?;
        let (retry_after_ms, code) = u32_of(rest);
        let most = u64::from(RETRY_AFTER_MS_MAX);
        within("the pause in milliseconds", u64::from(retry_after_ms), 0..=most).map_err(CallError::Range)?;
        let fits = (1..=CODE_BYTES_MAX).contains(&code.len());
        let clean = code.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-');
        match std::str::from_utf8(code) {
            Ok(code) if fits && clean => Ok(Deferral { request_id, retry_after_ms, code }),
            _ => Err(CallError::Code { bytes: code.len() }),
        }
    }

    /// The payload of its frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = head(KIND_DEFERRAL, &self.request_id, self.retry_after_ms, self.code.len());
        payload.extend_from_slice(self.code.as_bytes());
        payload
    }
}

/// Kind, id length and id, of which at least `fixed` bytes follow; and what follows.
fn id_of(payload: &[u8], wanted: u8, fixed: usize) -> Result<(RequestId, &[u8]), CallError> {
    let have = payload.len();
    let Some((&[found, id_len], rest)) = payload.split_first_chunk::<FIXED_HEAD_BYTES>() else {
        return Err(CallError::ShortHead { need: FIXED_HEAD_BYTES, have });
    };
    if found != wanted {
        return Err(CallError::OtherKind { found, wanted });
    }
    let need = FIXED_HEAD_BYTES + usize::from(id_len) + fixed;
    if have < need {
        return Err(CallError::ShortHead { need, have });
    }
    let (id, rest) = rest.split_at(usize::from(id_len));
    Ok((RequestId::from_bytes(id).map_err(CallError::RequestId)?, rest))
}

/// A number in big endian, and what follows. [`id_of`] has seen to it that four bytes are there.
fn u32_of(bytes: &[u8]) -> (u32, &[u8]) {
    match bytes.split_first_chunk::<4>() {
        Some((number, rest)) => (u32::from_be_bytes(*number), rest),
        None => (0, &[]),
    }
}

fn head(kind: u8, id: &RequestId, number: u32, rest: usize) -> Vec<u8> {
    let id = id.as_str().as_bytes();
    let mut payload = Vec::with_capacity(FIXED_HEAD_BYTES + id.len() + 4 + rest);
    payload.extend_from_slice(&[kind, id.len() as u8]);
    payload.extend_from_slice(id);
    payload.extend_from_slice(&number.to_be_bytes());
    payload
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
