//! Answers that are made elsewhere: the loop goes on meanwhile, and nobody is ended before they have left.

use std::io::{Read, Write};
use std::net::Shutdown;

use framing::CloseReason;

use crate::service::{ANSWER, CLOSE, Did, LATER, MAIL, NAME, Ready, Running, TELL};
use crate::wire::connect;
use crate::{config, hears};

/// A loop with one peer that has said this, all of it before the loop runs.
fn after(said: &[u8]) -> (Running, std::net::TcpStream) {
    let ready = Ready::new();
    let peer = connect(ready.addresses[0]);
    (&peer).write_all(said).unwrap();
    (ready.go(config(), 10, None), peer)
}

#[test]
fn nothing_is_taken_from_a_peer_whose_answer_is_made_elsewhere_until_it_has_come() {
    let (running, peer) = after(&[LATER, ANSWER, LATER, ANSWER]);
    for _ in 0..2 {
        running.next("the request", |did| *did == Did::Step(1));
        // Somebody else is served meanwhile, as often as it asks.
        let other = connect(running.addresses[0]);
        running.next("the other one", |did| matches!(did, Did::Open { .. }));
        for _ in 0..20 {
            (&other).write_all(&[ANSWER]).unwrap();
            hears(&other, ANSWER, 10);
        }
        let since: Vec<Did> = running.did.try_iter().collect();
        assert!(!since.contains(&Did::Step(1)), "the next message was taken before the answer: {since:?}");
        running.waker.wake();
        hears(&peer, LATER, 10);
        hears(&peer, ANSWER, 10);
    }
    drop(peer);
    running.stop();
}

#[test]
fn a_peer_that_has_finished_is_sent_the_answer_that_is_made_elsewhere() {
    let (running, peer) = after(&[LATER]);
    peer.shutdown(Shutdown::Write).unwrap();
    running.next("the request", |did| *did == Did::Step(1));
    running.waker.wake();
    hears(&peer, LATER, 10);
    assert_eq!((&peer).read(&mut [0]).unwrap(), 0);
    running.next("its end", |did| *did == Did::Close(1, CloseReason::PeerFinished));
    running.stop();
}

#[test]
fn a_stop_waits_for_the_answer_that_is_made_elsewhere() {
    let (running, peer) = after(&[LATER, ANSWER]);
    running.next("the request", |did| *did == Did::Step(1));
    let waker = running.waker.clone();
    let stopped = std::thread::spawn(move || running.stop());
    // The stop is under way: nobody is accepted any more, and no answer has come yet.
    (&peer).write_all(&[ANSWER]).unwrap();
    waker.wake();
    hears(&peer, LATER, 10);
    hears(&peer, ANSWER, 20);
    hears(&peer, b'b', 1);
    drop(peer);
    let (stopped, did) = stopped.join().unwrap();
    assert_eq!(stopped.abandoned, 0);
    assert!(did.contains(&Did::Close(1, CloseReason::Stopping)), "{did:?}");
}

#[test]
fn a_stop_that_waits_in_vain_ends_at_the_drain_deadline() {
    let (running, peer) = after(&[LATER]);
    running.next("the request", |did| *did == Did::Step(1));
    let (stopped, did) = running.stop();
    assert_eq!(stopped.abandoned, 0);
    assert!(did.contains(&Did::Close(1, CloseReason::DrainDeadline)), "{did:?}");
    hears(&peer, b'b', 1);
}

#[test]
fn a_peer_that_is_not_admitted_is_told_and_nothing_is_kept_for_it() {
    let running = Ready::new().go(config(), 0, None);
    let mut said = Vec::new();
    (&connect(running.addresses[0])).read_to_end(&mut said).unwrap();
    assert_eq!(said, b"bye");
    let (stopped, did) = running.stop();
    assert_eq!((stopped.accepted, stopped.turned_away), (1, 1));
    assert!(did.is_empty(), "{did:?}");
}

#[test]
fn a_service_ends_whom_it_names_after_what_it_was_sent_and_tells_it_why() {
    let running = Ready::new().go(config(), 10, None);
    let [one, other] = [0, 1].map(|at: usize| {
        let peer = connect(running.addresses[at]);
        running.next("the connection", |did| matches!(did, Did::Open { .. }));
        peer
    });
    (&one).write_all(&[NAME]).unwrap();
    hears(&other, MAIL, 10);
    let mut said = Vec::new();
    (&other).read_to_end(&mut said).unwrap();
    assert_eq!(said, b"bye");
    running.next("its end", |did| *did == Did::Close(2, CloseReason::IdleTimeout));
    // Whoever named it is served on; a name without a connection is nobody's.
    (&one).write_all(&[NAME, ANSWER]).unwrap();
    hears(&one, ANSWER, 10);
    let (_, did) = running.stop();
    assert!(!did.iter().any(|did| matches!(did, Did::Close(2, _))), "it ends once: {did:?}");
}

#[test]
fn a_connection_that_is_named_while_it_ends_already_ends_once_and_as_before() {
    // Each names itself, and in the same turn ends by its own step, by its own end of stream, or waits for an answer.
    for (said, finished, reason) in [
        (&[NAME, CLOSE][..], false, CloseReason::PeerFinished),
        (&[NAME, TELL][..], false, CloseReason::IdleTimeout),
        (&[NAME][..], true, CloseReason::IdleTimeout),
        (&[LATER, NAME][..], false, CloseReason::IdleTimeout),
        (&[NAME, LATER][..], true, CloseReason::IdleTimeout),
    ] {
        let ready = Ready::new();
        let peer = connect(ready.addresses[0]);
        (&peer).write_all(said).unwrap();
        if finished {
            peer.shutdown(Shutdown::Write).unwrap();
        }
        let running = ready.go(config(), 10, None);
        if said[0] == LATER {
            running.next("the request", |did| *did == Did::Step(1));
            running.waker.wake();
        }
        running.next("its end", |did| *did == Did::Close(1, reason));
        drop(peer);
        let (stopped, did) = running.stop();
        assert!(!did.iter().any(|did| matches!(did, Did::Close(..))), "{said:?}: {did:?}");
        assert_eq!(stopped.abandoned, 0);
    }
}
