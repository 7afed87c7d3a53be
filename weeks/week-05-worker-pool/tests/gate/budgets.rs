//! What may be taken from a task that takes too long, and what may not.

use std::io::Write;
use std::time::Duration;

use evidence::Fact;
use evidence::run::fact;
use framing::CloseReason;
use worker_pool::{Cancel, Cancelled, Class, Outcome};

use crate::here::Here;
use crate::latch::Latch;
use crate::piece::{Does, FIRST, Piece, class, pool};
use crate::wire::{Answer, DEADLINE, Server, answer, connect, exchange, request, wait_until};

/// A task that asks is told, and one that does not keeps its thread, which the others do without.
fn in_the_pool(criterion: &str) {
    const OTHERS: u64 = 200;
    let short = Class { budget: Duration::from_millis(5), ..class("only", 1, 2 * OTHERS as usize) };
    let (two, ended) = pool(2, vec![short]);
    let (handle, asks, overruns) = (two.handle(), Latch::default(), Latch::default());
    asks.open();
    handle.submit(Piece::new(0, FIRST, Does::Ask(asks))).unwrap();
    let done = ended.recv_timeout(DEADLINE).unwrap();
    assert_eq!(done.outcome, Outcome::Cancelled(Cancelled::OverBudget));

    handle.submit(Piece::new(1, FIRST, Does::Overrun(overruns.clone()))).unwrap();
    overruns.wait_entered(1);
    for number in 2..2 + OTHERS {
        handle.submit(Piece::new(number, FIRST, Does::Nothing)).unwrap();
    }
    for number in 2..2 + OTHERS {
        let done = ended.recv_timeout(DEADLINE).unwrap();
        assert_eq!((done.task.number, done.outcome), (number, Outcome::Finished(number)));
    }
    overruns.open();
    let done = ended.recv_timeout(DEADLINE).unwrap();
    assert_eq!((done.task.number, done.outcome), (1, Outcome::Finished(1)), "nobody could stop it");

    // Whom nobody wants any more is not even begun.
    let (unwanted, latch) = (Cancel::default(), Latch::default());
    for number in 1000..1002 {
        handle.submit(Piece::new(number, FIRST, Does::Hold(latch.clone()))).unwrap();
    }
    latch.wait_entered(2);
    let piece = Piece { cancel: Some(unwanted.clone()), ..Piece::new(1002, FIRST, Does::Panic) };
    handle.submit(piece).unwrap();
    unwanted.cancel();
    latch.open();
    let report = two.shutdown(DEADLINE);
    let last = ended.try_iter().find(|done| done.task.number == 1002).unwrap();
    assert_eq!(last.outcome, Outcome::Cancelled(Cancelled::Unwanted));
    assert_eq!((report.accepted, report.finished, report.cancelled), (OTHERS + 5, OTHERS + 3, 2));
    let meter = &handle.metrics().classes[0];
    assert_eq!((meter.over_budget, meter.unwanted, meter.panicked), (1, 1, 0));
    assert!(meter.overran >= 2, "one that asked and one that did not: {}", meter.overran);
    fact(criterion, Fact::count("asked-and-was-cancelled", meter.over_budget, "tasks"));
    fact(criterion, Fact::count("finished-beside-one-that-never-asks", OTHERS, "tasks"));
}

/// A connection that is reset takes its tasks along: one that runs, and all that wait.
fn with_their_connection(criterion: &str) {
    const WAITING: u64 = 5;
    let server = Here::start(1, class("only", 1, 64));
    server.job.asking.open();
    let client = connect(server.address);
    // An answer that nobody reads makes the end of this connection a reset: its peer can take nothing more.
    (&client).write_all(&request("unread", b"unread")).unwrap();
    assert!(client.peek(&mut [0]).unwrap() > 0);
    (&client).write_all(&request("runs", b"ask")).unwrap();
    server.job.asking.wait_entered(1);
    for number in 0..WAITING {
        (&client).write_all(&request(&format!("waits-{number}"), b"waits")).unwrap();
    }
    wait_until("the others to wait", || {
        (server.handle.levels().classes[0].waiting as u64 == WAITING).then_some(())
    });
    drop(client);
    assert_eq!(server.ends.recv_timeout(DEADLINE).unwrap(), CloseReason::PeerReset);
    wait_until("its tasks to end", || {
        let ended = server.handle.metrics().classes[0].unwanted;
        (ended == WAITING + 1).then_some(())
    });
    let next = connect(server.address);
    exchange(&next, "next", b"next");
    drop(next);
    let begun = server.job.begun.lock().unwrap().clone();
    assert_eq!(begun, [&b"unread"[..], b"ask", b"next"], "nothing that waited was begun");
    let (_, report) = server.stop();
    assert_eq!((report.finished, report.cancelled, report.is_complete()), (2, WAITING + 1, true));
    fact(criterion, Fact::count("never-begun-after-their-connection-ended", WAITING, "tasks"));
}

/// Over the wire, a budget that is used up is a refusal of that request alone.
fn over_the_wire(criterion: &str) {
    const REQUESTS: u64 = 4;
    let rounds = u32::MAX.to_string();
    let server = Server::start(&["--rounds", &rounds, "--budget", "20ms", "--workers", "2"]);
    let client = server.connect();
    for number in 0..REQUESTS {
        (&client).write_all(&request(&format!("b-{number}"), b"body")).unwrap();
    }
    for number in 0..REQUESTS {
        assert_eq!(answer(&client), Answer::refusal(&format!("b-{number}"), "POOL-BUDGET"));
    }
    drop(client);
    let said = server.stop();
    assert_eq!((said.accepted, said.cancelled, said.finished), (REQUESTS, REQUESTS, 0), "{said:?}");
    fact(criterion, Fact::count("refused-with-pool-budget-under-their-own-id", REQUESTS, "requests"));
}

#[test]
fn a_task_that_asks_is_cancelled_and_one_that_never_asks_keeps_its_own_thread_only() {
    let criterion = "worker-pool.budget";
    in_the_pool(criterion);
    with_their_connection(criterion);
    over_the_wire(criterion);
}
