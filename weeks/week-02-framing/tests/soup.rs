//! Claim: no bytes whatsoever make the decoder or the message reader panic, hang or disagree with the naive reader.
//!
//! This is the fuzz target's body on a stable toolchain: bounded in time, and repeatable by `LAB_SEED`. Uniformly random
//! bytes would be an oversize header and nothing else, so the soup is made of nearly right frames and of noise.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod naive;

use evidence::run::{Profile, seed_or};
use framing::Message;
use framing::rng::SplitMix64;
use naive::{cut, decode, naive};

fn soup(rng: &mut SplitMix64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..rng.up_to(12) {
        match rng.up_to(9) {
            0 => bytes.extend((0..rng.up_to(6)).map(|_| rng.up_to(255) as u8)),
            1 => bytes.extend((0..rng.up_to(8)).map(|_| rng.up_to(2) as u8)),
            kind => {
                let len = rng.up_to(44) as u32;
                // One frame in four lies about its length by a byte.
                let claimed = len + u32::from(kind == 2) - u32::from(kind == 3 && len > 0);
                bytes.extend(claimed.to_be_bytes());
                bytes.extend((0..len).map(|_| rng.up_to(255) as u8));
            }
        }
    }
    bytes
}

#[test]
fn random_bytes_are_read_as_the_naive_reader_reads_them() {
    let seed = seed_or(0x5eed);
    let mut rng = SplitMix64::new(seed);
    let rounds = Profile::current().pick(5_000, 20_000, 500_000);
    let (mut whole, mut refused) = (0_u64, 0_u64);
    for round in 0..rounds {
        let stream = soup(&mut rng);
        let places: Vec<usize> = (0..rng.up_to(6)).map(|_| rng.next_u64() as usize).collect();
        let limit = 1 + rng.up_to(40) as u32;
        let first_allocation = 4 + rng.up_to(20) as usize;
        let expected = naive(&stream, limit);
        let got = decode(&cut(&stream, &places), limit, first_allocation);
        assert_eq!(got, expected, "replay with LAB_SEED={seed}, round {round}");
        for frame in &got.frames {
            let _ = Message::parse(frame);
        }
        whole += got.frames.len() as u64;
        refused += u64::from(got.ending.is_err());
    }
    // The soup must reach the interesting states, or this test proves nothing.
    assert!(
        whole > rounds / 10 && refused > rounds / 10,
        "{whole} frames, {refused} errors in {rounds} rounds"
    );
}
