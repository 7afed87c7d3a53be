//! Churn is only as good as its deaths: each kind has to happen on the wire, and a server that goes wrong has to be seen.
//!
//! It could be fooled by a client that calls something a reset and then closes politely. So the server of this test
//! writes down how each connection ended, from its own side.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod server;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use load::churn::{AT_ONCE_MAX, Churn, Death, End, Tally, UNEXPECTED_KEPT_MAX};
use load::peers::Contestant;
use load::{Dialect, LoadError};
use server::serve;

/// How a connection ended, seen from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    EndBetweenFrames { after_requests: bool },
    EndInHeader,
    EndInPayload,
    Reset,
    TooLong,
    NotARequest,
}

const REFUSAL: &[u8] = b"\0\0\0\x07\x03\x00NOT-I";

/// Serves one connection as week 2 would, and says how it ended.
fn attend(stream: &mut TcpStream) -> std::io::Result<Seen> {
    let mut requests = 0;
    loop {
        let (mut header, mut have) = ([0; 4], 0);
        while have < 4 {
            match stream.read(&mut header[have..])? {
                0 if have == 0 => return Ok(Seen::EndBetweenFrames { after_requests: requests > 0 }),
                0 => return Ok(Seen::EndInHeader),
                came => have += came,
            }
        }
        let len = u32::from_be_bytes(header) as usize;
        if len > 1 << 20 {
            stream.write_all(REFUSAL)?;
            return Ok(Seen::TooLong);
        }
        let mut payload = vec![0; len];
        match stream.read_exact(&mut payload) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(Seen::EndInPayload),
            other => other?,
        }
        if payload[0] != 1 {
            stream.write_all(REFUSAL)?;
            return Ok(Seen::NotARequest);
        }
        payload[0] = 2;
        stream.write_all(&[&header[..], &payload].concat())?;
        requests += 1;
    }
}

fn attending() -> (SocketAddr, Receiver<Seen>) {
    let (report, seen) = channel();
    let address = serve(move |mut stream, _| {
        let end = attend(&mut stream).unwrap_or_else(|error| match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Seen::Reset,
            kind => panic!("the server's socket failed: {kind}"),
        });
        let _ = report.send(end);
    });
    (address, seen)
}

fn churned(server: SocketAddr, deaths: &[Death], connections: u64) -> Tally {
    let churn = Churn { deaths: deaths.into(), at_once: 16, ..Churn::of(server, Dialect::Echo, connections) };
    churn.run().unwrap()
}

#[test]
fn every_kind_of_death_is_what_the_server_sees() {
    const CONNECTIONS: u64 = 40;
    for death in Death::ALL {
        let (address, seen) = attending();
        let tally = churned(address, &[death], CONNECTIONS);
        assert_eq!((tally.unexpected, tally.connections()), (0, CONNECTIONS), "{tally:?}");
        let mut count = BTreeMap::new();
        for _ in 0..CONNECTIONS {
            *count.entry(seen.recv_timeout(Duration::from_secs(10)).unwrap()).or_insert(0_u64) += 1;
        }
        let allowed: &[Seen] = match death {
            Death::Orderly | Death::HalfClose => &[Seen::EndBetweenFrames { after_requests: true }],
            Death::Reset | Death::ResetAtOnce | Death::Unread => &[Seen::Reset],
            Death::MidFrame => &[Seen::EndInPayload],
            Death::MidHeader => &[Seen::EndInHeader],
            Death::Oversize => &[Seen::TooLong],
            Death::Malformed => &[Seen::NotARequest],
            Death::Silent | Death::Immediate => &[Seen::EndBetweenFrames { after_requests: false }],
        };
        assert!(count.keys().all(|seen| allowed.contains(seen)), "{death}: {count:?}");

        let kind = &tally.kinds[&death];
        let ended: Vec<End> = kind.ended.keys().copied().collect();
        match death {
            Death::Orderly | Death::Silent | Death::Immediate | Death::Unread => {
                assert_eq!(ended, [End::WeClosed], "{death}");
            }
            Death::Reset | Death::ResetAtOnce => assert_eq!(ended, [End::WeReset], "{death}"),
            _ => assert_eq!(ended, [End::PeerFinished], "{death}"),
        }
        if matches!(death, Death::Oversize | Death::Malformed) {
            assert_eq!(kind.told, BTreeMap::from([("NOT-I".to_owned(), CONNECTIONS)]));
        }
        if matches!(death, Death::Orderly | Death::HalfClose | Death::Reset) {
            assert!(kind.requests >= CONNECTIONS && kind.replies == kind.requests, "{kind:?}");
        }
    }
}

#[test]
fn the_same_seed_brings_the_same_visits() {
    let once = |seed| {
        let (address, _seen) = attending();
        let churn = Churn { seed, at_once: 16, ..Churn::of(address, Dialect::Echo, 300) };
        let tally = churn.run().unwrap();
        assert_eq!(tally.unexpected, 0, "{tally:?}");
        tally
            .kinds
            .into_iter()
            .map(|(death, kind)| (death, kind.connections, kind.requests))
            .collect::<Vec<_>>()
    };
    let first = once(7);
    assert_eq!(first.len(), Death::ALL.len());
    assert_eq!(first, once(7));
    assert_ne!(first, once(8));
}

#[test]
fn the_peers_survive_every_kind_of_it_by_the_thousand() {
    for contestant in Contestant::ALL {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || contestant.serve(listener));
        let tally = Churn::of(address, Dialect::Frames, 2000).run().unwrap();
        assert_eq!((tally.unexpected, tally.connections()), (0, 2000), "{contestant}: {:?}", tally.examples);
        assert_eq!(tally.kinds.len(), Death::ALL.len() - 1);
    }
}

#[test]
fn a_server_that_hangs_up_turns_a_byte_or_refuses_is_unexpected_and_says_why() {
    type Manners = fn(TcpStream);
    let cases: [(Manners, &str); 4] = [
        (|stream| drop(stream.shutdown(Shutdown::Both)), "0 of"),
        (
            |stream| {
                server::echo_with(stream, |_, mut frame| {
                    (frame[4], *frame.last_mut().unwrap()) = (2, 0);
                    vec![frame]
                });
            },
            "nobody asked for",
        ),
        (|stream| server::echo_with(stream, |_, _| vec![REFUSAL.to_vec()]), "refused with NOT-I"),
        (|stream| server::echo_with(stream, |_, _| vec![]), "no end in time"),
    ];
    for (manners, reason) in cases {
        let address = serve(move |stream, _| manners(stream));
        let churn = Churn {
            deaths: vec![Death::HalfClose],
            deadline: Duration::from_millis(300),
            ..Churn::of(address, Dialect::Echo, 40)
        };
        // A client that finishes without an answer is closed by this server's silence too: keep it open instead.
        let churn =
            if reason == "no end in time" { Churn { deaths: vec![Death::Orderly], ..churn } } else { churn };
        let tally = churn.run().unwrap();
        assert!(tally.unexpected > 30, "{reason}: {tally:?}");
        assert_eq!(tally.examples.len(), UNEXPECTED_KEPT_MAX.min(tally.unexpected as usize));
        // Who is faster decides how a hang-up shows: in the answers that are missing, or in a socket that is gone already.
        let says = |text: &str| text.contains(reason) || (reason == "0 of" && text.contains("not connected"));
        assert!(tally.examples.iter().any(|visit| says(&visit.reason)), "{reason}: {tally:?}");
    }
}

#[test]
fn a_server_that_says_nothing_to_nonsense_is_unexpected_where_there_is_a_word_for_it() {
    let address = serve(|mut stream, _| {
        let _ = stream.read(&mut [0; 4]);
    });
    let tally = churned(address, &[Death::Oversize], 5);
    assert_eq!((tally.unexpected, tally.examples[0].reason.as_str()), (5, "hung up without a word"));
}

#[test]
fn where_nobody_listens_every_visit_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tally = Churn::of(free, Dialect::Frames, 100).run().unwrap();
    assert_eq!((tally.unexpected, tally.connections()), (100, 100));
    assert!(tally.kinds.values().all(|kind| kind.ended.keys().eq(&[End::NotConnected])), "{tally:?}");
}

#[test]
fn bounds_are_allowed_and_one_past_them_is_refused() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let churn = Churn { at_once: AT_ONCE_MAX, ..Churn::of(free, Dialect::Frames, 1) };
    churn.run().unwrap();
    for wrong in [
        Churn { at_once: AT_ONCE_MAX + 1, ..churn.clone() },
        Churn { at_once: 0, ..churn.clone() },
        Churn { deaths: vec![], ..churn.clone() },
        Churn { deaths: vec![Death::Malformed], ..churn },
    ] {
        assert!(matches!(wrong.run(), Err(LoadError::Plan { .. })));
    }
}
