//! The encoder: a frame on its way out, however many writes that takes.

use std::io::IoSlice;

use crate::limit::HEADER_BYTES;
use crate::{FrameError, FrameLimit, header};

/// A frame being sent: header, then a payload in two parts, none of it copied.
///
/// Two parts, because a message is a small head that was just made and a body that already lies somewhere; joining
/// them first would copy the body for nothing. The writer offers [`slices`](Self::slices) to the kernel, and reports
/// what was taken to [`advance`](Self::advance).
///
/// ```text
///            header          head            body
///   +----------------------+--------+---------------------+
///   | u32 payload length   |        |                     |
///   +----------------------+--------+---------------------+
///   |<-- sent ------->|<------------ slices() ----------->|
/// ```
///
/// Invariant: the bytes taken so far and the bytes still offered are together the frame, in order, each once.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    header: [u8; HEADER_BYTES],
    head: &'a [u8],
    body: &'a [u8],
    sent: usize,
}

impl<'a> Outgoing<'a> {
    /// A frame with this payload, unsent.
    ///
    /// # Errors
    /// [`FrameError::Empty`] and [`FrameError::TooLarge`]: the sender keeps the receiver's rule.
    pub fn new(payload: &'a [u8], limit: FrameLimit) -> Result<Self, FrameError> {
        Outgoing::in_parts(&[], payload, limit)
    }

    /// A frame whose payload is `head` followed by `body`, unsent.
    ///
    /// # Errors
    /// As for [`new`](Self::new), on the sum of both.
    pub fn in_parts(head: &'a [u8], body: &'a [u8], limit: FrameLimit) -> Result<Self, FrameError> {
        let header = header::header_for(head.len().saturating_add(body.len()), limit)?;
        Ok(Outgoing { header, head, body, sent: 0 })
    }

    /// Bytes still to send.
    pub fn remaining(&self) -> usize {
        HEADER_BYTES + self.head.len() + self.body.len() - self.sent
    }

    /// Bytes already taken by the kernel.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// What is still to send, for one vectored write. Parts that are done are empty slices.
    pub fn slices(&self) -> [IoSlice<'_>; 3] {
        // lab:hole framing.unsent-slices
        let mut skip = self.sent;
        [self.header.as_slice(), self.head, self.body].map(|part| {
            let done = skip.min(part.len());
            skip -= done;
            IoSlice::new(&part[done..])
        })
        // lab:stub todo!("framing.unsent-slices: what is left of header, head and body after `sent` bytes")
        // lab:end
    }

    /// Says that the next `bytes` were taken.
    ///
    /// # Panics
    /// When that is more than remained.
    pub fn advance(&mut self, bytes: usize) {
        assert!(bytes <= self.remaining(), "advanced by {bytes} bytes beyond the end of the frame");
        self.sent += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(frame: &Outgoing<'_>) -> Vec<u8> {
        frame.slices().iter().flat_map(|part| part.iter().copied()).collect()
    }

    #[test]
    fn what_is_left_after_every_possible_write_is_the_rest_of_the_frame() {
        let whole = b"\0\0\0\x09head+body";
        for cut in 0..=whole.len() {
            let mut frame = Outgoing::in_parts(b"head", b"+body", FrameLimit::default()).unwrap();
            assert_eq!(bytes_of(&frame), whole);
            frame.advance(cut);
            assert_eq!(bytes_of(&frame), &whole[cut..], "after {cut} bytes");
            assert_eq!(frame.remaining(), whole.len() - cut);
        }
    }

    #[test]
    fn two_short_writes_count_from_where_the_first_one_stopped() {
        let mut frame = Outgoing::in_parts(b"abc", b"def", FrameLimit::default()).unwrap();
        frame.advance(5);
        frame.advance(1);
        assert_eq!(bytes_of(&frame), b"cdef");
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_at_home() {
        let limit = FrameLimit::new(4).unwrap();
        assert!(Outgoing::in_parts(b"ab", b"cd", limit).is_ok());
        let error = Outgoing::in_parts(b"ab", b"cde", limit).unwrap_err();
        assert_eq!(error, FrameError::TooLarge { len: 5, limit: 4 });
        assert_eq!(Outgoing::new(b"", limit).unwrap_err(), FrameError::Empty);
    }
}
