//! Contract 3, the endings: an end and an error wake whoever waits for anything.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use rustix::pipe::{PipeFlags, pipe_with};

use super::rig::{PATIENCE, Rig, drain, fill, pair, reset, witness};
use crate::{Interest, Poller, Token};

const US: Token = Token::new(2, 2);

/// An end stays an end.
pub fn the_end_of_a_stream_is_readable_in_every_answer<P: Poller>() {
    let (mut ours, peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    drop(peer);
    for _ in 0..3 {
        assert!(rig.event(US).readable);
        assert_eq!(ours.read(&mut [0; 8]).unwrap(), 0);
    }
}

/// The peer has finished sending and still listens: readable for the end, writable for the answer, and not failed.
pub fn after_a_half_close_the_other_direction_still_has_room<P: Poller>() {
    let (mut ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    peer.shutdown(Shutdown::Write).unwrap();
    let event = rig.event(US);
    assert!(event.readable && !event.failed, "{event:?}");
    rig.modify(&ours, US, Interest::WRITE);
    let event = rig.event(US);
    assert!(event.writable && !event.failed, "{event:?}");
    ours.write_all(b"late").unwrap();
    witness::<P>(&peer);
    assert_eq!(drain(&mut peer), 4);
}

/// A reader is woken by a reset, and its read returns the reason.
pub fn a_reset_is_readable_and_the_read_says_so<P: Poller>() {
    let (mut ours, peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    reset(peer);
    let event = rig.event(US);
    assert!(event.readable && (event.failed || !event.writable), "{event:?}");
    assert_eq!(ours.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// A writer that waits for room which will never come is woken, and its write fails.
pub fn a_reset_frees_a_writer_from_a_full_buffer<P: Poller>() {
    let (mut ours, peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::WRITE);
    let until = Instant::now() + PATIENCE;
    while !rig.now().is_empty() {
        assert!(Instant::now() < until, "the send buffer never fills");
        fill(&mut ours);
    }
    reset(peer);
    let event = rig.event(US);
    assert!(event.writable && (event.failed || !event.readable), "{event:?}");
    let kind = ours.write(b"x").unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind:?}");
}

/// A pipe says less than a socket: the kernel reports a hang-up without "readable", and an error without "writable".
pub fn a_pipe_whose_other_end_is_gone_wakes_its_reader_and_its_writer<P: Poller>() {
    let nonblocking = PipeFlags::NONBLOCK | PipeFlags::CLOEXEC;
    let mut rig = Rig::<P>::new();
    let (reader, writer) = pipe_with(nonblocking).unwrap();
    rig.add(&reader, US, Interest::READ);
    assert_eq!(rig.now(), []);
    drop(writer);
    assert!(rig.event(US).readable);
    assert_eq!(rustix::io::read(&reader, &mut [0; 8]), Ok(0));
    rig.remove(&reader);

    let (reader, writer) = pipe_with(nonblocking).unwrap();
    while rustix::io::write(&writer, &[0; 4096]).is_ok() {}
    rig.add(&writer, US, Interest::WRITE);
    assert_eq!(rig.now(), [], "a full pipe has no room");
    drop(reader);
    assert!(rig.event(US).writable);
    assert_eq!(rustix::io::write(&writer, &[0; 8]), Err(rustix::io::Errno::PIPE));
}

/// Of five, the second and the fourth leave and the fifth speaks: three are told, and then, with the two gone, one.
pub fn peers_that_leave_in_the_middle_hide_nobody<P: Poller>() {
    let token = |at: usize| Token::new(at as u32, 1);
    let (ours, peers): (Vec<TcpStream>, Vec<TcpStream>) = (0..5).map(|_| pair()).unzip();
    let mut peers: Vec<Option<TcpStream>> = peers.into_iter().map(Some).collect();
    let mut ours: Vec<Option<TcpStream>> = ours.into_iter().map(Some).collect();
    let mut rig = Rig::<P>::new();
    for (at, stream) in ours.iter().flatten().enumerate() {
        rig.add(stream, token(at), Interest::READ);
    }
    peers[1] = None;
    reset(peers[3].take().unwrap());
    peers[4].as_mut().unwrap().write_all(b"x").unwrap();
    for at in [1, 3, 4] {
        witness::<P>(ours[at].as_ref().unwrap());
    }
    let mut told: Vec<usize> = rig.now().iter().map(|event| event.token.slot()).collect();
    told.sort_unstable();
    assert_eq!(told, [1, 3, 4]);
    for at in [1, 3] {
        let stream = ours[at].take().unwrap();
        rig.remove(&stream);
    }
    let told: Vec<Token> = rig.now().iter().map(|event| event.token).collect();
    assert_eq!(told, [token(4)]);
}
