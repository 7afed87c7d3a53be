//! What a peer can do with correct bytes: send them slowly, not at all, not read, leave, or come in too large a number.

use std::io::{Read, Write};
use std::time::Duration;

use evidence::Fact;
use evidence::run::fact;

use crate::classed;
use crate::echo::{Echo, reply, request, wait_until};

#[test]
fn a_peer_that_trickles_a_frame_is_closed_by_the_read_deadline() {
    let criterion = "framing.slow-peer";
    let echo = Echo::start(&["--read-timeout", "250ms", "--idle-timeout", "60s"]);
    let mut peer = echo.connect();
    // A byte every ten milliseconds for three seconds: always alive, never done.
    let mut listener = peer.0.try_clone().unwrap();
    let heard = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = listener.read_to_end(&mut bytes);
        bytes
    });
    let slow = request("slow", &[0; 1000]);
    let sent = slow[..300].iter().take_while(|byte| {
        std::thread::sleep(Duration::from_millis(10));
        peer.0.write_all(&[**byte]).is_ok() && !heard.is_finished()
    });
    let sent = sent.count();
    assert!(sent < 300, "300 bytes in three seconds, and the server still waits");
    drop(peer);
    let told = heard.join().unwrap();
    assert!(told.ends_with(b"ECHO-READ-TIMEOUT"), "the peer is told why: {told:?}");
    classed(criterion, &echo, "read-timeout", "ECHO-READ-TIMEOUT");
    fact(criterion, Fact::count("bytes-before-the-deadline", sent as u64, "bytes"));
}

#[test]
fn a_silent_peer_is_closed_by_the_idle_deadline() {
    let echo = Echo::start(&["--idle-timeout", "250ms", "--read-timeout", "60s"]);
    let mut peer = echo.connect();
    peer.send(&request("r-1", b"once"));
    assert_eq!(peer.frame(), reply("r-1", b"once"));
    assert_eq!(peer.refusal(), "ECHO-IDLE-TIMEOUT", "silence after a request is idle, not slow");
    drop(peer);
    classed("framing.idle-peer", &echo, "idle-timeout", "ECHO-IDLE-TIMEOUT");
}

#[test]
fn a_peer_that_takes_no_answer_is_closed_by_the_write_deadline() {
    let echo = Echo::start(&["--write-timeout", "250ms", "--limit", "16777216"]);
    let mut peer = echo.connect();
    peer.send(&request("deaf", &vec![0; 12 << 20]));
    classed("framing.deaf-peer", &echo, "write-timeout", "ECHO-WRITE-TIMEOUT");
    drop(peer);
}

#[test]
fn a_reset_is_named_as_a_reset() {
    let echo = Echo::start(&[]);
    let mut peer = echo.connect();
    peer.send(&request("r-1", b"hello")[..6]);
    peer.reset();
    classed("framing.reset", &echo, "peer-reset", "ECHO-RESET");
}

#[test]
fn one_connection_too_many_is_told_so_and_the_others_are_served() {
    let echo = Echo::start(&["--connections", "2"]);
    let mut held = [echo.connect(), echo.connect()];
    for peer in &mut held {
        peer.send(&request("held", b""));
        assert_eq!(peer.frame(), reply("held", b""));
    }
    assert_eq!(echo.connect().refusal(), "ECHO-BUSY");
    for peer in &mut held {
        peer.send(&request("held", b"again"));
        assert_eq!(peer.frame(), reply("held", b"again"));
    }
    drop(held);
    wait_until("both places to be free", || (echo.closes("peer-finished") == 2).then_some(()));
    classed("framing.busy", &echo, "busy", "ECHO-BUSY");
}
