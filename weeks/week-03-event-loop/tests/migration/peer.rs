//! A peer that reads whenever there is something to read, also while it has more to send: two sides that both only write
//! would wait for each other.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::conversation::{Act, Conversation, Cut, Ending};
use crate::wire;

struct Peer {
    stream: TcpStream,
    heard: Vec<u8>,
    ended: bool,
}

impl Peer {
    /// Sends all of `out` and reads what comes, until everything is sent and `enough` holds.
    fn pump(&mut self, mut out: &[u8], enough: impl Fn(&Peer) -> bool) {
        let until = Instant::now() + wire::DEADLINE;
        while !(out.is_empty() && enough(self)) {
            let flags = if out.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
            let left = until.saturating_duration_since(Instant::now());
            assert!(left > Duration::ZERO, "in vain; heard so far: {:?}", self.heard);
            let mut watched = [PollFd::new(&self.stream, flags)];
            poll(&mut watched, Some(&Timespec::try_from(left).unwrap())).unwrap();
            self.read();
            if !out.is_empty() {
                match self.stream.write(out) {
                    Ok(taken) => out = &out[taken..],
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => panic!("{error} with {} bytes left to send", out.len()),
                }
            }
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(bytes) => self.heard.extend_from_slice(&buffer[..bytes]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error} after {:?}", self.heard),
        }
    }
}

/// Has one conversation with the server at `address`, and returns everything that it said.
pub(crate) fn have(address: SocketAddr, conversation: &Conversation, cut: Cut) -> Vec<u8> {
    let stream = wire::connect(address);
    stream.set_nonblocking(true).unwrap();
    let mut peer = Peer { stream, heard: Vec::new(), ended: false };
    for step in &conversation.steps {
        match step.act() {
            Act::Send(bytes) => {
                let piece = match cut {
                    Cut::AsWritten => bytes.len(),
                    Cut::Every(piece) => piece,
                };
                bytes.chunks(piece).for_each(|piece| peer.pump(piece, |_| true));
            }
            Act::Hear(count) => {
                peer.pump(&[], |peer| {
                    assert!(!peer.ended || peer.heard.len() >= count, "an end after {:?}", peer.heard);
                    peer.heard.len() >= count
                });
            }
            Act::Then(Ending::Finish) => peer.stream.shutdown(std::net::Shutdown::Write).unwrap(),
            Act::Then(Ending::Reset) => {
                rustix::net::sockopt::set_socket_linger(&peer.stream, Some(Duration::ZERO)).unwrap();
                return peer.heard;
            }
        }
    }
    peer.pump(&[], |peer| peer.ended);
    peer.heard
}
