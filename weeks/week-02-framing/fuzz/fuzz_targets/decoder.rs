//! Any bytes, cut anywhere: the decoder must agree with the naive reader, and no payload may upset the message reader.
//!
//! The first bytes of the input choose the limit, the size of the first allocation and the cuts; the rest is the stream.
#![no_main]

use framing::Message;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/naive/mod.rs"]
mod naive;

fuzz_target!(|input: &[u8]| {
    let [limit, first_allocation, cuts @ ..] = input else { return };
    let Some((places, stream)) = cuts.split_at_checked(4) else { return };
    let places: Vec<usize> = places.iter().map(|place| usize::from(*place)).collect();
    let limit = u32::from(*limit) + 1;
    let expected = naive::naive(stream, limit);
    let got = naive::decode(&naive::cut(stream, &places), limit, usize::from(*first_allocation));
    assert_eq!(got, expected);
    for frame in &got.frames {
        let _ = Message::parse(frame);
    }
});
