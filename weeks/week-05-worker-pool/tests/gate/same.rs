//! The bytes of week 2, from a third machine.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;

use evidence::Fact;
use evidence::run::fact;
use faults::seed::Dice;
use framing::server::{Config, Server as Threaded};

use crate::wire::{Server, connect, request};

/// A conversation: good requests, at the end perhaps something that is none, and all of it cut where the dice say.
fn conversation(dice: &mut Dice) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    for number in 0..dice.between(0, 40) {
        let length = dice.between(0, 3) * dice.between(0, 3000);
        let body: Vec<u8> = (0..length).map(|_| dice.between(0, 255) as u8).collect();
        bytes.extend(request(&format!("r-{number}"), &body));
    }
    match dice.between(0, 5) {
        0 => bytes.extend([0, 0]),
        1 => bytes.extend(&request("cut", b"in the middle")[..9]),
        2 => bytes.extend(u32::MAX.to_be_bytes()),
        3 => bytes.extend([0; 4]),
        4 => bytes.extend(b"\0\0\0\x02\x07\x00"),
        _ => {}
    }
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let cut = dice.between(1, 4000).min(bytes.len() as u64) as usize;
        pieces.push(bytes.drain(..cut).collect());
    }
    pieces
}

/// Everything that a server says in this conversation, whose client closes its side once it has said everything.
fn heard(server: SocketAddr, pieces: &[Vec<u8>]) -> Vec<u8> {
    let stream = connect(server);
    std::thread::scope(|scope| {
        let listening = scope.spawn(|| {
            let mut bytes = Vec::new();
            (&stream).read_to_end(&mut bytes).unwrap();
            bytes
        });
        for piece in pieces {
            (&stream).write_all(piece).unwrap();
        }
        stream.shutdown(Shutdown::Write).unwrap();
        listening.join().unwrap()
    })
}

#[test]
fn the_bytes_are_those_of_week_2_and_a_half_closed_peer_gets_its_answers() {
    let criterion = "worker-pool.same-protocol";
    const CONVERSATIONS: u64 = 60;
    let threaded = Threaded::bind("127.0.0.1:0".parse().unwrap(), Config::default()).unwrap();
    let origin = threaded.address();
    let (signals, stop) = UnixStream::pair().unwrap();
    let thread = std::thread::spawn(move || threaded.run(&signals).unwrap());
    let servers = ["0", "1", "3"].map(|workers| {
        Server::start(&["--service", "echo", "--workers", workers, "--budget", "60s", "--log-level", "warn"])
    });
    let mut dice = Dice::new(evidence::run::seed_or(5)).fork("conversations");
    let (mut sent, mut told) = (0, 0);
    for number in 0..CONVERSATIONS {
        let pieces = conversation(&mut dice);
        let expected = heard(origin, &pieces);
        for (server, workers) in servers.iter().zip(["no", "1", "3"]) {
            let bytes = heard(server.address, &pieces);
            let (have, want) = (bytes.len(), expected.len());
            assert!(
                bytes == expected,
                "conversation {number}, {workers} workers: {have} bytes, and week 2 sends {want}"
            );
        }
        sent += pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        told += expected.len() as u64;
    }
    drop(stop);
    assert_eq!(thread.join().unwrap().abandoned, 0);
    let [mut alone, one, three] = servers;
    for server in [one, three] {
        let said = server.stop();
        assert_eq!((said.accepted, said.refused), (said.finished, 0), "{said:?}");
        assert!(said.accepted > CONVERSATIONS, "{said:?}");
    }
    alone.terminate();
    assert_eq!(alone.wait_end().code(), Some(0));
    assert!(told > CONVERSATIONS * 1000, "{told} bytes are no conversation");
    fact(criterion, Fact::count("conversations", CONVERSATIONS, ""));
    fact(criterion, Fact::count("sent-to-each", sent, "bytes"));
    fact(criterion, Fact::count("heard-from-each", told, "bytes"));
}
