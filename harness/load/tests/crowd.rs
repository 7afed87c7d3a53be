//! A crowd is only as good as its slowness, and as what it sees of the server: each claim is checked from the server's
//! side, too.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod messages;
mod server;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use load::crowd::{Behaviour, Crowd, Group, GroupTally, Plan};
use load::offer::{self, Offer};
use load::{ErrorClass, LoadError};
use messages::{farewell, reply};
use rustix::net::sockopt::set_socket_linger;
use server::{echo_with, read_frame, serve};

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A frame that announces a thousand bytes, as far as these many bytes of it.
fn announcing(bytes: usize) -> Vec<u8> {
    let mut frame = [&1000_u32.to_be_bytes()[..], &[b'x'; 1000]].concat();
    frame.truncate(bytes);
    frame
}

/// Reads so many bytes, says goodbye and hangs up.
fn says_goodbye_after(mut stream: TcpStream, bytes: usize) -> std::io::Result<()> {
    stream.read_exact(&mut vec![0; bytes])?;
    stream.write_all(&farewell("SLOW-READ"))
}

/// Runs until so many connections have ended, in short turns, as many as it takes.
fn until_ended(crowd: &mut Crowd, ended: u64) -> GroupTally {
    for _ in 0..10_000 {
        let tally = crowd.tally().groups.remove(0);
        if tally.ends.values().sum::<u64>() >= ended {
            return tally;
        }
        crowd.run_for(MILLISECOND).unwrap();
    }
    panic!("{:?}", crowd.tally());
}

fn one(server: std::net::SocketAddr, group: Group) -> Plan {
    Plan::to(server).group(group)
}

#[test]
fn a_slow_sender_says_all_it_has_a_piece_at_a_time_and_then_stays() {
    let (report, heard) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        let mut all = vec![0; 40];
        stream.read_exact(&mut all).unwrap();
        report.send(all).unwrap();
        // Nothing follows: the next thing is the end, when the crowd is dropped.
        report.send(vec![stream.read(&mut [0; 8]).unwrap() as u8]).unwrap();
    });
    let drip = Behaviour::SlowSender { says: announcing(40), piece_bytes: 3, every: MILLISECOND };
    let mut crowd = Crowd::connect(one(address, Group::of("drip", 1, drip))).unwrap();
    let mut said = None;
    for _ in 0..10_000 {
        crowd.run_for(MILLISECOND).unwrap();
        said = heard.try_recv().ok();
        if said.is_some() {
            break;
        }
    }
    assert_eq!(said, Some(announcing(40)));
    crowd.run_for(MILLISECOND * 20).unwrap();
    assert_eq!((crowd.standing(), heard.try_recv().ok()), (1, None), "it stays, and says no more");
    drop(crowd);
    assert_eq!(heard.recv_timeout(Duration::from_secs(10)).unwrap(), [0]);
}

#[test]
fn a_slow_sender_sends_whole_pieces_and_stops_when_it_is_told_to_go() {
    let (report, heard) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        let mut piece = [0; 64];
        let bytes = stream.read(&mut piece).unwrap();
        stream.write_all(&farewell("ENOUGH")).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        report.send((bytes, rest.len())).unwrap();
    });
    let plenty = Behaviour::SlowSender { says: announcing(1004), piece_bytes: 5, every: MILLISECOND * 2 };
    let mut crowd = Crowd::connect(one(address, Group::of("plenty", 1, plenty))).unwrap();
    let tally = until_ended(&mut crowd, 1);
    let (first, rest) = heard.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((first % 5, (first + rest) as u64), (0, tally.bytes_sent), "whole pieces");
    assert!(tally.bytes_sent < 1004, "{tally:?}");
}

#[test]
fn a_stalled_client_sends_its_beginning_and_nothing_more_and_hears_why_it_was_ended() {
    let (report, heard) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        let mut said = vec![0; 10];
        stream.read_exact(&mut said).unwrap();
        stream.set_read_timeout(Some(MILLISECOND * 30)).unwrap();
        let more = stream.read(&mut [0; 8]);
        report.send((said, more.map_err(|error| error.kind()))).unwrap();
        stream.write_all(&farewell("BODY-DEADLINE")).unwrap();
    });
    let stalled = Behaviour::Stalled { says: announcing(10) };
    let mut crowd = Crowd::connect(one(address, Group::of("stalled", 20, stalled))).unwrap();
    let tally = until_ended(&mut crowd, 20);
    for (said, more) in heard.iter().take(20) {
        assert_eq!((said, more), (announcing(10), Err(ErrorKind::WouldBlock)));
    }
    assert_eq!((tally.connected, tally.standing, crowd.standing()), (20, 0, 0));
    assert_eq!((tally.ends[&ErrorClass::Refused], tally.codes["BODY-DEADLINE"]), (20, 20));
    assert_eq!((tally.bytes_sent, tally.frames_read, tally.seen.len()), (200, 20, 20));
    assert_eq!((tally.lifetime.len(), tally.since_first_byte.len()), (20, 20));
    for seen in &tally.seen {
        assert!(
            seen.connected <= seen.first_byte.unwrap() && seen.first_byte.unwrap() < seen.ended,
            "{seen:?}"
        );
        assert_eq!((seen.bytes_sent, seen.code.as_deref()), (10, Some("BODY-DEADLINE")));
    }
}

/// A request with a body of so many bytes.
fn request(body_bytes: usize) -> Vec<u8> {
    let payload = [&b"\x01\x03r-1"[..], &vec![b'b'; body_bytes]].concat();
    [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
}

#[test]
fn a_slow_reader_leaves_a_server_with_its_answers_until_the_server_resets_it() {
    let address = serve(move |mut stream, _| {
        stream.set_write_timeout(Some(MILLISECOND * 100)).unwrap();
        while let Ok(Some(frame)) = read_frame(&mut stream) {
            if stream.write_all(&reply(&frame)).is_err() {
                break;
            }
        }
        set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    });
    // 128 MiB of answers, which no kernel keeps. A reader that took some now and then would not do: each time the
    // server gets rid of a few bytes, and its timeout begins anew.
    let (frame, times) = (request(64 << 10), 2000);
    let all = frame.len() as u64 * u64::from(times);
    let slow = Behaviour::SlowReader { frame, times, read_bytes: 1, every: HOUR };
    let mut crowd = Crowd::connect(one(address, Group::of("slow", 3, slow).receive_buffer(4096))).unwrap();
    let tally = until_ended(&mut crowd, 3);
    assert_eq!((tally.ends[&ErrorClass::Reset], tally.codes.len()), (3, 0), "{tally:?}");
    assert!(tally.bytes_sent < 3 * all && tally.bytes_read < all, "{tally:?}");
}

#[test]
fn a_slow_reader_reads_on_by_the_clock() {
    const REPLIES: u32 = 256;
    let address = serve(move |mut stream, _| {
        // 16 MiB: more than the kernel keeps, so this ends only because somebody reads.
        for _ in 0..REPLIES {
            let frame = read_frame(&mut stream).unwrap().unwrap();
            stream.write_all(&reply(&frame)).unwrap();
        }
        stream.write_all(&farewell("SLOW-WRITE")).unwrap();
    });
    let frame = request(64 << 10);
    let all = frame.len() as u64 * u64::from(REPLIES);
    let slow = Behaviour::SlowReader { frame, times: REPLIES, read_bytes: 256 << 10, every: MILLISECOND };
    let mut crowd = Crowd::connect(one(address, Group::of("slow", 1, slow))).unwrap();
    let tally = until_ended(&mut crowd, 1);
    assert_eq!((tally.bytes_sent, tally.frames_read), (all, u64::from(REPLIES) + 1));
    assert_eq!((tally.codes["SLOW-WRITE"], tally.bytes_read), (1, all + farewell("SLOW-WRITE").len() as u64));
}

#[test]
fn a_slow_reader_hears_the_farewell_behind_what_it_has_not_read() {
    let address = serve(|mut stream, _| {
        for _ in 0..3 {
            let frame = read_frame(&mut stream).unwrap().unwrap();
            stream.write_all(&reply(&frame)).unwrap();
        }
        stream.write_all(&farewell("SLOW-WRITE")).unwrap();
    });
    let frame = b"\0\0\0\x0a\x01\x03r-1hello".to_vec();
    let slow = Behaviour::SlowReader { frame, times: 3, read_bytes: 1, every: HOUR };
    let mut crowd = Crowd::connect(one(address, Group::of("slow", 5, slow))).unwrap();
    let tally = until_ended(&mut crowd, 5);
    assert_eq!((tally.codes["SLOW-WRITE"], tally.frames_read), (5, 20), "{tally:?}");
    assert_eq!((tally.bytes_sent, tally.ends[&ErrorClass::Refused]), (5 * 3 * 14, 5));
}

#[test]
fn connections_that_ended_are_made_again_up_to_their_total_from_all_their_sources() {
    let (report, seen) = mpsc::channel();
    let address = serve(move |stream, _| {
        report.send(stream.peer_addr().unwrap().ip()).unwrap();
        let _ = says_goodbye_after(stream, 4);
    });
    let sources = [2, 3, 4].map(|last| IpAddr::from([127, 0, 0, last]));
    let group = Group::of("again", 4, Behaviour::Stalled { says: announcing(4) }).total(30).sources(sources);
    let mut crowd = Crowd::connect(one(address, group)).unwrap();
    let tally = until_ended(&mut crowd, 30);
    crowd.run_for(MILLISECOND * 30).unwrap();
    assert_eq!((tally.connected, crowd.tally().groups[0].connected, crowd.standing()), (30, 30, 0));
    let seen: Vec<IpAddr> = seen.try_iter().collect();
    assert_eq!((seen.len(), seen.into_iter().collect::<BTreeSet<_>>()), (30, BTreeSet::from(sources)));
}

#[test]
fn a_hang_up_without_a_word_and_a_reset_are_told_apart() {
    let address = serve(|mut stream, number| {
        stream.read_exact(&mut [0; 4]).unwrap();
        if number % 2 == 0 {
            set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }
    });
    let group = Group::of("ended", 10, Behaviour::Stalled { says: announcing(4) });
    let tally = until_ended(&mut Crowd::connect(one(address, group)).unwrap(), 10);
    assert_eq!((tally.ends[&ErrorClass::Reset], tally.ends[&ErrorClass::Closed]), (5, 5), "{tally:?}");
    assert!(tally.codes.is_empty());
}

#[test]
fn a_crowd_is_slow_on_a_thread_of_its_own_while_others_ask() {
    let address = serve(|stream, _| echo_with(stream, |_, frame| vec![reply(&frame)]));
    let drip = Behaviour::SlowSender { says: announcing(1000), piece_bytes: 1, every: MILLISECOND * 5 };
    let mut crowd = Crowd::connect(one(address, Group::of("drip", 200, drip))).unwrap();
    let crowd = std::thread::spawn(move || {
        crowd.run_for(MILLISECOND * 200).unwrap();
        crowd
    });
    let plan = offer::Plan::to(address).group(offer::Group::open("polite", 4, 500, 64));
    let mut polite = Offer::connect(plan).unwrap();
    polite.run_for(MILLISECOND * 100).unwrap();
    let crowd = crowd.join().unwrap();
    assert_eq!((crowd.standing(), crowd.tally().groups[0].connected), (200, 200));
    let group = polite.outcome().groups.remove(0);
    messages::assert_one_fate_each(&group);
    assert_eq!((group.requests, group.right), (50, 50), "{group:?}");
}

#[test]
fn where_nobody_listens_a_crowd_does_not_begin() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for connections in [1, 3, 40] {
        let group = Group::of("silent", connections, Behaviour::Stalled { says: vec![] });
        let error = Crowd::connect(one(free, group)).err().unwrap();
        assert!(matches!(error, LoadError::Connect { made: 0, .. }), "{error}");
    }
}
