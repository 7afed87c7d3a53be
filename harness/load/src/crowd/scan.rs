//! A stream of answers of which only one thing matters: whether the last one was a farewell.

use crate::answer::{self, Answer, REFUSAL_BYTES_MAX};
use crate::wire::HEADER_BYTES;

/// Follows the frames of a stream; of a long one it keeps nothing.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The header and the payload of the frame that is coming, as far as it may be a refusal.
    kept: Vec<u8>,
    /// Payload bytes that have not come yet, once the header is whole.
    left: Option<usize>,
    frames: u64,
    farewell: Option<String>,
}

impl Scan {
    /// Whole frames so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The code of the last frame, where it refused the connection, or rejected a request.
    pub(super) fn farewell(self) -> Option<String> {
        self.farewell
    }

    pub(super) fn feed(&mut self, mut came: &[u8]) {
        while !came.is_empty() {
            let wanted = self.left.unwrap_or_else(|| HEADER_BYTES - self.kept.len());
            let (now, later) = came.split_at(wanted.min(came.len()));
            came = later;
            let room = (HEADER_BYTES + REFUSAL_BYTES_MAX + 1).saturating_sub(self.kept.len());
            self.kept.extend_from_slice(&now[..now.len().min(room)]);
            self.left = match (self.left, self.kept.first_chunk::<HEADER_BYTES>()) {
                (Some(left), _) => Some(left - now.len()),
                (None, Some(header)) => Some(u32::from_be_bytes(*header) as usize),
                (None, None) => None,
            };
            if self.left == Some(0) {
                self.frames += 1;
                self.farewell = match answer::parse(&self.kept[HEADER_BYTES..]) {
                    Some(Answer::Refusal { id, code, retry_after })
                        if id.is_empty() || retry_after.is_some() =>
                    {
                        Some(code.to_owned())
                    }
                    _ => None,
                };
                self.kept.clear();
                self.left = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
    }

    /// Frames and farewell of a stream that comes whole, which must be those of the same stream byte by byte.
    fn of(stream: &[u8]) -> (u64, Option<String>) {
        let (mut whole, mut single) = (Scan::default(), Scan::default());
        whole.feed(stream);
        stream.iter().for_each(|byte| single.feed(&[*byte]));
        let seen = (whole.frames(), whole.farewell());
        assert_eq!(seen, (single.frames(), single.farewell()));
        seen
    }

    #[test]
    fn the_last_frame_is_the_farewell_where_it_is_one() {
        let reply = frame(&[&b"\x02\x03r-1"[..], &[7; 5000]].concat());
        let (farewell, rejection) = (frame(b"\x03\x00SLOW-READ"), frame(b"\x05\x03r-1\0\0\0\x09SHED"));
        let refusal = frame(b"\x03\x03r-1POOL-FULL");
        let says = |code: &str| Some(code.to_owned());
        assert_eq!(of(&[&reply[..], &farewell].concat()), (2, says("SLOW-READ")));
        assert_eq!(of(&[&reply[..], &rejection].concat()), (2, says("SHED")));
        assert_eq!(of(&[&rejection[..], &reply].concat()), (2, None), "it went on");
        assert_eq!(of(&[&reply[..], &refusal].concat()), (2, None), "that was about one request");
        assert_eq!(of(&farewell[..farewell.len() - 1]), (0, None));
        assert_eq!(of(&[frame(b""), farewell].concat()), (2, says("SLOW-READ")));
    }

    #[test]
    fn of_a_long_frame_nothing_but_its_beginning_is_kept() {
        let mut scan = Scan::default();
        scan.feed(&[&[0xff; 4][..], &[3; 100_000]].concat());
        assert!(scan.kept.len() <= HEADER_BYTES + REFUSAL_BYTES_MAX + 1);
        assert_eq!(scan.left, Some(0xffff_ffff - 100_000));
    }
}
