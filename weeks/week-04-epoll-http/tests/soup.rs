//! Claim: whatever bytes arrive, and however they are cut, the parser neither panics nor changes its mind, and stays
//! within its limits.
//!
//! The bounded version of `fuzz/`: the words of the language, its near misses and single bytes, in random order. Plain
//! random bytes would nearly all be refused at their first one.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod answers;

use answers::{SMALL, cut, read};
use epoll_http::http::{Limits, Method};
use framing::rng::SplitMix64;

const WORDS: [&[u8]; 40] = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 100 x\r\n\r\n",
    b"HTTP/1.1 204 x\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 17\r\n",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: ",
    b"transfer-encoding:chunked\r\n\r\n",
    b"Connection: close\r\n",
    b"X: y\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b"hello",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"0\r\n",
    b"5",
    b"f",
    b"ffffffff",
    b";ext",
    b"chunked",
    b", ",
    b":",
    b" ",
    b"\t",
    b"\0",
    b"\x0b",
    b"\x7f",
    b"\xff",
    b"+",
    b"-",
    b"18446744073709551616",
    b"HTTP/1.",
    b"200",
    b"GET / HTTP/1.1\r\n",
    b"x",
];

const RECIPES: u64 = 20_000;

#[test]
fn any_soup_is_read_the_same_for_every_cut_and_within_the_limits() {
    let mut rng = SplitMix64::new(4);
    let (mut good, mut refused) = (0, std::collections::BTreeSet::new());
    for _ in 0..RECIPES {
        let mut soup = Vec::new();
        // Most soups begin well, or none would come far.
        if rng.up_to(9) > 0 {
            soup.extend(WORDS[rng.up_to(3) as usize]);
        }
        for _ in 0..rng.up_to(9) {
            soup.extend(WORDS[rng.up_to(WORDS.len() as u64 - 1) as usize]);
        }
        let places: Vec<usize> = (0..rng.up_to(6)).map(|_| rng.next_u64() as usize).collect();
        let method = if rng.up_to(9) == 0 { Method::Head } else { Method::Get };
        let limits = if rng.up_to(1) == 0 { SMALL } else { Limits::default() };
        let whole = read(&[&soup], method, limits);
        let pieces = cut(&soup, &places);
        assert_eq!(read(&pieces, method, limits), whole, "{} cut at {places:?}", soup.escape_ascii());
        match whole.outcome {
            Ok(response) => {
                good += 1;
                assert!(response.body.len() as u64 <= limits.body_bytes_max);
                assert!(response.head.fields.len() <= limits.fields_max);
                assert!(response.interim <= limits.interim_max);
            }
            Err(error) => {
                refused.insert(error.class());
            }
        }
    }
    assert!(good > RECIPES / 50, "only {good} soups were answers, so little was proved");
    assert!(refused.len() > 15, "only these classes were seen: {refused:?}");
}
