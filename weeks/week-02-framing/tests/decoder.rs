//! Claim: the decoder gives the same frames and the same ending for every way in which a stream can be cut.
//!
//! How this could be fooled: a judge that shares the decoder's arithmetic (so it has its own, in `naive`), streams
//! without errors (so they are mutated), a buffer so large that nothing ever straddles its end (so it starts at 4
//! bytes in half of the cases).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod naive;

use framing::{Decoder, FrameError, FrameLimit, HEADER_BYTES, READ_BUFFER_BYTES, State};
use naive::{Reading, cut, decode, naive};
use proptest::collection::vec;
use proptest::prelude::*;

fn wire(payloads: &[&[u8]]) -> Vec<u8> {
    let frame = |payload: &&[u8]| [&(payload.len() as u32).to_be_bytes()[..], payload].concat();
    payloads.iter().flat_map(frame).collect()
}

fn conversation() -> (Vec<u8>, Vec<Vec<u8>>) {
    let payloads: [&[u8]; 6] = [b"a", b"hello", &[0; 7], &[0xff; 20], b"\0\0\0\x05trap!", b"end"];
    (wire(&payloads), payloads.iter().map(|payload| payload.to_vec()).collect())
}

#[test]
fn every_split_in_two_gives_the_same_frames() {
    let (stream, frames) = conversation();
    for place in 0..=stream.len() {
        for buffer in [4, 16, READ_BUFFER_BYTES] {
            let reading = decode(&cut(&stream, &[place]), 64, buffer);
            assert_eq!(reading, Reading { frames: frames.clone(), ending: Ok(()) }, "cut at {place}");
        }
    }
}

#[test]
fn every_split_in_three_gives_the_same_frames() {
    let (stream, frames) = conversation();
    for first in 0..=stream.len() {
        for second in first..=stream.len() {
            let reading = decode(&cut(&stream, &[first, second]), 64, 4);
            assert_eq!(reading.frames, frames, "cut at {first} and {second}");
        }
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same_frames() {
    let (stream, frames) = conversation();
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(decode(&bytes, 64, 4), Reading { frames, ending: Ok(()) });
}

#[test]
fn every_prefix_of_a_stream_ends_in_the_state_that_names_it() {
    let (stream, _) = conversation();
    for end in 0..=stream.len() {
        let bytes: Vec<&[u8]> = stream[..end].chunks(3).collect();
        assert_eq!(decode(&bytes, 64, 16), naive(&stream[..end], 64), "ended after {end} bytes");
    }
}

#[test]
fn a_header_above_the_limit_is_refused_before_any_payload_and_costs_no_memory() {
    let limit = FrameLimit::new(1 << 20).unwrap();
    let mut decoder = Decoder::with_read_buffer(limit, 16);
    for byte in (u32::MAX).to_be_bytes() {
        assert_eq!(decoder.next_frame(), Ok(None));
        decoder.read_space()[0] = byte;
        decoder.advance(1);
    }
    let refused = FrameError::TooLarge { len: u32::MAX, limit: 1 << 20 };
    assert_eq!(decoder.next_frame(), Err(refused));
    assert_eq!(decoder.state(), State::Refused(refused));
    assert_eq!(decoder.capacity(), 16, "four header bytes bought no memory");
}

#[test]
fn a_header_that_promises_the_maximum_gets_memory_only_as_bytes_arrive() {
    let limit = FrameLimit::new(1 << 20).unwrap();
    let mut decoder = Decoder::with_read_buffer(limit, 64);
    decoder.read_space()[..4].copy_from_slice(&(1_u32 << 20).to_be_bytes());
    decoder.advance(4);
    let mut received = 4;
    while decoder.next_frame().unwrap().is_none() {
        let space = decoder.read_space().len();
        assert!(space > 0);
        assert!(decoder.capacity() <= (2 * received).max(64), "{} for {received}", decoder.capacity());
        decoder.advance(space.min(1000));
        received += space.min(1000);
    }
    assert_eq!(decoder.capacity(), HEADER_BYTES + (1 << 20), "one whole frame and not a byte more");
}

#[test]
fn a_new_decoder_holds_no_memory_and_a_released_one_gives_it_back() {
    let mut decoder = Decoder::new(FrameLimit::default());
    assert_eq!(decoder.capacity(), 0);
    let stream = wire(&[b"hello"]);
    decoder.read_space()[..stream.len()].copy_from_slice(&stream);
    decoder.advance(stream.len());
    decoder.release();
    assert_eq!(decoder.pending(), stream.len(), "nothing pending is ever released");
    assert_eq!(decoder.next_frame(), Ok(Some(&b"hello"[..])));
    decoder.release();
    assert_eq!(decoder.capacity(), 0);
    assert_eq!(decoder.state(), State::Header { have: 0 });
}

#[test]
fn a_full_buffer_with_a_whole_frame_offers_no_room_until_the_frame_is_taken() {
    let stream = wire(&[b"abcd", b"efgh"]);
    let mut decoder = Decoder::with_read_buffer(FrameLimit::new(64).unwrap(), stream.len());
    decoder.read_space().copy_from_slice(&stream);
    decoder.advance(stream.len());
    assert!(decoder.read_space().is_empty());
    assert_eq!(decoder.next_frame(), Ok(Some(&b"abcd"[..])));
    assert_eq!(decoder.next_frame(), Ok(Some(&b"efgh"[..])));
    assert_eq!(decoder.read_space().len(), stream.len());
}

#[test]
fn frames_that_lie_whole_in_the_buffer_are_lent_from_where_they_were_read() {
    let stream = wire(&[b"first", b"second"]);
    let mut decoder = Decoder::new(FrameLimit::default());
    let space = decoder.read_space();
    let read_to = space.as_ptr() as usize;
    space[..stream.len()].copy_from_slice(&stream);
    decoder.advance(stream.len());
    let first = decoder.next_frame().unwrap().unwrap().as_ptr() as usize;
    let second = decoder.next_frame().unwrap().unwrap().as_ptr() as usize;
    assert_eq!((first - read_to, second - read_to), (4, 13));
}

#[test]
#[should_panic(expected = "beyond the read space")]
fn advancing_beyond_the_read_space_is_the_callers_bug() {
    let mut decoder = Decoder::with_read_buffer(FrameLimit::default(), 8);
    let space = decoder.read_space().len();
    decoder.advance(space + 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_payloads_cut_anywhere_come_back_whole(
        payloads in vec(vec(any::<u8>(), 1..200), 0..12),
        places in vec(any::<usize>(), 0..20),
        first_allocation in prop_oneof![Just(4_usize), 5_usize..64, Just(READ_BUFFER_BYTES)],
    ) {
        let borrowed: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let stream = wire(&borrowed);
        let reading = decode(&cut(&stream, &places), 200, first_allocation);
        prop_assert_eq!(reading, Reading { frames: payloads, ending: Ok(()) });
    }

    #[test]
    fn mutated_streams_are_read_as_the_naive_reader_reads_them(
        payloads in vec(vec(any::<u8>(), 1..40), 1..8),
        flips in vec((any::<usize>(), any::<u8>()), 0..6),
        kept in any::<usize>(),
        places in vec(any::<usize>(), 0..12),
        limit in 1_u32..60,
    ) {
        let borrowed: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let mut stream = wire(&borrowed);
        for (place, byte) in flips {
            let at = place % stream.len();
            stream[at] = byte;
        }
        stream.truncate(kept % (stream.len() + 1));
        prop_assert_eq!(decode(&cut(&stream, &places), limit, 4), naive(&stream, limit));
    }
}
