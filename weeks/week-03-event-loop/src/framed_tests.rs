//! One decoder for many connections: whose bytes are where, and how many may come at a time.

use std::net::SocketAddr;

use super::*;
use crate::{Mirror, Token};

fn framed() -> (Framed<Mirror>, [FramedSession<<Mirror as FrameService>::Session>; 2]) {
    let (limit, now) = (FrameLimit::default(), Instant::now());
    let mut framed = Framed::new(Mirror::new(limit), limit, Deadlines::default());
    let sessions = [1, 2].map(|number| {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        framed.open(&Peer { token: Token::new(number, 0), number: number.into(), address, listener: 0 }, now)
    });
    (framed, sessions)
}

/// One share: these bytes come, all whole frames are worked off, and the loop turns to others.
fn share(
    framed: &mut Framed<Mirror>,
    session: &mut FramedSession<<Mirror as FrameService>::Session>,
    bytes: &[u8],
) -> Vec<u8> {
    let (mut out, now) = (Outbox::new(), Instant::now());
    framed.read_space(session)[..bytes.len()].copy_from_slice(bytes);
    framed.received(session, bytes.len(), now);
    while framed.step(session, &mut out, now) == Step::Done {}
    framed.rest(session);
    out.bytes().to_vec()
}

fn frame(byte: u8, bytes: usize) -> Vec<u8> {
    [&(bytes as u32).to_be_bytes()[..], &vec![byte; bytes]].concat()
}

#[test]
fn two_connections_that_take_turns_in_mid_frame_each_get_their_own_bytes() {
    for bytes in [1, 100, REST_BYTES_MAX, 2 * REST_BYTES_MAX] {
        let (mut framed, [mut one, mut two]) = framed();
        let (first, second) = (frame(b'1', bytes), frame(b'2', bytes));
        let cut = first.len() - 1;
        assert!(share(&mut framed, &mut one, &first[..cut]).is_empty());
        assert!(share(&mut framed, &mut two, &second[..cut]).is_empty());
        assert_eq!(share(&mut framed, &mut one, &first[cut..]), first);
        assert_eq!(share(&mut framed, &mut two, &second[cut..]), second);
    }
}

#[test]
fn a_rest_within_the_bound_is_copied_and_a_longer_one_takes_the_decoder_along() {
    let (mut framed, [mut one, _]) = framed();
    let whole = frame(b'x', 2 * REST_BYTES_MAX);
    share(&mut framed, &mut one, &whole[..REST_BYTES_MAX]);
    assert_eq!((one.rest.len(), one.own.is_some()), (REST_BYTES_MAX, false));
    share(&mut framed, &mut one, &whole[REST_BYTES_MAX..REST_BYTES_MAX + 1]);
    assert_eq!((one.rest.len(), one.own.is_some()), (0, true));
}

#[test]
fn a_decoder_that_grew_with_a_large_frame_lends_no_more_than_one_read_takes() {
    let (mut framed, [mut one, _]) = framed();
    let whole = frame(b'x', 7 * READ_BYTES_MAX);
    for bytes in whole[..whole.len() - 1].chunks(READ_BYTES_MAX / 2) {
        share(&mut framed, &mut one, bytes);
        let room = framed.read_space(&mut one).len();
        assert!((1..=READ_BYTES_MAX).contains(&room), "{room} bytes in one read");
    }
    assert!(one.own.is_some_and(|own| own.capacity() > 4 * READ_BYTES_MAX), "it did grow");
}

#[test]
fn a_connection_between_two_frames_holds_no_buffer_of_its_own() {
    let (mut framed, [mut one, _]) = framed();
    for bytes in [10, REST_BYTES_MAX, 5 * REST_BYTES_MAX] {
        let whole = frame(b'x', bytes);
        share(&mut framed, &mut one, &whole[..bytes]);
        assert_eq!(share(&mut framed, &mut one, &whole[bytes..]), whole);
        assert_eq!((one.rest.capacity(), one.own.is_some()), (0, false), "after a frame of {bytes} bytes");
    }
}

#[test]
fn a_frame_that_has_begun_says_what_it_announces_once_its_header_is_here() {
    for bytes in [10, 5 * REST_BYTES_MAX] {
        let whole = frame(b'x', bytes);
        for cut in [0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, whole.len() / 2, whole.len() - 1]
        {
            let (mut framed, [mut one, two]) = framed();
            share(&mut framed, &mut one, &whole[..cut]);
            let announced = (cut >= HEADER_BYTES).then_some(bytes as u32);
            assert_eq!(framed.begun(&one), Begun { bytes: cut, announced });
            assert_eq!(framed.begun(&two), Begun { bytes: 0, announced: None }, "somebody else's");
            share(&mut framed, &mut one, &whole[cut..]);
            assert_eq!(framed.begun(&one), Begun { bytes: 0, announced: None });
        }
    }
}
