//! An echo with followers: bytes that nobody asked for at this moment.
//!
//! With a plain echo a peer gets what it asked for, so slowing down its requests bounds its queue. A server that sends
//! on its own account (a feed, gossip, a replicated log) has no such brake: the queue of a peer that does not read grows
//! with what the *others* do. That is what the outbound cap is for, and this service is the smallest that needs it.

use std::time::Instant;

use framing::{CloseReason, FrameLimit};

use crate::echo::{log_answer, refuse, reply, request};
use crate::{FrameService, Outbox, Peer, Token};

/// The body of a request to be sent a copy of everybody's replies from now on.
pub const FOLLOW: &[u8] = b"follow";

/// Followers at once: 64. Each costs a copy of every reply.
pub const FOLLOWERS_MAX: usize = 64;

/// Sends every request back, and a copy of each reply to all followers.
#[derive(Debug)]
pub struct Feed {
    limit: FrameLimit,
    followers: Vec<Token>,
}

/// One connection of a feed.
#[derive(Debug)]
pub struct Reader {
    token: Token,
    answers: u64,
}

impl Feed {
    /// A feed without followers, whose answers are frames within `limit`.
    pub fn new(limit: FrameLimit) -> Self {
        Feed { limit, followers: Vec::new() }
    }
}

impl FrameService for Feed {
    type Session = Reader;

    fn open(&mut self, peer: &Peer) -> Reader {
        Reader { token: peer.token, answers: 0 }
    }

    fn frame(
        &mut self,
        reader: &mut Reader,
        payload: &[u8],
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), CloseReason> {
        let message = request(payload)?;
        let before = out.len();
        reply(&message, self.limit, out)?;
        for follower in self.followers.iter().filter(|follower| **follower != reader.token) {
            let copy = out.bytes()[before..].to_vec();
            out.send_to(*follower, copy);
        }
        let follows = message.body == FOLLOW && !self.followers.contains(&reader.token);
        if follows && self.followers.len() < FOLLOWERS_MAX {
            self.followers.push(reader.token);
        }
        reader.answers += 1;
        log_answer(&message, now);
        Ok(())
    }

    fn farewell(&mut self, _peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        refuse(reason, out);
    }

    fn closed(&mut self, reader: Reader, peer: &Peer, reason: CloseReason) {
        self.followers.retain(|follower| *follower != reader.token);
        reason.log(peer.number, peer.address, reader.answers);
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn peer(slot: u32) -> Peer {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        Peer { token: Token::new(slot, 0), number: 1, address, listener: 0 }
    }

    #[test]
    fn a_follower_gets_a_copy_of_the_others_replies_until_it_leaves() {
        let (mut feed, mut out, now) = (Feed::new(FrameLimit::default()), Outbox::new(), Instant::now());
        let (mut follower, mut other) = (feed.open(&peer(1)), feed.open(&peer(2)));
        feed.frame(&mut follower, b"\x01\x01afollow", &mut out, now).unwrap();
        assert!(out.mail().is_empty(), "its own replies it gets as everybody does");
        feed.frame(&mut other, b"\x01\x01bhello", &mut out, now).unwrap();
        assert_eq!(out.mail(), [(Token::new(1, 0), b"\0\0\0\x08\x02\x01bhello".to_vec())]);
        feed.closed(follower, &peer(1), CloseReason::PeerFinished);
        feed.frame(&mut other, b"\x01\x01chello", &mut out, now).unwrap();
        assert_eq!(out.mail().len(), 1);
    }

    #[test]
    fn one_follower_more_than_the_bound_is_answered_and_not_followed() {
        let (mut feed, mut out, now) = (Feed::new(FrameLimit::default()), Outbox::new(), Instant::now());
        for slot in 0..=FOLLOWERS_MAX as u32 {
            let mut reader = feed.open(&peer(slot));
            feed.frame(&mut reader, b"\x01\x01afollow", &mut out, now).unwrap();
        }
        assert_eq!(feed.followers.len(), FOLLOWERS_MAX);
    }
}
