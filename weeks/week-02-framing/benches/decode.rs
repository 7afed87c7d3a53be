//! Decoder against decoder: the same stream in the same pieces, each contestant copying a piece into its own buffer as
//! a `read` would, and handing out payloads.
//!
//! What makes it fair: the peer gets its buffer in the way its own `FramedRead` fills it (`BytesMut`, appended), both have
//! the same limit, both payloads are looked at in the same way, and both must arrive at the same sum in every round.
//! What it does not show: the peer's frames are owned and can be kept or sent to another task without a copy; ours are
//! borrowed until the next call. That is the trade, and an echo or an event loop does not need the other side of it.

use std::hint::black_box;
use std::time::Instant;

use bytes::BytesMut;
use evidence::run::Profile;
use evidence::{Fact, Finding, Histogram, Measurement, Ratio, Series};
use framing::rng::SplitMix64;
use framing::{Decoder, FrameLimit, PAYLOAD_BYTES_MAX_DEFAULT};
use tokio_util::codec::{Decoder as _, LengthDelimitedCodec};

/// About this much stream a turn. A turn then takes well under a millisecond for both, so that on a busy machine the
/// slower contestant is not the one that is interrupted in every turn.
const STREAM_BYTES: usize = 512 << 10;

/// Turns of each contestant in a round. A round is judged by the medians of its turns.
const TURNS: u32 = 15;

/// Payload sizes, as in the echo baseline, and the bar that the median ratio must reach. Where both contestants mostly
/// copy bytes there is little to win; where frames are small, what happens a frame is all there is.
const PAYLOADS: [(usize, &str, f64); 3] =
    [(64, "64 B", 4.0), (4 << 10, "4 KiB", 1.1), (64 << 10, "64 KiB", 1.1)];

/// Piece sizes: one segment of an Ethernet packet, and one read of the default buffer.
const PIECES: [(usize, &str); 2] = [(1448, "a segment"), (16 << 10, "a 16 KiB read")];

/// Measures all cases, adds one measurement a payload size and one ratio a case.
pub(crate) fn measure(mut finding: Finding, profile: Profile, seed: u64) -> Finding {
    let rounds = profile.pick(7, 25, 101);
    for (payload, payload_name, bar) in PAYLOADS {
        let stream = stream_of(payload, seed);
        assert_same_frames(&stream);
        let id = format!("decode-{payload}");
        let title = format!("Decoding 1 MiB of frames of {payload_name}");
        let mut measurement = Measurement::of(&id, &title, "ns");
        for (piece, piece_name) in PIECES {
            let case = Case { stream: &stream, piece };
            let measured = case.run(rounds);
            measurement = measurement
                .series(case.series(&format!("framing, {piece_name}"), &measured.ours))
                .series(case.series(&format!("tokio-util, {piece_name}"), &measured.peers).peer());
            let claim = format!("frames of {payload_name} in pieces of {piece_name}, frames a second");
            let id = format!("decode-{payload}-by-{piece}");
            let ratios = &measured.ratios;
            finding =
                finding.ratio(Ratio::of_rounds(&id, &claim, "framing", "tokio-util", ratios, Some(bar)));
        }
        finding = finding.measurement(measurement);
    }
    finding
}

fn stream_of(payload: usize, seed: u64) -> Vec<u8> {
    let mut rng = SplitMix64::new(seed);
    let mut stream = Vec::with_capacity(STREAM_BYTES + payload + 4);
    while stream.len() < STREAM_BYTES {
        stream.extend((payload as u32).to_be_bytes());
        stream.extend((0..payload).map(|_| rng.next_u64() as u8));
    }
    stream
}

struct Case<'a> {
    stream: &'a [u8],
    piece: usize,
}

/// Nanoseconds for 1 MiB of stream, by turn; and the ratio of the medians, by round.
struct Measured {
    ours: Vec<u64>,
    peers: Vec<u64>,
    ratios: Vec<f64>,
}

impl Case<'_> {
    /// Rounds of turns of both, one after the other, each going first in every second turn.
    fn run(&self, rounds: u32) -> Measured {
        let mut measured = Measured { ours: Vec::new(), peers: Vec::new(), ratios: Vec::new() };
        // One round that is not counted warms caches, buffers and the clock of the core.
        for round in 0..=rounds {
            let (mut ours, mut peers) = (Vec::new(), Vec::new());
            for turn in 0..TURNS {
                let ((our_time, our_sum), (peer_time, peer_sum)) = if turn % 2 == 0 {
                    let our_turn = self.time(with_framing);
                    (our_turn, self.time(with_tokio_util))
                } else {
                    let peer_turn = self.time(with_tokio_util);
                    (self.time(with_framing), peer_turn)
                };
                assert_eq!(our_sum, peer_sum, "both saw the same payloads");
                ours.push(our_time);
                peers.push(peer_time);
            }
            if round > 0 {
                // The peer's time over ours is our speed over the peer's.
                measured.ratios.push(median(&peers) as f64 / median(&ours) as f64);
                measured.ours.extend(ours);
                measured.peers.extend(peers);
            }
        }
        measured
    }

    fn time(&self, contestant: fn(&[u8], usize) -> u64) -> (u64, u64) {
        let began = Instant::now();
        let sum = contestant(black_box(self.stream), self.piece);
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        (nanos * (1 << 20) / self.stream.len() as u64, sum)
    }

    fn series(&self, name: &str, ns_a_mebibyte: &[u64]) -> Series {
        let histogram = Histogram::of_values(ns_a_mebibyte.iter().copied());
        let typical = histogram.quantile(0.5).max(1) as f64;
        let bytes_a_second = f64::from(1 << 20) / typical * 1e9;
        let header = self.stream[..4].iter().fold(0_u32, |len, byte| len << 8 | u32::from(*byte));
        Series::of(name, histogram)
            .fact(Fact::real("throughput", (bytes_a_second / 1e6).round(), "MB/s"))
            .fact(Fact::real("frames", (bytes_a_second / f64::from(header + 4)).round(), "frames/s"))
    }
}

fn median(times: &[u64]) -> u64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2].max(1)
}

/// Looks at a payload: its length, its first byte and its last, so that nobody can hand out frames unseen.
fn look(sum: u64, payload: &[u8]) -> u64 {
    let ends = u64::from(payload[0]) ^ u64::from(payload[payload.len() - 1]) << 8;
    sum.rotate_left(1) ^ ends ^ (payload.len() as u64) << 16
}

// ANCHOR: with-framing
fn with_framing(stream: &[u8], piece: usize) -> u64 {
    let mut decoder = Decoder::new(FrameLimit::default());
    let mut sum = 0;
    for mut rest in stream.chunks(piece) {
        while !rest.is_empty() {
            let space = decoder.read_space();
            let read = space.len().min(rest.len());
            space[..read].copy_from_slice(&rest[..read]);
            decoder.advance(read);
            rest = &rest[read..];
            while let Some(payload) = decoder.next_frame().expect("the stream is well-formed") {
                sum = look(sum, payload);
            }
        }
    }
    sum
}
// ANCHOR_END: with-framing

// ANCHOR: with-tokio-util
fn with_tokio_util(stream: &[u8], piece: usize) -> u64 {
    let mut codec =
        LengthDelimitedCodec::builder().max_frame_length(PAYLOAD_BYTES_MAX_DEFAULT as usize).new_codec();
    // The capacity that `FramedRead` begins with.
    let mut buffer = BytesMut::with_capacity(8 << 10);
    let mut sum = 0;
    for read in stream.chunks(piece) {
        buffer.extend_from_slice(read);
        while let Some(payload) = codec.decode(&mut buffer).expect("the stream is well-formed") {
            sum = look(sum, &payload);
        }
    }
    sum
}
// ANCHOR_END: with-tokio-util

/// Before anything is timed: both give the same frames, byte for byte.
fn assert_same_frames(stream: &[u8]) {
    let mut decoder = Decoder::new(FrameLimit::default());
    let mut codec =
        LengthDelimitedCodec::builder().max_frame_length(PAYLOAD_BYTES_MAX_DEFAULT as usize).new_codec();
    let mut buffer = BytesMut::from(stream);
    let mut rest = stream;
    let mut frames = 0_u64;
    while !rest.is_empty() {
        let space = decoder.read_space();
        let read = space.len().min(rest.len());
        space[..read].copy_from_slice(&rest[..read]);
        decoder.advance(read);
        rest = &rest[read..];
        while let Some(ours) = decoder.next_frame().expect("the stream is well-formed") {
            let peers = codec.decode(&mut buffer).expect("the stream is well-formed");
            assert_eq!(Some(ours), peers.as_deref(), "frame {frames}");
            frames += 1;
        }
    }
    assert!(frames > 0 && buffer.is_empty() && decoder.pending() == 0);
}
