//! Request ids: short printable names that travel with a request through every process and every log.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::str::FromStr;

use crate::MessageError;
use crate::rng::SplitMix64;

/// The longest request id: 64 bytes. Its length travels in one byte, and a log line stays readable.
pub const REQUEST_ID_BYTES_MAX: usize = 64;

/// A request id: 1 to [`REQUEST_ID_BYTES_MAX`] bytes of `A-Z a-z 0-9 . _ -`.
///
/// The alphabet is that narrow because the id of a stranger ends up in our logs, our file names and our shells.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// The id in these bytes.
    ///
    /// # Errors
    /// [`MessageError::BadRequestId`] for an empty or overlong id and for any byte outside the alphabet.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len());
        let clean = bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b));
        match std::str::from_utf8(bytes) {
            Ok(text) if fits && clean => Ok(RequestId(text.to_owned())),
            _ => Err(MessageError::BadRequestId { bytes: bytes.len() }),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, MessageError> {
        RequestId::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes request ids: `r-<16 hex digits of the run>-<number>`. The same seed gives the same ids.
#[derive(Debug, Clone)]
pub struct RequestIds {
    run: u64,
    next: u64,
}

impl RequestIds {
    /// Ids of the run that this seed names.
    pub fn seeded(seed: u64) -> Self {
        RequestIds { run: SplitMix64::new(seed).next_u64(), next: 1 }
    }
}

/// A seed that nobody chose, from the one source of randomness that the standard library has.
pub fn any_seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

impl Iterator for RequestIds {
    type Item = RequestId;

    fn next(&mut self) -> Option<RequestId> {
        let id = RequestId(format!("r-{:016x}-{}", self.run, self.next));
        self.next += 1;
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_byte_and_of_the_maximum_pass_and_longer_or_empty_ones_do_not() {
        assert!(RequestId::from_bytes(b"a").is_ok());
        assert!(RequestId::from_bytes(&[b'a'; REQUEST_ID_BYTES_MAX]).is_ok());
        for bytes in [0, REQUEST_ID_BYTES_MAX + 1, 255] {
            let error = RequestId::from_bytes(&vec![b'a'; bytes]).unwrap_err();
            assert_eq!(error, MessageError::BadRequestId { bytes });
        }
    }

    #[test]
    fn only_the_plain_alphabet_is_an_id() {
        for byte in 0..=u8::MAX {
            let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            assert_eq!(RequestId::from_bytes(&[b'x', byte]).is_ok(), plain, "byte {byte:#04x}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_ids_and_every_id_is_well_formed() {
        let once: Vec<_> = RequestIds::seeded(7).take(20).collect();
        let again: Vec<_> = RequestIds::seeded(7).take(20).collect();
        let other: Vec<_> = RequestIds::seeded(8).take(20).collect();
        assert_eq!(once, again);
        assert_ne!(once, other);
        for id in &once {
            assert_eq!(RequestId::from_bytes(id.as_str().as_bytes()).as_ref(), Ok(id));
        }
    }
}
