//! What a server says to one request, or to a connection. The fields are in the order in which they lie on the wire.
//!
//! ```text
//!    2 | n | id (n bytes) | body                              the reply to a request or a call
//!    3 | n | id           | code                              refused; without an id: the connection is
//!    5 | n | id           | retry_after_ms: u32 BE | code     rejected for now; without an id as above
//! ```

use std::time::Duration;

use crate::wire::{KIND_REFUSAL, KIND_REPLY};

/// A call: a request with a deadline.
pub(crate) const KIND_CALL: u8 = 4;
/// See above.
pub(crate) const KIND_REJECTION: u8 = 5;
/// The longest id.
pub(crate) const ID_BYTES_MAX: usize = 64;
/// The longest code; a longer one is no code.
pub(crate) const CODE_BYTES_MAX: usize = 64;
/// The longest payload that is not a reply.
pub(crate) const REFUSAL_BYTES_MAX: usize = 2 + ID_BYTES_MAX + 4 + CODE_BYTES_MAX;

/// One answer, borrowed from the frame's payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    Reply { id: &'a [u8], body: &'a [u8] },
    Refusal { id: &'a [u8], code: &'a str, retry_after: Option<Duration> },
}

/// The answer in a payload; `None` where there is none.
pub(crate) fn parse(payload: &[u8]) -> Option<Answer<'_>> {
    let [kind, id_bytes, rest @ ..] = payload else { return None };
    let (id, rest) = rest.split_at_checked(usize::from(*id_bytes))?;
    if id.len() > ID_BYTES_MAX {
        return None;
    }
    match *kind {
        KIND_REPLY if !id.is_empty() => Some(Answer::Reply { id, body: rest }),
        KIND_REFUSAL => Some(Answer::Refusal { id, code: code(rest)?, retry_after: None }),
        KIND_REJECTION => {
            let (ms, rest) = rest.split_first_chunk::<4>()?;
            let retry_after = Duration::from_millis(u32::from_be_bytes(*ms).into());
            Some(Answer::Refusal { id, code: code(rest)?, retry_after: Some(retry_after) })
        }
        _ => None,
    }
}

fn code(bytes: &[u8]) -> Option<&str> {
    let is_code = (1..=CODE_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if is_code { std::str::from_utf8(bytes).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_is_read() {
        assert_eq!(parse(b"\x02\x03r-1body"), Some(Answer::Reply { id: b"r-1", body: b"body" }));
        assert_eq!(parse(b"\x02\x03r-1"), Some(Answer::Reply { id: b"r-1", body: b"" }));
        let refusal = |id, code, retry_after| Some(Answer::Refusal { id, code, retry_after });
        assert_eq!(parse(b"\x03\x03r-1POOL-FULL"), refusal(b"r-1", "POOL-FULL", None));
        assert_eq!(parse(b"\x03\x00TOO-MANY"), refusal(b"", "TOO-MANY", None));
        let after = Some(Duration::from_millis(258));
        assert_eq!(parse(b"\x05\x03r-1\0\0\x01\x02SHED"), refusal(b"r-1", "SHED", after));
    }

    #[test]
    fn what_is_cut_short_or_of_another_kind_is_no_answer() {
        for payload in [
            &b""[..],
            b"\x02",
            b"\x02\x00body",
            b"\x02\x04r-1",
            b"\x03\x03r-1",
            b"\x05\x03r-1\0\0\0",
            b"\x05\x03r-1\0\0\0\0",
            b"\x01\x03r-1body",
            b"\x04\x03r-1body",
            b"\x06\x03r-1body",
            b"\x03\x00NO CODE",
        ] {
            assert_eq!(parse(payload), None, "{payload:?}");
        }
    }

    #[test]
    fn an_id_and_a_code_of_their_bound_are_read_and_longer_ones_are_not() {
        let refusal =
            |id: usize, code: usize| [&[3, id as u8][..], &vec![b'i'; id], &vec![b'C'; code]].concat();
        assert!(parse(&refusal(ID_BYTES_MAX, CODE_BYTES_MAX)).is_some());
        assert!(parse(&refusal(ID_BYTES_MAX + 1, CODE_BYTES_MAX)).is_none());
        assert!(parse(&refusal(ID_BYTES_MAX, CODE_BYTES_MAX + 1)).is_none());
        let longest = [&[5, 64][..], &[b'i'; 64], &[0; 4], &[b'C'; 64]].concat();
        assert_eq!(longest.len(), REFUSAL_BYTES_MAX);
        assert!(parse(&longest).is_some());
    }
}
