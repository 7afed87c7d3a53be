//! What epoll has to show beyond the shared suite: the bound of its answers, the kernel's behaviour that the choice of
//! the trigger rests on, and its own descriptor.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use epoll_http::Epoll;
use epoll_http::epoll::EVENTS_PER_WAIT_MAX;
use event_loop::{Event, Interest, Poller, PollerError, Token};
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn ready() -> OwnedFd {
    eventfd(1, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).unwrap()
}

fn tokens(events: &[Event]) -> HashSet<Token> {
    events.iter().map(|event| event.token).collect()
}

/// W4, S1: at the bound one answer holds all, one above it the last one is told by the next answer.
#[test]
fn what_does_not_fit_one_answer_comes_first_in_the_next() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = EVENTS_PER_WAIT_MAX as u64 + 64;
    if limit.current.is_some_and(|soft| soft < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
            .expect("the hard limit has room for one answer and the process");
    }
    let mut poller = Epoll::new().unwrap();
    let mut crowd = Vec::new();
    let mut add = |poller: &mut Epoll| {
        let fd = ready();
        poller.add(fd.as_fd(), Token::new(crowd.len() as u32, 0), Interest::READ).unwrap();
        crowd.push(fd);
    };
    (0..EVENTS_PER_WAIT_MAX).for_each(|_| add(&mut poller));
    let mut events = Vec::new();
    poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
    assert_eq!(tokens(&events).len(), EVENTS_PER_WAIT_MAX, "at the bound");
    add(&mut poller);
    poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
    assert_eq!(events.len(), EVENTS_PER_WAIT_MAX, "one above it");
    let first = tokens(&events);
    poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
    let missing: Vec<u32> =
        (0..=EVENTS_PER_WAIT_MAX as u32).filter(|at| !first.contains(&Token::new(*at, 0))).collect();
    assert_eq!(missing.len(), 1);
    assert_eq!(
        events[0].token,
        Token::new(missing[0], 0),
        "who was left out is the first of the next answer"
    );
}

/// One socket, watched by a bare edge-triggered instance and by the poller.
struct SideBySide {
    edge: OwnedFd,
    level: Epoll,
}

impl SideBySide {
    fn watching(stream: &UnixStream) -> Self {
        let edge = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&edge, stream, epoll::EventData::new_u64(1), flags).unwrap();
        let mut level = Epoll::new().unwrap();
        level.add(stream.as_fd(), Token::new(1, 0), Interest::READ).unwrap();
        SideBySide { edge, level }
    }

    /// How many events each of them tells now: edge, level.
    fn told(&mut self) -> (usize, usize) {
        let mut answer = [MaybeUninit::uninit(); 4];
        let edge = epoll::wait(&self.edge, &mut answer, Some(&Timespec::default())).unwrap().0.len();
        let mut events = Vec::new();
        self.level.wait(&mut events, Some(Duration::ZERO)).unwrap();
        (edge, events.len())
    }
}

// ANCHOR: edge
/// The counter-example that the choice rests on: with `EPOLLET`, a handler that reads half of what is there is not told
/// of the rest; the level-triggered poller beside it tells it.
#[test]
fn an_edge_is_not_told_again_after_half_a_read() {
    let (mut ours, mut peer) = UnixStream::pair().unwrap();
    let mut both = SideBySide::watching(&ours);
    peer.write_all(b"xy").unwrap();
    assert_eq!(both.told(), (1, 1));
    ours.read_exact(&mut [0]).unwrap();
    assert_eq!(both.told(), (0, 1), "a byte is left, and only the level says so");
    peer.write_all(b"z").unwrap();
    assert_eq!(both.told(), (1, 1), "only another arrival is another edge");
}
// ANCHOR_END: edge

/// Why an edge cannot save the last read: a read that was short has taken all bytes and has not seen the end that came
/// with them, and the end is no edge of its own.
#[test]
fn an_edge_hides_an_end_behind_a_short_read() {
    let (mut ours, mut peer) = UnixStream::pair().unwrap();
    let mut both = SideBySide::watching(&ours);
    peer.write_all(b"last words").unwrap();
    drop(peer);
    assert_eq!(both.told(), (1, 1));
    let mut buffer = [0; 64];
    assert_eq!(ours.read(&mut buffer).unwrap(), 10, "a short read");
    assert_eq!(both.told(), (0, 1), "the end is there, and only the level says so");
    assert_eq!(ours.read(&mut buffer).unwrap(), 0);
}

/// Files are always ready and the kernel does not watch them; whoever tries is told, and nothing is left behind.
#[test]
fn a_regular_file_is_refused_by_the_system() {
    let file = File::open("/proc/self/exe").unwrap();
    let mut poller = Epoll::new().unwrap();
    for interest in [Interest::READ, Interest::NONE] {
        let refused = poller.add(file.as_fd(), Token::new(0, 0), interest);
        assert!(matches!(refused, Err(PollerError::System(_))), "{refused:?}");
        let removed = poller.remove(file.as_fd());
        assert!(matches!(removed, Err(PollerError::Unknown(_) | PollerError::System(_))), "{removed:?}");
    }
}

/// A child that inherited it would keep every watched connection's registration alive.
#[test]
fn the_pollers_own_descriptor_is_not_inherited() {
    let poller = Epoll::new().unwrap();
    let own =
        std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&poller.as_fd())));
    assert!(
        own.unwrap().to_str().unwrap().contains("eventpoll"),
        "the search below looks for the right word"
    );
    let listing = Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    assert!(listing.contains("->"), "{listing}");
    assert!(!listing.contains("eventpoll"), "{listing}");
}
