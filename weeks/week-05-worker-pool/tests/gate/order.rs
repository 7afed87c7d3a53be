//! Answers in the order of the questions.

use std::io::Write;
use std::net::TcpStream;

use evidence::Fact;
use evidence::run::fact;
use faults::seed::Dice;

use crate::here::Here;
use crate::piece::class;
use crate::wire::{Answer, Server, answer, connect, request, wait_until};

const CONNECTIONS: usize = 24;
const REQUESTS: u64 = 60;

/// A body of any size up to 200 KiB, most of them small, so that both classes are asked for.
fn body(dice: &mut Dice) -> Vec<u8> {
    let most = [0, 100, 5_000, 200 << 10][dice.between(0, 3) as usize];
    let mut body = vec![0; dice.between(0, most) as usize];
    dice.fill(&mut body);
    body
}

/// Sends everything at once from one thread, and reads in another; each answer has to be the one whose turn it is.
/// Returns the bytes that were sent.
fn converse(stream: &TcpStream, dice: &mut Dice) -> u64 {
    let bodies: Vec<Vec<u8>> = (0..REQUESTS).map(|_| body(dice)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = stream;
            for (number, body) in bodies.iter().enumerate() {
                stream.write_all(&request(&format!("o-{number}"), body)).unwrap();
            }
        });
        for (number, body) in bodies.iter().enumerate() {
            let (got, expected) = (answer(stream), Answer::digest(&format!("o-{number}"), body));
            assert!(got == expected, "answer {number} to {} bytes is {got:?}", body.len());
        }
    });
    bodies.iter().map(|body| body.len() as u64).sum()
}

#[test]
fn answers_come_back_in_order_whoever_computes_them() {
    let criterion = "worker-pool.in-order";
    // The first one is held until all others are done, so an order by completion would be another one.
    const BEHIND: u64 = 20;
    let server = Here::start(2, class("only", 1, 64));
    let client = connect(server.address);
    (&client).write_all(&request("o-0", b"hold")).unwrap();
    server.job.held.wait_entered(1);
    for number in 1..=BEHIND {
        (&client).write_all(&request(&format!("o-{number}"), b"go")).unwrap();
    }
    wait_until("the others to be done", || (server.handle.metrics().ended() == BEHIND).then_some(()));
    server.job.held.open();
    assert_eq!(answer(&client), Answer::digest("o-0", b"hold"));
    for number in 1..=BEHIND {
        assert_eq!(answer(&client), Answer::digest(&format!("o-{number}"), b"go"));
    }
    drop(client);
    server.stop();
    fact(criterion, Fact::count("answers-that-were-ready-before-the-first", BEHIND, ""));

    // The real server, with many clients whose requests differ by four orders of magnitude.
    let args = ["--workers", "4", "--queue", "65536", "--long-queue", "65536", "--budget", "60s"];
    let server = Server::start(&[&args[..], &["--log-level", "warn"]].concat());
    let dice = Dice::new(evidence::run::seed_or(5)).fork("order");
    let clients: Vec<TcpStream> = (0..CONNECTIONS).map(|_| server.connect()).collect();
    let bytes: u64 = std::thread::scope(|scope| {
        let talks = clients.iter().enumerate().map(|(number, client)| {
            let mut dice = dice.fork(&format!("client {number}"));
            scope.spawn(move || converse(client, &mut dice))
        });
        talks.collect::<Vec<_>>().into_iter().map(|talk| talk.join().unwrap()).sum()
    });
    drop(clients);
    let said = server.stop();
    let requests = CONNECTIONS as u64 * REQUESTS;
    assert_eq!((said.accepted, said.finished, said.refused), (requests, requests, 0), "{said:?}");
    fact(criterion, Fact::count("connections", CONNECTIONS as u64, ""));
    fact(criterion, Fact::count("answers-right-and-in-order", requests, ""));
    fact(criterion, Fact::count("bytes-hashed", bytes, "bytes"));
}
