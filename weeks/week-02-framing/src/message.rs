//! What an echo frame carries: who asks, what is asked, and the bytes.
//!
//! ```text
//!   0        1          2                2 + n
//!   +--------+----------+----------------+-----------------------+
//!   | kind   | n        | request id     | body                  |
//!   | u8     | u8       | n bytes        | the rest of the frame |
//!   +--------+----------+----------------+-----------------------+
//! ```
//!
//! | kind | name | id | body |
//! | --- | --- | --- | --- |
//! | 1 | request | required | any bytes, also none |
//! | 2 | reply | the request's | the request's body |
//! | 3 | refusal | the request's, or empty where it was never read | a code of the error catalog, such as `FRAME-TOO-LARGE` |
//!
//! This is as little as tracing and honest refusals need; the signed envelope of week 8 takes its place.

use logger::{Coded, ErrorCode};

use crate::catalog;
use crate::request_id::{REQUEST_ID_BYTES_MAX, RequestId};

/// Bytes in front of the request id: kind and id length.
pub const FIXED_HEAD_BYTES: usize = 2;

/// The longest head of a message.
pub const HEAD_BYTES_MAX: usize = FIXED_HEAD_BYTES + REQUEST_ID_BYTES_MAX;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Client to server: send these bytes back.
    Request = 1,
    /// Server to client: here they are.
    Reply = 2,
    /// Server to client: not this, and this is the code; the connection closes.
    Refusal = 3,
}

/// A message, borrowed from the frame that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is for.
    pub kind: Kind,
    /// Whose request; `None` only in a refusal of something that had no readable id.
    pub request_id: Option<RequestId>,
    /// The rest of the frame.
    pub body: &'a [u8],
}

/// Why a frame's payload is not a message. The frame was whole, so the next one could be read; a peer that speaks
/// another language is refused all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The payload ends inside the head.
    #[error("a message head needs {need} bytes and the payload has {have}")]
    ShortHead {
        /// Bytes that the head takes.
        need: usize,
        /// Bytes that are there.
        have: usize,
    },
    /// A kind that nobody defined.
    #[error("message kind {0} is not 1, 2 or 3")]
    UnknownKind(u8),
    /// A message that this side never receives: a request at the client, anything else at the server.
    #[error("a message of kind {0} does not belong in this direction")]
    UnexpectedKind(u8),
    /// An id that is empty, too long or not in the alphabet.
    #[error("a request id of {bytes} bytes is not 1 to {REQUEST_ID_BYTES_MAX} of A-Z a-z 0-9 . _ -")]
    BadRequestId {
        /// Its length.
        bytes: usize,
    },
}

impl Coded for MessageError {
    fn code(&self) -> &'static ErrorCode {
        &catalog::MESSAGE_MALFORMED
    }
}

impl<'a> Message<'a> {
    /// Reads a frame's payload. The body is not looked at.
    ///
    /// # Errors
    /// [`MessageError`], for each way in which the head can be wrong.
    pub fn parse(payload: &'a [u8]) -> Result<Self, MessageError> {
        // lab:hole framing.parse-message
        let have = payload.len();
        let Some((&[kind, id_len], rest)) = payload.split_first_chunk::<FIXED_HEAD_BYTES>() else {
            return Err(MessageError::ShortHead { need: FIXED_HEAD_BYTES, have });
        };
        let kind = Kind::from_byte(kind)?;
        let Some((id, body)) = rest.split_at_checked(usize::from(id_len)) else {
            return Err(MessageError::ShortHead { need: FIXED_HEAD_BYTES + usize::from(id_len), have });
        };
        let request_id = match (kind, id) {
            (Kind::Refusal, []) => None,
            _ => Some(RequestId::from_bytes(id)?),
        };
        Ok(Message { kind, request_id, body })
        // lab:stub todo!("framing.parse-message: kind, id length, id, body; each judged before it is used")
        // lab:end
    }
}

impl Kind {
    fn from_byte(byte: u8) -> Result<Self, MessageError> {
        match byte {
            1 => Ok(Kind::Request),
            2 => Ok(Kind::Reply),
            3 => Ok(Kind::Refusal),
            other => Err(MessageError::UnknownKind(other)),
        }
    }
}

/// The head of a message: what goes in front of the body, ready for [`Outgoing::in_parts`](crate::Outgoing::in_parts).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    len: usize,
}

impl Head {
    /// The head of a message of this kind for this request.
    pub fn new(kind: Kind, request_id: Option<&RequestId>) -> Self {
        let id = request_id.map_or(&[][..], |id| id.as_str().as_bytes());
        let mut bytes = [0; HEAD_BYTES_MAX];
        bytes[0] = kind as u8;
        bytes[1] = id.len() as u8;
        bytes[FIXED_HEAD_BYTES..FIXED_HEAD_BYTES + id.len()].copy_from_slice(id);
        Head { bytes, len: FIXED_HEAD_BYTES + id.len() }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        RequestId::from_bytes(b"r-1").unwrap()
    }

    #[test]
    fn a_message_written_is_the_message_read() {
        for (kind, request_id) in [
            (Kind::Request, Some(id())),
            (Kind::Reply, Some(id())),
            (Kind::Refusal, Some(id())),
            (Kind::Refusal, None),
        ] {
            for body in [&b""[..], b"x", &[0; 300]] {
                let payload = [Head::new(kind, request_id.as_ref()).as_bytes(), body].concat();
                let expected = Message { kind, request_id: request_id.clone(), body };
                assert_eq!(Message::parse(&payload), Ok(expected));
            }
        }
    }

    #[test]
    fn every_head_that_ends_too_early_says_how_much_it_needs() {
        let whole = [Head::new(Kind::Request, Some(&id())).as_bytes(), b""].concat();
        for have in 0..whole.len() {
            let need = if have < FIXED_HEAD_BYTES { FIXED_HEAD_BYTES } else { whole.len() };
            assert_eq!(Message::parse(&whole[..have]), Err(MessageError::ShortHead { need, have }));
        }
        assert!(Message::parse(&whole).is_ok());
    }

    #[test]
    fn an_unknown_kind_and_a_request_without_an_id_are_refused() {
        for kind in (0..=u8::MAX).filter(|kind| !(1..=3).contains(kind)) {
            assert_eq!(Message::parse(&[kind, 1, b'x']), Err(MessageError::UnknownKind(kind)));
        }
        for kind in [1, 2] {
            assert_eq!(Message::parse(&[kind, 0, b'x']), Err(MessageError::BadRequestId { bytes: 0 }));
        }
        assert_eq!(Message::parse(b"\x01\x02a\n"), Err(MessageError::BadRequestId { bytes: 2 }));
    }

    #[test]
    fn the_longest_id_fits_its_head_and_leaves_the_body_alone() {
        let longest = RequestId::from_bytes(&[b'i'; REQUEST_ID_BYTES_MAX]).unwrap();
        let head = Head::new(Kind::Request, Some(&longest));
        assert_eq!(head.as_bytes().len(), HEAD_BYTES_MAX);
        let payload = [head.as_bytes(), b"body"].concat();
        assert_eq!(Message::parse(&payload).unwrap().body, b"body");
    }
}
