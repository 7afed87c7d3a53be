//! Contract 3, the asking: only what is of interest is told, and no interest is silence.

use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::rig::{PATIENCE, Rig, drain, fill, pair, reset, witness};
use crate::{Event, Interest, Poller, Token};

const US: Token = Token::new(9, 4);
/// Long enough for a poller that spins to return early, short enough to wait for.
const A_WHILE: Duration = Duration::from_millis(20);

fn told(readable: bool, writable: bool) -> Event {
    Event { token: US, readable, writable, failed: false }
}

/// An idle connection always has room, which would wake a loop for ever if it were told unasked.
pub fn room_to_write_is_told_only_while_asked_for<P: Poller>() {
    let (ours, _peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    assert_eq!(rig.now(), []);
    for interest in [Interest::WRITE, Interest::BOTH] {
        rig.modify(&ours, US, interest);
        assert_eq!(rig.now(), [told(false, true)]);
    }
    rig.modify(&ours, US, Interest::READ);
    assert_eq!(rig.now(), []);
}

/// Writability goes away with the room, and comes back when the peer makes some.
pub fn a_full_send_buffer_is_not_writable_until_the_peer_reads<P: Poller>() {
    let (mut ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::WRITE);
    let until = Instant::now() + PATIENCE;
    // The kernel may still move bytes to the peer's side after a write was refused, so one filling may not be enough.
    while rig.now() == [told(false, true)] {
        assert!(Instant::now() < until, "the send buffer never fills");
        fill(&mut ours);
    }
    loop {
        assert!(Instant::now() < until, "room was never told");
        drain(&mut peer);
        if rig.wait(Some(Duration::from_millis(1))) == [told(false, true)] {
            return;
        }
    }
}

/// The same bytes, asked for in three ways.
pub fn a_change_of_interest_counts_from_the_next_wait<P: Poller>() {
    let (ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    peer.write_all(b"x").unwrap();
    assert_eq!(rig.event(US), told(true, false));
    for (interest, expected) in [
        (Interest::WRITE, told(false, true)),
        (Interest::BOTH, told(true, true)),
        (Interest::READ, told(true, false)),
    ] {
        rig.modify(&ours, US, interest);
        assert_eq!(rig.now(), [expected]);
    }
}

/// A change brings its token along.
pub fn a_changed_token_is_the_one_that_is_told<P: Poller>() {
    let (ours, _peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, Token::new(1, 1), Interest::WRITE);
    rig.modify(&ours, US, Interest::WRITE);
    assert_eq!(rig.now(), [told(false, true)]);
}

/// Bytes that came while nobody asked are there when somebody does: a pause of reading loses no wakeup.
pub fn what_arrived_without_interest_is_told_with_it<P: Poller>() {
    let (ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::NONE);
    peer.write_all(b"x").unwrap();
    witness::<P>(&ours);
    assert_eq!(rig.now(), []);
    rig.modify(&ours, US, Interest::READ);
    assert_eq!(rig.now(), [told(true, false)]);
    rig.modify(&ours, US, Interest::NONE);
    assert_eq!(rig.now(), []);
}

// ANCHOR: silence
/// Both directions are over, which the system calls report unasked; the poller keeps it to itself.
pub fn no_interest_is_silence_even_after_a_hang_up<P: Poller>() {
    let (ours, peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    rig.modify(&ours, US, Interest::NONE);
    ours.shutdown(Shutdown::Write).unwrap();
    drop(peer);
    witness::<P>(&ours);
    assert_eq!(rig.wait(Some(A_WHILE)), []);
    rig.modify(&ours, US, Interest::READ);
    assert!(rig.event(US).readable, "and tells it when asked again");
}
// ANCHOR_END: silence

/// The same for a connection that was reset, and for a descriptor that never had an interest.
pub fn no_interest_is_silence_even_after_a_reset<P: Poller>() {
    let (ours, peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::NONE);
    reset(peer);
    witness::<P>(&ours);
    assert_eq!(rig.wait(Some(A_WHILE)), []);
    rig.modify(&ours, US, Interest::WRITE);
    assert!(rig.event(US).writable, "and tells it when asked again");
}
