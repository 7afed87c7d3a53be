//! Claim: a connection's thread gives up for exactly four reasons, and names the one that it was.
//!
//! The server runs inside this process, so that its deadlines can be chosen by the test and its stop is a socket that
//! the test closes. Every peer here sends less than one request: what is tested is the waiting, not the answer.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod echo;

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::Duration;

use echo::Peer;
use framing::Deadlines;
use framing::server::{Config, Server, Stopped};

const SOON: Duration = Duration::from_millis(150);
const FAR: Duration = Duration::from_secs(600);

/// A server on a thread of this process; dropping the socket is the signal.
struct Running {
    address: SocketAddr,
    signal: Option<UnixStream>,
    thread: JoinHandle<std::io::Result<Stopped>>,
}

fn run(idle: Duration, read: Duration, drain: Duration) -> Running {
    let deadlines = Deadlines { idle, read, write: FAR };
    let config = Config { deadlines, drain, ..Config::default() };
    serve(Server::bind("127.0.0.1:0".parse().unwrap(), config).unwrap())
}

fn serve(server: Server) -> Running {
    let address = server.address();
    let (signals, signal) = UnixStream::pair().unwrap();
    let thread = std::thread::spawn(move || server.run(&signals));
    Running { address, signal: Some(signal), thread }
}

impl Running {
    fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// A peer that the server has begun to serve: it was refused a frame on another connection meanwhile.
    fn connect_and_be_served(&self) -> Peer {
        let peer = self.connect();
        let mut later = self.connect();
        later.send(&[0; 4]);
        assert_eq!(later.refusal(), "FRAME-EMPTY");
        peer
    }

    fn stop(mut self) -> Stopped {
        self.signal = None;
        self.thread.join().unwrap().unwrap()
    }
}

#[test]
fn silence_ends_at_the_idle_deadline() {
    let server = run(SOON, FAR, FAR);
    assert_eq!(server.connect().refusal(), "ECHO-IDLE-TIMEOUT");
    assert_eq!(server.stop().abandoned, 0);
}

#[test]
fn a_begun_frame_ends_at_the_read_deadline_and_the_idle_deadline_no_longer_counts() {
    let server = run(FAR, SOON, FAR);
    let mut peer = server.connect();
    peer.send(b"\0\0");
    assert_eq!(peer.refusal(), "ECHO-READ-TIMEOUT");
    assert_eq!(server.stop().abandoned, 0);
}

#[test]
fn a_peer_whose_bytes_never_pause_is_still_held_to_the_read_deadline() {
    let deadlines = Deadlines { idle: FAR, read: Duration::from_nanos(1), write: FAR };
    let config = Config { deadlines, ..Config::default() };
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), config).unwrap();
    // A whole frame of more than one read lies in the kernel before the server first looks, so there is something to
    // read at every look; a deadline that is seen only by waiting in vain would never be seen.
    let mut peer = Peer::connect(server.address());
    peer.send(&[&40_000_u32.to_be_bytes()[..], &[0; 40_000]].concat());
    let server = serve(server);
    assert_eq!(peer.refusal(), "ECHO-READ-TIMEOUT");
    drop(peer);
    server.stop();
}

#[test]
fn a_stop_between_two_frames_is_immediate() {
    let server = run(FAR, FAR, FAR);
    let mut peer = server.connect_and_be_served();
    let waiting = std::thread::spawn(move || peer.refusal());
    assert_eq!(server.stop(), Stopped { accepted: 2, abandoned: 0 });
    assert_eq!(waiting.join().unwrap(), "ECHO-STOPPING");
}

#[test]
fn a_stop_inside_a_frame_waits_for_the_drain_and_no_longer() {
    let server = run(FAR, FAR, SOON);
    let mut peer = server.connect_and_be_served();
    peer.send(b"\0\0");
    let waiting = std::thread::spawn(move || peer.refusal());
    assert_eq!(server.stop(), Stopped { accepted: 2, abandoned: 0 });
    assert_eq!(waiting.join().unwrap(), "ECHO-DRAIN-DEADLINE");
}

#[test]
fn a_read_deadline_that_passes_during_the_drain_keeps_its_own_name() {
    let server = run(FAR, SOON, FAR);
    let mut peer = server.connect_and_be_served();
    peer.send(b"\0\0");
    let waiting = std::thread::spawn(move || peer.refusal());
    assert_eq!(server.stop(), Stopped { accepted: 2, abandoned: 0 });
    assert_eq!(waiting.join().unwrap(), "ECHO-READ-TIMEOUT");
}
