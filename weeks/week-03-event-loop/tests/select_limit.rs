//! Where `select` ends. Claim: descriptor 1,023 works, descriptor 1,024 is refused with an error of its own before
//! anything is touched, and a server that meets it goes on serving everybody else.
//!
//! In a program that does not check, `FD_SET(1024, &set)` writes a bit behind the set, into whatever lies there. So it is
//! not enough that something fails here: the poller has to be unchanged, bit for bit.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod wire;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use event_loop::{Event, Interest, Poll, Poller, PollerError, SELECT_DESCRIPTORS_MAX, Select, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use wire::{Server, frame, reply, request, wait_until};

/// Descriptors that a test here needs.
const DESCRIPTORS: u64 = 1200;

/// One test at a time: where they share a process, they share the numbers that this is about.
static NUMBERS: Mutex<()> = Mutex::new(());

/// Raises the soft limit. False, and said so, where the hard one is lower: the system itself then keeps everybody from
/// the numbers that this is about.
fn room() -> bool {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|hard| hard < DESCRIPTORS) {
        eprintln!("SKIPPED: the hard limit allows {:?} descriptors, this needs {DESCRIPTORS}", limit.maximum);
        return false;
    }
    if limit.current.is_some_and(|soft| soft < DESCRIPTORS) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum: limit.maximum }).unwrap();
    }
    true
}

/// A duplicate with exactly this number.
fn numbered(fd: impl AsFd, number: usize) -> OwnedFd {
    let fd = rustix::io::fcntl_dupfd_cloexec(fd, number as i32).unwrap();
    assert_eq!(fd.as_raw_fd(), number as i32, "nobody else has the number");
    fd
}

#[test]
fn the_last_number_that_fits_works_and_the_next_one_is_refused_untouched() {
    let _numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    if !room() {
        return;
    }
    let (ours, mut peer) = UnixStream::pair().unwrap();
    let last = numbered(&ours, SELECT_DESCRIPTORS_MAX - 1);
    let beyond = numbered(&ours, SELECT_DESCRIPTORS_MAX);
    let token = Token::new(7, 7);
    let mut select = Select::new().unwrap();
    select.add(last.as_fd(), token, Interest::READ).unwrap();

    let before = format!("{select:?}");
    let refusals = [
        select.add(beyond.as_fd(), Token::new(8, 8), Interest::BOTH),
        select.modify(beyond.as_fd(), Token::new(8, 8), Interest::BOTH),
        select.remove(beyond.as_fd()),
    ];
    for refused in refusals {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, PollerError::OutOfRange { fd: 1024, last: 1023, poller: "select" }),
            "{error:?}"
        );
        assert_eq!(error.to_string(), "descriptor 1024 is beyond select, which ends at 1023");
    }
    assert_eq!(format!("{select:?}"), before, "every bit and every token as before");

    peer.write_all(b"x").unwrap();
    let mut events = Vec::new();
    select.wait(&mut events, Some(wire::DEADLINE)).unwrap();
    assert_eq!(events, [Event { token, readable: true, writable: false, failed: false }]);

    let mut poll = Poll::new().unwrap();
    poll.add(beyond.as_fd(), token, Interest::READ).unwrap();
    poll.wait(&mut events, Some(wire::DEADLINE)).unwrap();
    assert_eq!(events.len(), 1, "which is no matter for poll");
}

fn is_served(stream: &TcpStream, id: &str) {
    (&*stream).write_all(&request(id, b"hello")).unwrap();
    assert_eq!(frame(stream), reply(id, b"hello"));
}

/// More peers than `select` has bits. Those who came first are served, those who came too late are told why, nobody is
/// dropped in silence, and a place that becomes free is used again.
#[test]
fn a_server_on_select_tells_the_peers_that_have_no_bit_and_keeps_the_others() {
    let _numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    if !room() {
        return;
    }
    let server = Server::start(&["--poller", "select", "--connections", "2000"]);
    // The server itself needs fewer than twenty-four descriptors.
    let surely_in = SELECT_DESCRIPTORS_MAX - 24;
    let peers: Vec<TcpStream> = (0..SELECT_DESCRIPTORS_MAX + 10).map(|_| server.connect()).collect();
    for (at, peer) in peers[SELECT_DESCRIPTORS_MAX..].iter().enumerate() {
        let refusal = frame(peer);
        assert_eq!(refusal, b"\x03\x00LOOP-DESCRIPTOR-RANGE", "peer {}", SELECT_DESCRIPTORS_MAX + at);
        assert_eq!((&*peer).read(&mut [0]).unwrap(), 0, "and no more words");
    }
    for at in [0, 1, 500, surely_in - 1] {
        is_served(&peers[at], &format!("peer-{at}"));
    }
    let mut peers = peers.into_iter();
    drop(peers.next());
    // A moment later its number is free, and the next stranger gets it.
    wait_until("a free place to be used again", || {
        let stranger = server.connect();
        stranger.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        // Whoever is refused may already have been reset, so that the write fails; then it is not the one.
        (&stranger).write_all(&request("stranger", b"hello")).ok()?;
        let mut header_and_kind = [0; 5];
        (&stranger).read_exact(&mut header_and_kind).ok()?;
        (header_and_kind[4] == 2).then_some(())
    });
    drop(peers);
    server.stop();
}

/// The same crowd on `poll`, which has no such end.
#[test]
fn a_server_on_poll_serves_the_peers_beyond_the_end_of_select() {
    let _numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    if !room() {
        return;
    }
    let server = Server::start(&["--poller", "poll", "--connections", "2000"]);
    let peers: Vec<TcpStream> = (0..SELECT_DESCRIPTORS_MAX + 10).map(|_| server.connect()).collect();
    for at in [0, SELECT_DESCRIPTORS_MAX, SELECT_DESCRIPTORS_MAX + 9] {
        is_served(&peers[at], &format!("peer-{at}"));
    }
    drop(peers);
    server.stop();
}
