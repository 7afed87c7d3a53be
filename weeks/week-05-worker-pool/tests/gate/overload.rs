//! More than there is room for: who is refused, and what the loop does meanwhile.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use evidence::Fact;
use evidence::run::fact;

use crate::here::Here;
use crate::piece::class;
use crate::wire::{Answer, Server, answer, connect, next_answer, request, wait_until};

/// Short requests that may wait.
const QUEUE_MAX: usize = 8;
/// Requests that one client sends at once: within what one connection may have under way, so that all of them are read.
const PIPELINED: usize = 40;
/// Rounds of hashing for each request: some milliseconds for a short one, and longer than any test for a long one,
/// which therefore runs until its client leaves.
const ROUNDS: &str = "20000";
/// A body that makes a long request.
const HOLDER_BYTES: usize = 1_000_000;
/// A worker that has computed for so long has taken the only task that there is: looking for work costs it much less.
const AT_WORK_TICKS: u64 = 5;

/// Clock ticks (of 10 ms) that the threads of a process whose names begin so have computed in all.
fn ticks_of(pid: u32, name: &str) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let stats =
        threads.filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat")).ok());
    // proc_pid_stat(5): the name stands in parentheses, and the twelfth field after it is the time in user mode.
    let of_worker = stats.filter_map(|stat| {
        let (before, after) = stat.rsplit_once(") ")?;
        before.split_once('(')?.1.starts_with(name).then(|| after.split(' ').nth(11)?.parse::<u64>().ok())?
    });
    of_worker.sum()
}

/// How often the log says that a request was refused for want of room.
fn refused_on_record(server: &Server) -> usize {
    server.records().iter().filter(|record| record["error_code"] == "POOL-FULL").count()
}

/// A request that keeps the only worker until its client is dropped.
fn hold_the_worker(server: &Server) -> TcpStream {
    let holder = server.connect();
    // An answer that is never read makes the end of this client a reset. After a mere end of its stream, the server
    // would finish the request, since its client may still be listening.
    (&holder).write_all(&request("unread", b"unread")).unwrap();
    assert!(holder.peek(&mut [0]).unwrap() > 0);
    let before = ticks_of(server.pid(), "worker-");
    (&holder).write_all(&request("holder", &[7; HOLDER_BYTES])).unwrap();
    wait_until("the worker to be at work", || {
        (ticks_of(server.pid(), "worker-") >= before + AT_WORK_TICKS).then_some(())
    });
    holder
}

/// The requests `f-0` to `f-39`, as they travel.
fn pipeline() -> Vec<u8> {
    (0..PIPELINED).flat_map(|number| request(&format!("f-{number}"), b"flood")).collect()
}

/// Every byte that a server sends to this pipeline, from a queue that is empty while the only worker is held.
fn overload() -> Vec<u8> {
    let args = ["--workers", "1", "--rounds", ROUNDS, "--budget", "60s", "--log-level", "warn"];
    let server = Server::start(&[&args[..], &["--queue", &QUEUE_MAX.to_string()]].concat());
    let holder = hold_the_worker(&server);
    let flood = server.connect();
    (&flood).write_all(&pipeline()).unwrap();
    flood.shutdown(Shutdown::Write).unwrap();
    wait_until("the refusals of the flood", || {
        (refused_on_record(&server) >= PIPELINED - QUEUE_MAX).then_some(())
    });
    // Health is the loop's, and the loop is free.
    for _ in 0..10 {
        assert!(server.is_healthy(), "the loop answers while its worker is held");
    }
    drop(holder);
    let mut bytes = Vec::new();
    (&flood).read_to_end(&mut bytes).unwrap();
    let said = server.stop();
    let (accepted, refused) = (QUEUE_MAX as u64 + 2, (PIPELINED - QUEUE_MAX) as u64);
    assert_eq!((said.accepted, said.finished, said.cancelled), (accepted, accepted - 1, 1), "{said:?}");
    assert_eq!((said.refused, said.panicked), (refused, 0), "{said:?}");
    bytes
}

/// The same overload in this process, where the worker is held by a latch.
fn overload_here() -> Vec<Answer> {
    let server = Here::start(1, class("only", 1, QUEUE_MAX));
    let holder = connect(server.address);
    (&holder).write_all(&request("holder", b"hold")).unwrap();
    server.job.held.wait_entered(1);
    let flood = connect(server.address);
    (&flood).write_all(&pipeline()).unwrap();
    wait_until("the refusals of the flood", || {
        let only = &server.handle.levels().classes[0];
        (only.refused as usize == PIPELINED - QUEUE_MAX).then(|| assert_eq!(only.waiting, QUEUE_MAX))
    });
    server.job.held.open();
    let answers = (0..PIPELINED).map(|_| answer(&flood)).collect();
    assert_eq!(answer(&holder), Answer::digest("holder", b"hold"));
    drop((holder, flood));
    let (_, report) = server.stop();
    assert_eq!((report.accepted, report.finished), (QUEUE_MAX as u64 + 1, QUEUE_MAX as u64 + 1));
    answers
}

#[test]
fn the_same_overload_is_refused_at_the_same_places_twice() {
    let criterion = "worker-pool.deterministic-overload";
    let expected: Vec<Answer> = (0..PIPELINED)
        .map(|number| match (number, format!("f-{number}")) {
            (..QUEUE_MAX, id) => Answer::digest(&id, b"flood"),
            (_, id) => Answer::refusal(&id, "POOL-FULL"),
        })
        .collect();
    for _ in 0..2 {
        assert_eq!(overload_here(), expected);
    }

    let (first, second) = (overload(), overload());
    assert!(first == second, "{} bytes, and {} the second time", first.len(), second.len());
    let mut rest = &first[..];
    for (number, expected) in expected.iter().enumerate() {
        let got = crate::wire::read_answer(&mut rest).unwrap();
        let same = match (&got, expected) {
            // The process hashes more than once, and the bytes of its digest are the subject of another test.
            (Answer::Reply { id, body }, Answer::Reply { id: wanted, .. }) => {
                id == wanted && body.len() == 32
            }
            (got, expected) => got == expected,
        };
        assert!(same, "answer {number} is {got:?}");
    }
    assert!(rest.is_empty(), "{} bytes more", rest.len());
    fact(criterion, Fact::count("pipelined-requests", PIPELINED as u64, ""));
    fact(criterion, Fact::count("accepted-each-time", QUEUE_MAX as u64, ""));
    fact(criterion, Fact::count("refused-each-time", (PIPELINED - QUEUE_MAX) as u64, ""));
    fact(criterion, Fact::count("bytes-the-same-both-times", first.len() as u64, "bytes"));
    fact(criterion, Fact::count("runs", 4, ""));
}

#[test]
fn the_loop_answers_while_every_worker_is_held() {
    let criterion = "worker-pool.loop-never-waits";
    const WORKERS: usize = 3;
    const CLIENTS: usize = 20;
    const REQUESTS: usize = 50;
    let server = Here::start(WORKERS, class("only", 1, QUEUE_MAX));
    let holder = connect(server.address);
    // First as many as can run, and the others once those have left the queue.
    for number in 0..WORKERS + QUEUE_MAX {
        if number == WORKERS {
            server.job.held.wait_entered(WORKERS);
        }
        (&holder).write_all(&request(&format!("h-{number}"), b"hold")).unwrap();
    }
    wait_until("the queue to be full", || {
        (server.handle.levels().classes[0].waiting == QUEUE_MAX).then_some(())
    });

    // From here to the opening of the latch no worker can do anything, so whatever comes back is the loop's.
    let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| connect(server.address)).collect();
    let mut answers = BTreeMap::<String, u64>::new();
    for number in 0..REQUESTS {
        let id = format!("r-{number}");
        for client in &clients {
            (&*client).write_all(&request(&id, b"please")).unwrap();
        }
        for client in &clients {
            let Answer::Refusal { id: refused, code } = answer(client) else { panic!("nobody could reply") };
            assert_eq!(refused, id);
            *answers.entry(code).or_default() += 1;
        }
    }
    let metrics = server.handle.metrics();
    assert_eq!(metrics.ended(), 0, "the workers were held all the time");
    assert_eq!(metrics.levels.classes[0].running, WORKERS);
    let refused = (CLIENTS * REQUESTS) as u64;
    assert_eq!(answers, BTreeMap::from([("POOL-FULL".to_owned(), refused)]));
    // And one that comes, says nothing and goes is served by the loop alone.
    let guest = connect(server.address);
    guest.shutdown(Shutdown::Write).unwrap();
    assert_eq!(next_answer(&guest), None);

    server.job.held.open();
    for number in 0..WORKERS + QUEUE_MAX {
        assert_eq!(answer(&holder), Answer::digest(&format!("h-{number}"), b"hold"));
    }
    drop((holder, clients, guest));
    let (stopped, report) = server.stop();
    assert_eq!((stopped.abandoned, report.is_complete()), (0, true));
    fact(criterion, Fact::count("workers-held", WORKERS as u64, ""));
    fact(criterion, Fact::count("answers-of-the-loop-meanwhile", refused, ""));
    fact(criterion, Fact::count("tasks-ended-meanwhile", 0, ""));
}
