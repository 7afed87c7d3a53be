//! Any bytes, cut anywhere: the parser must read them as it reads them whole, within its limits.
//!
//! The first bytes of the input choose method, limits and cuts; the rest is the answer.
#![no_main]

use epoll_http::http::{Limits, Method};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/answers/mod.rs"]
mod answers;

fuzz_target!(|input: &[u8]| {
    let [choice, cuts @ ..] = input else { return };
    let Some((places, wire)) = cuts.split_at_checked(4) else { return };
    let places: Vec<usize> = places.iter().map(|place| usize::from(*place)).collect();
    let method = if choice & 1 == 0 { Method::Get } else { Method::Head };
    let limits = if choice & 2 == 0 { answers::SMALL } else { Limits::default() };
    let whole = answers::read(&[wire], method, limits);
    assert_eq!(answers::read(&answers::cut(wire, &places), method, limits), whole);
    if let Ok(response) = whole.outcome {
        assert!(response.body.len() as u64 <= limits.body_bytes_max);
        assert!(response.head.fields.len() <= limits.fields_max);
    }
});
