//! A poller under observation, and real peers for it to watch.

use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::{Event, Interest, Poller, Token};

/// How long something that has to happen may take before the check calls it lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A poller whose every answer is looked through.
pub(super) struct Rig<P> {
    pub(super) poller: P,
    events: Vec<Event>,
}

impl<P: Poller> Rig<P> {
    pub(super) fn new() -> Self {
        Rig { poller: P::new().unwrap(), events: Vec::new() }
    }

    pub(super) fn add(&mut self, fd: impl AsFd, token: Token, interest: Interest) {
        self.poller.add(fd.as_fd(), token, interest).unwrap();
    }

    pub(super) fn modify(&mut self, fd: impl AsFd, token: Token, interest: Interest) {
        self.poller.modify(fd.as_fd(), token, interest).unwrap();
    }

    pub(super) fn remove(&mut self, fd: impl AsFd) {
        self.poller.remove(fd.as_fd()).unwrap();
    }

    /// One answer. What holds for all of them is asserted here: a token comes once, an event says something, and a wait
    /// that brings nothing has lasted.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> &[Event] {
        let begun = Instant::now();
        self.poller.wait(&mut self.events, timeout).unwrap();
        let tokens: HashSet<Token> = self.events.iter().map(|event| event.token).collect();
        assert_eq!(tokens.len(), self.events.len(), "a token came twice: {:?}", self.events);
        for event in &self.events {
            assert!(event.readable || event.writable || event.failed, "an event about nothing: {event:?}");
        }
        if self.events.is_empty() {
            let lasted = begun.elapsed();
            assert!(timeout.is_some_and(|timeout| lasted >= timeout), "woken for nothing after {lasted:?}");
        }
        &self.events
    }

    /// What is ready at this moment.
    pub(super) fn now(&mut self) -> Vec<Event> {
        self.wait(Some(Duration::ZERO)).to_vec()
    }

    /// Waits until the token is in an answer.
    pub(super) fn event(&mut self, token: Token) -> Event {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{token:?} was never told");
            let found = self.wait(Some(left)).iter().copied().find(|event| event.token == token);
            if let Some(event) = found {
                return event;
            }
        }
    }
}

/// Waits with another poller of the same kind until `fd` is readable: proof that something has arrived.
pub(super) fn witness<P: Poller>(fd: impl AsFd) {
    let token = Token::new(0, 0);
    let mut rig = Rig::<P>::new();
    rig.add(&fd, token, Interest::READ);
    assert!(rig.event(token).readable);
    rig.remove(&fd);
}

/// The two ends of a TCP connection, neither of which blocks.
pub(super) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peers, _) = listener.accept().unwrap();
    for stream in [&ours, &peers] {
        stream.set_nonblocking(true).unwrap();
    }
    (ours, peers)
}

/// Ends a connection with a reset instead of an orderly end.
pub(super) fn reset(peer: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&peer, Some(Duration::ZERO)).unwrap();
}

/// Writes until the send buffer takes no more.
pub(super) fn fill(stream: &mut TcpStream) {
    let block = [0x5a; 64 * 1024];
    loop {
        match stream.write(&block) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("filling the send buffer: {error}"),
        }
    }
}

/// Reads what is here, and returns how much that was.
pub(super) fn drain(stream: &mut TcpStream) -> usize {
    let mut buffer = [0; 64 * 1024];
    let mut bytes = 0;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return bytes,
            Ok(n) => bytes += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return bytes,
            Err(error) => panic!("draining: {error}"),
        }
    }
}
