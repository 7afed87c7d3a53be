//! The judge of the decoder: the frame format written down once more, with the whole stream in hand.
//!
//! Nothing is shared with the decoder on purpose, neither its header reader nor its limit, so that one mistake cannot
//! hide in both. The fuzz target under `fuzz/` uses the same file.

use framing::{Decoder, FrameError, FrameLimit, HEADER_BYTES};

/// What a stream holds: its whole frames, then how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) ending: Result<(), FrameError>,
}

// ANCHOR: naive
/// Reads a whole stream by index.
pub(crate) fn naive(stream: &[u8], limit: u32) -> Reading {
    let mut frames = Vec::new();
    let mut at = 0;
    let ending = loop {
        let rest = &stream[at..];
        if rest.is_empty() {
            break Ok(());
        }
        if rest.len() < 4 {
            break Err(FrameError::ShortHeader { have: rest.len() });
        }
        let len = rest[..4].iter().fold(0_u32, |sum, byte| sum * 256 + u32::from(*byte));
        if len == 0 {
            break Err(FrameError::Empty);
        }
        if len > limit {
            break Err(FrameError::TooLarge { len, limit });
        }
        let (want, have) = (len as usize, rest.len() - 4);
        if have < want {
            break Err(FrameError::Truncated { have, want });
        }
        frames.push(rest[4..4 + want].to_vec());
        at += 4 + want;
    };
    Reading { frames, ending }
}
// ANCHOR_END: naive

/// Feeds a stream to a decoder in the given pieces, and checks its promises at every step.
///
/// A piece that does not fit the read space arrives in several reads, as it would from a socket.
pub(crate) fn decode(pieces: &[&[u8]], limit: u32, first_allocation: usize) -> Reading {
    let limit = FrameLimit::new(limit).expect("the test's limit is in range");
    let mut decoder = Decoder::with_read_buffer(limit, first_allocation);
    let largest = first_allocation.max(HEADER_BYTES).max(HEADER_BYTES + limit.bytes() as usize);
    let mut frames = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let before = decoder.pending();
            let space = decoder.read_space();
            assert!(!space.is_empty(), "no room although no frame waits");
            let read = space.len().min(rest.len());
            space[..read].copy_from_slice(&rest[..read]);
            decoder.advance(read);
            rest = &rest[read..];
            let held = decoder.capacity();
            assert!(held <= largest, "{held} bytes held, a frame has at most {largest}");
            // Room for what is pending and as much again: memory follows what came, not what a header promised.
            let earned = largest_frame_so_far(&frames).max(before) * 2;
            assert!(
                held <= earned.max(first_allocation.max(HEADER_BYTES)),
                "{held} bytes for {before} received"
            );
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => frames.push(frame.to_vec()),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(decoder.next_frame(), Err(error), "an error repeats");
                        assert_eq!(decoder.end_of_stream(), Err(error), "also at the end");
                        return Reading { frames, ending: Err(error) };
                    }
                }
            }
        }
    }
    let ending = decoder.end_of_stream();
    Reading { frames, ending }
}

fn largest_frame_so_far(frames: &[Vec<u8>]) -> usize {
    frames.iter().map(|frame| frame.len() + HEADER_BYTES).max().unwrap_or(0)
}

/// Cuts a stream at the given places, in any order; a place beyond the end cuts nothing.
pub(crate) fn cut<'a>(stream: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (stream.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for to in places.into_iter().chain([stream.len()]) {
        pieces.push(&stream[from..to]);
        from = to;
    }
    pieces
}
