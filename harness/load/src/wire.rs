//! The bytes of a group's requests and of the replies that they must get.
//!
//! All requests of a group are the same frame but for a sequence number, so both directions of a connection are known
//! beforehand, byte for byte:
//!
//! ```text
//!    position 0            frame_bytes            2 frame_bytes
//!    +------+-----+--------+------+-----+---------+---
//!    | len  | seq | body   | len  |seq+1| body    | …      requests; replies differ in the kind byte, if at all
//!    +------+-----+--------+------+-----+---------+---
//! ```
//!
//! A position in such a stream is all the state there is. Nothing is queued for a connection that cannot be written to
//! and nothing is kept of half a reply: the bytes are made again from the position. A batch of requests is a template in
//! which only sequence numbers change, and a batch of replies is checked by one comparison.

use faults::seed::Dice;

/// Bytes of the frame header: the length of what follows, big-endian.
pub(crate) const HEADER_BYTES: usize = 4;
/// Bytes that a template spans, unless a single frame is longer: what leaves in one write at most.
const TEMPLATE_BYTES: usize = 256 << 10;

/// Kind bytes of the echo messages.
pub(crate) const KIND_REQUEST: u8 = 1;
/// See [`KIND_REQUEST`].
pub(crate) const KIND_REPLY: u8 = 2;
/// See [`KIND_REQUEST`].
pub(crate) const KIND_REFUSAL: u8 = 3;

/// What a payload is, and where the sequence number is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Any payload, which comes back unchanged. The sequence number is its first 8 bytes.
    Frames,
    /// The echo messages of week 2: kind 1, an id and a body come back as kind 2, the same id and the same body; kind 3
    /// refuses. The sequence number is the request id, `r-` and 16 hex digits.
    Echo,
}

impl Dialect {
    /// The fewest bytes that a group's `payload_bytes` may be: there must be room for the sequence number.
    pub fn payload_bytes_min(self) -> usize {
        match self {
            Dialect::Frames => 8,
            Dialect::Echo => 0,
        }
    }

    /// A whole frame. In [`Dialect::Frames`] the sequence number takes the place of the body's first 8 bytes.
    pub(crate) fn frame(self, kind: u8, sequence: u64, body: &[u8]) -> Vec<u8> {
        let head = self.head(kind);
        let payload = head.len() + body.len();
        let mut frame = [&(payload as u32).to_be_bytes()[..], &head, body].concat();
        self.put(sequence, &mut frame);
        frame
    }

    /// The payload in front of the group's own bytes: what the dialect itself takes.
    fn head(self, kind: u8) -> Vec<u8> {
        match self {
            Dialect::Frames => Vec::new(),
            Dialect::Echo => {
                let mut head = vec![kind, ECHO_ID_BYTES as u8];
                head.extend_from_slice(ECHO_ID_PREFIX);
                head.extend_from_slice(&[b'0'; HEX_BYTES]);
                head
            }
        }
    }

    /// Where in a frame the sequence number begins.
    fn sequence_at(self) -> usize {
        match self {
            Dialect::Frames => HEADER_BYTES,
            Dialect::Echo => HEADER_BYTES + 2 + ECHO_ID_PREFIX.len(),
        }
    }

    fn put(self, sequence: u64, frame: &mut [u8]) {
        let at = self.sequence_at();
        match self {
            Dialect::Frames => frame[at..at + 8].copy_from_slice(&sequence.to_be_bytes()),
            Dialect::Echo => {
                for (pair, byte) in frame[at..at + HEX_BYTES].chunks_exact_mut(2).zip(sequence.to_be_bytes())
                {
                    pair[0] = HEX[usize::from(byte >> 4)];
                    pair[1] = HEX[usize::from(byte & 15)];
                }
            }
        }
    }

    /// The sequence number in a whole frame of this dialect; `None` where there is none to read.
    pub(crate) fn sequence_in(self, frame: &[u8]) -> Option<u64> {
        let at = self.sequence_at();
        match self {
            Dialect::Frames => Some(u64::from_be_bytes(frame.get(at..at + 8)?.try_into().ok()?)),
            Dialect::Echo => {
                let digits = std::str::from_utf8(frame.get(at..at + HEX_BYTES)?).ok()?;
                u64::from_str_radix(digits, 16).ok()
            }
        }
    }
}

const ECHO_ID_PREFIX: &[u8] = b"r-";
const HEX_BYTES: usize = 16;
const ECHO_ID_BYTES: usize = ECHO_ID_PREFIX.len() + HEX_BYTES;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The two streams of a group.
#[derive(Debug)]
pub(crate) struct Wire {
    dialect: Dialect,
    frame_bytes: usize,
    frames: usize,
    requests: Vec<u8>,
    replies: Vec<u8>,
}

impl Wire {
    /// The streams of requests with this many payload bytes (in [`Dialect::Echo`]: body bytes), filled from the dice.
    pub(crate) fn new(dialect: Dialect, payload_bytes: usize, mut dice: Dice) -> Self {
        let mut body = vec![0; payload_bytes];
        dice.fill(&mut body);
        let (request, reply) = (dialect.frame(KIND_REQUEST, 0, &body), dialect.frame(KIND_REPLY, 0, &body));
        let frame_bytes = request.len();
        let frames = (TEMPLATE_BYTES / frame_bytes).max(1);
        Wire { dialect, frame_bytes, frames, requests: request.repeat(frames), replies: reply.repeat(frames) }
    }

    /// Bytes of one request, and of one reply, with the header.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.frame_bytes as u64
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Request bytes from a position on, up to the end of request number `until` (counted from 0, exclusive), or fewer
    /// where the template ends. `base` is the sequence number of request 0.
    pub(crate) fn requests(&mut self, base: u64, position: u64, until: u64) -> &[u8] {
        let (dialect, frame_bytes, frames) = (self.dialect, self.frame_bytes, self.frames);
        cut(&mut self.requests, dialect, (frame_bytes, frames), base, position, until)
    }

    /// Reply bytes, in the same way; at least `bytes` of them unless `until` or the template ends them.
    pub(crate) fn replies(&mut self, base: u64, position: u64, until: u64, bytes: usize) -> &[u8] {
        let (dialect, frame_bytes, frames) = (self.dialect, self.frame_bytes, self.frames);
        let last = (position + bytes as u64).div_ceil(self.frame_bytes()).min(until);
        cut(&mut self.replies, dialect, (frame_bytes, frames), base, position, last)
    }
}

fn cut(
    template: &mut [u8],
    dialect: Dialect,
    (frame_bytes, frames): (usize, usize),
    base: u64,
    position: u64,
    until: u64,
) -> &[u8] {
    let first = position / frame_bytes as u64;
    let inside = (position % frame_bytes as u64) as usize;
    let count = usize::try_from(until.saturating_sub(first)).unwrap_or(frames).min(frames);
    if count == 0 {
        return &[];
    }
    let whole = &mut template[..count * frame_bytes];
    for (sequence, frame) in (base + first..).zip(whole.chunks_exact_mut(frame_bytes)) {
        dialect.put(sequence, frame);
    }
    &whole[inside..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The stream as one would write it down by hand.
    fn plainly(dialect: Dialect, body: &[u8], kind: u8, base: u64, count: u64) -> Vec<u8> {
        (base..base + count)
            .flat_map(|sequence| {
                let payload = match dialect {
                    Dialect::Frames => [&sequence.to_be_bytes()[..], &body[8..]].concat(),
                    Dialect::Echo => {
                        [&[kind, 18][..], format!("r-{sequence:016x}").as_bytes(), body].concat()
                    }
                };
                [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_cut_of_the_streams_is_the_cut_of_the_whole(
            echo: bool, payload in 8_usize..200, base in 0_u64..1 << 60, at in 0_u64..4000, until in 0_u64..60
        ) {
            let dialect = if echo { Dialect::Echo } else { Dialect::Frames };
            let mut wire = Wire::new(dialect, payload, Dice::new(7));
            let mut body = vec![0; payload];
            Dice::new(7).fill(&mut body);
            let at = at.min(until * wire.frame_bytes());
            let whole = plainly(dialect, &body, 1, base, until);
            prop_assert_eq!(wire.requests(base, at, until), &whole[at as usize..]);
            let whole = plainly(dialect, &body, 2, base, until);
            let replies = wire.replies(base, at, until, 100);
            prop_assert!(replies.len() >= 100.min(whole.len() - at as usize));
            prop_assert_eq!(replies, &whole[at as usize..][..replies.len()]);
        }
    }

    #[test]
    fn a_template_ends_before_the_requests_do_and_the_next_cut_goes_on() {
        let mut wire = Wire::new(Dialect::Frames, 100_000, Dice::new(1));
        let first = wire.requests(5, 0, 10).to_vec();
        assert_eq!(first.len() as u64, 2 * wire.frame_bytes());
        let second = wire.requests(5, first.len() as u64, 10);
        assert_eq!(Dialect::Frames.sequence_in(second), Some(7));
    }

    #[test]
    fn a_frame_longer_than_the_template_is_whole() {
        let mut wire = Wire::new(Dialect::Echo, 1 << 20, Dice::new(1));
        assert_eq!(wire.requests(0, 0, 3).len() as u64, wire.frame_bytes());
    }
}
