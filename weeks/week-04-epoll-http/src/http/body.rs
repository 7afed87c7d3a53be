//! The bytes of a body, as many as the limit admits.

use super::ParseError;

/// Memory that is made ready for an announced length at most; the rest follows the bytes that come.
const FIRST_ALLOCATION_BYTES: u64 = 64 << 10;

/// The body so far.
#[derive(Debug, Default)]
pub(super) struct Body {
    bytes: Vec<u8>,
    bytes_max: u64,
}

impl Body {
    pub(super) fn new(bytes_max: u64) -> Self {
        Body { bytes: Vec::new(), bytes_max }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Judges `more` announced bytes, before any of them is here.
    ///
    /// # Errors
    /// [`ParseError::BodyTooLarge`].
    pub(super) fn admit(&mut self, more: u64) -> Result<(), ParseError> {
        if more > self.bytes_max.saturating_sub(self.len()) {
            return Err(ParseError::BodyTooLarge { limit: self.bytes_max });
        }
        self.bytes.reserve(more.min(FIRST_ALLOCATION_BYTES) as usize);
        Ok(())
    }

    /// Takes bytes that were admitted.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes at most `left` bytes off the front of the input, and says how many.
    pub(super) fn take(&mut self, input: &mut &[u8], left: u64) -> u64 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (taken, rest) = input.split_at(part);
        *input = rest;
        self.push(taken);
        part as u64
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_admitted_and_one_byte_more_is_not_however_it_adds_up() {
        let mut body = Body::new(10);
        assert_eq!(body.admit(11), Err(ParseError::BodyTooLarge { limit: 10 }));
        assert_eq!(body.admit(u64::MAX), Err(ParseError::BodyTooLarge { limit: 10 }));
        assert_eq!(body.admit(10), Ok(()));
        body.push(&[0; 6]);
        assert_eq!(body.admit(4), Ok(()));
        assert_eq!(body.admit(5), Err(ParseError::BodyTooLarge { limit: 10 }));
    }

    #[test]
    fn an_announced_length_buys_little_memory_before_its_bytes_come() {
        let mut body = Body::new(u64::MAX);
        body.admit(1 << 40).unwrap();
        assert!(body.bytes.capacity() as u64 <= FIRST_ALLOCATION_BYTES);
    }
}
