//! Replies that are not the expected one: what is wrong with them.
//!
//! The ordinary reply is checked by one comparison and never taken apart. Only where that comparison fails are bytes
//! collected until the frame is whole, and judged.

use crate::outcome::Corruption;
use crate::wire::{Dialect, HEADER_BYTES, KIND_REFUSAL};

/// The longest refusal that is read: head, the longest id (64 bytes), and a code.
const REFUSAL_BYTES_MAX: usize = 256;
/// The longest code that is kept of a refusal.
const CODE_BYTES_MAX: usize = 64;

/// What is known of a connection's place when something strange arrives.
pub(crate) struct Expected {
    pub(crate) dialect: Dialect,
    pub(crate) frame_bytes: usize,
    /// Sequence number of the connection's request 0.
    pub(crate) base: u64,
    /// Requests answered so far, which is also the number of the one whose answer is due.
    pub(crate) answered: u64,
    /// Requests that were sent.
    pub(crate) asked: u64,
}

/// What a strange frame is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// More bytes are needed to tell.
    More(usize),
    /// A refusal with this code.
    Refusal(String),
    /// A wrong reply.
    Wrong(Corruption),
}

/// Judges the beginning of a frame. [`Verdict::More`] says how many bytes it has to have for the next attempt.
pub(crate) fn judge(frame: &[u8], expected: &Expected) -> Verdict {
    let Some((header, payload)) = frame.split_first_chunk::<HEADER_BYTES>() else {
        return Verdict::More(HEADER_BYTES);
    };
    let len = u32::from_be_bytes(*header) as usize;
    let ordinary = len == expected.frame_bytes - HEADER_BYTES;
    let may_refuse = expected.dialect == Dialect::Echo && (2..=REFUSAL_BYTES_MAX).contains(&len);
    if !ordinary && !may_refuse {
        return Verdict::Wrong(Corruption::Length);
    }
    if payload.len() < len {
        return Verdict::More(HEADER_BYTES + len);
    }
    if let Some(code) = may_refuse.then(|| refusal(payload)).flatten() {
        return Verdict::Refusal(code);
    }
    if !ordinary {
        return Verdict::Wrong(Corruption::Length);
    }
    let due = expected.base + expected.answered;
    Verdict::Wrong(match expected.dialect.sequence_in(frame) {
        Some(sequence) if (expected.base..due).contains(&sequence) => Corruption::Repeated,
        Some(sequence) if (due + 1..expected.base + expected.asked).contains(&sequence) => {
            Corruption::OutOfOrder
        }
        Some(sequence) if sequence == due && expected.answered < expected.asked => Corruption::Bytes,
        Some(_) if expected.answered >= expected.asked => Corruption::Unasked,
        // A number that nobody sent here. With the frame's length right, the likelier story is that bytes of it were
        // turned; a reply of somebody else's looks the same.
        _ => Corruption::Bytes,
    })
}

/// The code in a refusal's payload, where it is one.
pub(crate) fn refusal(payload: &[u8]) -> Option<String> {
    let (&[kind, id_bytes], rest) = payload.split_first_chunk::<2>()?;
    let code = rest.get(usize::from(id_bytes)..).filter(|_| kind == KIND_REFUSAL)?;
    let code = &code[..code.len().min(CODE_BYTES_MAX)];
    Some(code.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '?' }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: Expected =
        Expected { dialect: Dialect::Frames, frame_bytes: 14, base: 1000, answered: 3, asked: 6 };

    fn reply(sequence: u64) -> Vec<u8> {
        [&10_u32.to_be_bytes()[..], &sequence.to_be_bytes(), b"??"].concat()
    }

    #[test]
    fn a_sequence_number_tells_what_went_wrong() {
        for (sequence, expected) in [
            (1002, Corruption::Repeated),
            (1000, Corruption::Repeated),
            (1003, Corruption::Bytes),
            (1004, Corruption::OutOfOrder),
            (1005, Corruption::OutOfOrder),
            (1006, Corruption::Bytes),
            (999, Corruption::Bytes),
        ] {
            assert_eq!(judge(&reply(sequence), &FRAMES), Verdict::Wrong(expected), "{sequence}");
        }
        let idle = Expected { asked: 3, ..FRAMES };
        assert_eq!(judge(&reply(1003), &idle), Verdict::Wrong(Corruption::Unasked));
        assert_eq!(judge(&reply(1002), &idle), Verdict::Wrong(Corruption::Repeated));
    }

    #[test]
    fn a_wrong_length_is_known_from_the_header_alone() {
        assert_eq!(judge(&[0, 0, 0], &FRAMES), Verdict::More(4));
        assert_eq!(judge(&[0, 0, 0, 10], &FRAMES), Verdict::More(14));
        for wrong in [[0, 0, 0, 9], [0, 0, 0, 11], [0xff; 4]] {
            assert_eq!(judge(&wrong, &FRAMES), Verdict::Wrong(Corruption::Length));
        }
    }

    #[test]
    fn a_refusal_is_told_from_a_short_reply_and_its_code_is_fit_to_print() {
        let echo = Expected { dialect: Dialect::Echo, frame_bytes: 88, ..FRAMES };
        let frame = |payload: &[u8]| [&(payload.len() as u32).to_be_bytes()[..], payload].concat();
        assert_eq!(judge(&frame(b"\x03\x02r-LOOP-BUSY"), &echo), Verdict::Refusal("LOOP-BUSY".into()));
        assert_eq!(judge(&frame(b"\x03\x00A\n\xff"), &echo), Verdict::Refusal("A??".into()));
        assert_eq!(judge(&frame(b"\x02\x02r-short"), &echo), Verdict::Wrong(Corruption::Length));
        assert_eq!(judge(&frame(b"\x03\xffr"), &echo), Verdict::Wrong(Corruption::Length));
    }
}
