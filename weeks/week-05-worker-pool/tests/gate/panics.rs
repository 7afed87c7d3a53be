//! Tasks that panic, and everybody beside them.

use std::io::Write;

use evidence::Fact;
use evidence::run::fact;
use worker_pool::Outcome;

use crate::here::Here;
use crate::piece::{Does, FIRST, Piece, class, pool};
use crate::wire::{Answer, DEADLINE, answer, connect, exchange, request};

#[test]
fn a_panicking_task_takes_nothing_with_it() {
    let criterion = "worker-pool.panic";
    // One worker, so that whoever comes after a panic is run by the thread that has caught it.
    const TASKS: u64 = 60;
    let (one, ended) = pool(1, vec![class("only", 1, TASKS as usize)]);
    let handle = one.handle();
    for number in 0..TASKS {
        let does = if number % 3 == 0 { Does::Panic } else { Does::Nothing };
        handle.submit(Piece::new(number, FIRST, does)).unwrap();
    }
    let report = one.shutdown(DEADLINE);
    assert_eq!((report.accepted, report.panicked, report.finished), (TASKS, TASKS / 3, TASKS - TASKS / 3));
    assert!(report.is_complete(), "a panic is an end like any other: {report:?}");
    for (number, done) in (0..TASKS).zip(ended.try_iter()) {
        let expected = match number % 3 {
            0 => Outcome::Panicked(format!("piece {number} panics, as it was told")),
            _ => Outcome::Finished(number),
        };
        assert_eq!((done.task.number, done.outcome), (number, expected));
    }
    fact(criterion, Fact::count("panics-in-the-pool", report.panicked, "tasks"));

    const REQUESTS: u64 = 30;
    let server = Here::start(2, class("only", 1, 64));
    let (other, client) = (connect(server.address), connect(server.address));
    for number in 0..REQUESTS {
        let body: &[u8] = if number % 2 == 0 { b"panic" } else { b"calm" };
        (&client).write_all(&request(&format!("p-{number}"), body)).unwrap();
    }
    for number in 0..REQUESTS {
        let id = format!("p-{number}");
        let expected = match number % 2 {
            0 => Answer::refusal(&id, "POOL-PANIC"),
            _ => Answer::digest(&id, b"calm"),
        };
        assert_eq!(answer(&client), expected);
        exchange(&other, &format!("other-{number}"), b"calm");
    }
    drop((other, client));
    let (stopped, report) = server.stop();
    assert_eq!((report.panicked, report.finished), (REQUESTS / 2, REQUESTS + REQUESTS / 2));
    assert_eq!((report.accepted, report.is_complete()), (2 * REQUESTS, true));
    assert_eq!((stopped.accepted, stopped.abandoned), (2, 0));
    fact(criterion, Fact::count("requests-refused-with-pool-panic", REQUESTS / 2, "requests"));
    fact(criterion, Fact::count("requests-answered-beside-them", REQUESTS + REQUESTS / 2, "requests"));
}
