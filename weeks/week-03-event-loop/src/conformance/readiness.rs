//! Contract 1 and 5: ready is told, as often as it is true, and once an answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use super::rig::{Rig, pair, witness};
use crate::{Event, Interest, Poller, Token};

const US: Token = Token::new(3, 1);

/// A wait of no length returns with nothing, whatever the vector held before.
pub fn nothing_ready_is_an_empty_answer_that_forgets_the_last_one<P: Poller>() {
    let (ours, _peer) = pair();
    let mut poller = P::new().unwrap();
    let stale = Event { token: US, readable: true, writable: true, failed: true };
    let mut events = vec![stale; 3];
    poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
    assert_eq!(events, [], "with nothing watched");
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    assert_eq!(rig.now(), [], "with something watched");
}

/// Bytes make it readable; nobody asked for room, and nothing has failed.
pub fn bytes_make_a_descriptor_readable_and_nothing_else<P: Poller>() {
    let (ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    peer.write_all(b"x").unwrap();
    assert_eq!(rig.event(US), Event { token: US, readable: true, writable: false, failed: false });
}

/// Level-triggered: nobody reads, so it is told again and again.
pub fn unread_bytes_are_told_in_every_answer<P: Poller>() {
    let (ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    peer.write_all(b"x").unwrap();
    let first = rig.event(US);
    for _ in 0..5 {
        assert_eq!(rig.now(), [first]);
    }
}

/// A caller that reads one byte of two hears of the other; one that has read both hears nothing.
pub fn half_of_the_work_done_is_told_again_and_all_of_it_is_not<P: Poller>() {
    let (mut ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    peer.write_all(b"xy").unwrap();
    let mut byte = [0];
    for expected in b"xy" {
        assert!(rig.event(US).readable);
        ours.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [*expected]);
    }
    assert_eq!(rig.now(), []);
}

/// A listener is readable while somebody waits to be accepted.
pub fn a_peer_to_accept_makes_a_listener_readable<P: Poller>() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut rig = Rig::<P>::new();
    rig.add(&listener, US, Interest::READ);
    assert_eq!(rig.now(), []);
    let peers = [(); 2].map(|()| TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    for _ in &peers {
        assert_eq!(rig.event(US), Event { token: US, readable: true, writable: false, failed: false });
        listener.accept().unwrap();
    }
    assert_eq!(rig.now(), []);
}

/// Bytes to read and room to write are one event, and the kernel's two bits count as one descriptor.
pub fn both_kinds_of_readiness_come_in_one_event<P: Poller>() {
    let (ours, mut peer) = pair();
    let (other, mut others_peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::BOTH);
    rig.add(&other, Token::new(4, 1), Interest::READ);
    peer.write_all(b"x").unwrap();
    others_peer.write_all(b"x").unwrap();
    witness::<P>(&ours);
    witness::<P>(&other);
    let mut events = rig.now();
    events.sort_by_key(|event| event.token);
    let ours = Event { token: US, readable: true, writable: true, failed: false };
    let other = Event { token: Token::new(4, 1), readable: true, writable: false, failed: false };
    assert_eq!(events, [ours, other]);
}
