//! Contract 4, and the three errors: who is watched, and who is not.

use std::io::Write;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::rig::{Rig, pair, witness};
use crate::{Event, Interest, Poller, PollerError, Token};

const US: Token = Token::new(1, 1);
const OTHER: Token = Token::new(2, 1);

fn writable(token: Token) -> Event {
    Event { token, readable: false, writable: true, failed: false }
}

/// The second one is told so, and the first one's token and interest stand.
pub fn adding_twice_is_refused_and_changes_nothing<P: Poller>() {
    let (ours, _peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::WRITE);
    let refused = rig.poller.add(ours.as_fd(), OTHER, Interest::READ);
    assert!(matches!(refused, Err(PollerError::Known(fd)) if fd == ours.as_raw_fd()), "{refused:?}");
    assert_eq!(rig.now(), [writable(US)]);
}

/// Neither before it was added, nor after it was removed, nor once its neighbour is known.
pub fn what_is_not_watched_can_be_neither_changed_nor_removed<P: Poller>() {
    let (ours, peer) = pair();
    let mut rig = Rig::<P>::new();
    let assert_unknown = |rig: &mut Rig<P>| {
        let (fd, number) = (ours.as_fd(), ours.as_raw_fd());
        let changed = rig.poller.modify(fd, US, Interest::READ);
        assert!(matches!(changed, Err(PollerError::Unknown(fd)) if fd == number), "{changed:?}");
        let silenced = rig.poller.modify(fd, US, Interest::NONE);
        assert!(matches!(silenced, Err(PollerError::Unknown(fd)) if fd == number), "{silenced:?}");
        let removed = rig.poller.remove(fd);
        assert!(matches!(removed, Err(PollerError::Unknown(fd)) if fd == number), "{removed:?}");
    };
    assert_unknown(&mut rig);
    rig.add(&peer, OTHER, Interest::READ);
    assert_unknown(&mut rig);
    for interest in [Interest::READ, Interest::NONE] {
        rig.add(&ours, US, interest);
        rig.remove(&ours);
        assert_unknown(&mut rig);
    }
}

/// A descriptor without interest cannot be added again, can be silenced again, and can be removed.
pub fn silence_is_known_and_is_not_the_same_as_absence<P: Poller>() {
    let (ours, _peer) = pair();
    let mut rig = Rig::<P>::new();
    for _ in 0..2 {
        rig.add(&ours, US, Interest::NONE);
        let refused = rig.poller.add(ours.as_fd(), OTHER, Interest::WRITE);
        assert!(matches!(refused, Err(PollerError::Known(_))), "{refused:?}");
        rig.modify(&ours, US, Interest::NONE);
        assert_eq!(rig.now(), []);
        rig.modify(&ours, US, Interest::WRITE);
        assert_eq!(rig.now(), [writable(US)]);
        rig.modify(&ours, US, Interest::NONE);
        rig.remove(&ours);
    }
}

/// Removed while ready: gone from the next answer.
pub fn a_removed_descriptor_is_told_no_more<P: Poller>() {
    let (ours, other) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::WRITE);
    rig.add(&other, OTHER, Interest::WRITE);
    assert_eq!(rig.now().len(), 2);
    rig.remove(&ours);
    assert_eq!(rig.now(), [writable(OTHER)]);
}

/// The first, one in the middle and the last are removed; each time the others are told under their own names.
pub fn removals_in_the_middle_leave_the_others_their_tokens<P: Poller>() {
    let streams: Vec<TcpStream> = (0..4).flat_map(|_| <[TcpStream; 2]>::from(pair())).collect();
    let token = |at: usize| Token::new(at as u32, at as u32 + 100);
    let mut rig = Rig::<P>::new();
    for (at, stream) in streams.iter().enumerate() {
        rig.add(stream, token(at), Interest::WRITE);
    }
    let mut left: Vec<usize> = (0..streams.len()).collect();
    for gone in [3, 0, 7, 5, 1] {
        rig.remove(&streams[gone]);
        left.retain(|at| *at != gone);
        let mut told: Vec<Token> = rig.now().iter().map(|event| event.token).collect();
        told.sort_unstable();
        assert_eq!(told, left.iter().map(|at| token(*at)).collect::<Vec<_>>());
    }
    // Those who moved into a gap can still be changed and removed.
    for at in left {
        rig.modify(&streams[at], token(at), Interest::READ);
        rig.remove(&streams[at]);
    }
    assert_eq!(rig.now(), []);
}

/// A new connection gets the number of an old one, which had bytes waiting and another interest.
pub fn a_number_used_again_inherits_nothing<P: Poller>() {
    let (old, mut old_peer) = pair();
    let (new, mut new_peer) = pair();
    let mut rig = Rig::<P>::new();
    let mut carrier = OwnedFd::from(old);
    rig.add(&carrier, US, Interest::READ);
    old_peer.write_all(b"x").unwrap();
    assert!(rig.event(US).readable);
    rig.remove(&carrier);
    // Closes the old connection and gives its number to the new one in a single step, whatever other threads open.
    let number = carrier.as_raw_fd();
    rustix::io::dup2(&new, &mut carrier).unwrap();
    assert_eq!(carrier.as_raw_fd(), number);
    assert_eq!(rig.now(), [], "nobody has added the new one yet");
    rig.add(&carrier, OTHER, Interest::WRITE);
    assert_eq!(rig.now(), [writable(OTHER)]);
    rig.modify(&carrier, OTHER, Interest::READ);
    assert_eq!(rig.now(), []);
    new_peer.write_all(b"x").unwrap();
    witness::<P>(&carrier);
    assert_eq!(rig.now().len(), 1);
}

/// Places and generations up to the last.
pub fn every_bit_of_a_token_comes_back<P: Poller>() {
    let (ours, _peer) = pair();
    let mut rig = Rig::<P>::new();
    for token in
        [Token::new(0, 0), Token::new(u32::MAX, 0), Token::new(0, u32::MAX), Token::new(u32::MAX, u32::MAX)]
    {
        rig.add(&ours, token, Interest::WRITE);
        assert_eq!(rig.now(), [writable(token)]);
        rig.remove(&ours);
    }
}
