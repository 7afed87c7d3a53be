//! The end of a pool, at any moment.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use evidence::Fact;
use evidence::run::fact;
use faults::seed::Dice;
use worker_pool::{Cancel, Cancelled, Handle, Outcome, Refusal, Report};

use crate::latch::Latch;
use crate::piece::{Does, FIRST, Piece, SECOND, assert_joined, class, pool};
use crate::wire::{DEADLINE, Server, request};

const ROUNDS: u64 = 1000;

/// What the rounds came to.
#[derive(Default)]
struct Sums {
    accepted: u64,
    finished: u64,
    cancelled: u64,
    panicked: u64,
    refused: u64,
}

/// A task of any kind, most of them short, in any class; some that nobody wants any more.
fn any(number: u64, dice: &mut Dice) -> Piece {
    let class = if dice.one_in(4) { SECOND } else { FIRST };
    let does = match dice.between(0, 19) {
        0 => Does::Panic,
        1..=6 => Does::Hash(dice.between(1, 20)),
        _ => Does::Nothing,
    };
    let mut piece = Piece::new(number, class, does);
    if dice.one_in(10) {
        let unwanted = Cancel::default();
        unwanted.cancel();
        piece.cancel = Some(unwanted);
    }
    piece
}

/// Offers tasks until the pool is closed. Returns the numbers of the accepted ones, and how many were refused.
fn produce(pool: &Handle<Piece>, producer: u64, dice: &mut Dice) -> (Vec<u64>, u64) {
    let (mut accepted, mut refused) = (Vec::new(), 0);
    let until = Instant::now() + DEADLINE;
    for number in (producer << 32).. {
        assert!(Instant::now() < until, "nobody closes the pool");
        match pool.submit(any(number, dice)).map_err(|back| back.why) {
            Ok(()) => accepted.push(number),
            Err(Refusal::Closed) => break,
            Err(_) => {
                refused += 1;
                std::thread::yield_now();
            }
        }
    }
    (accepted, refused)
}

/// One round: a pool, its producers, and a shutdown after as many accepted tasks as the dice say.
fn round(dice: &Dice, sums: &mut Sums) {
    let mut chance = dice.fork("pool");
    let classes = vec![
        class("first", chance.between(1, 5) as u32, chance.between(1, 32) as usize),
        class("second", 1, 4),
    ];
    let (pool, ended) = pool(chance.between(1, 4) as usize, classes);
    let (producers, stop_after) = (chance.between(1, 3), chance.between(0, 120));
    let handle = pool.handle();
    let mut accepted = BTreeSet::new();
    let mut report = None;
    std::thread::scope(|scope| {
        let producing: Vec<_> = (0..producers)
            .map(|producer| {
                let (handle, mut dice) = (&handle, dice.fork(&format!("producer {producer}")));
                scope.spawn(move || produce(handle, producer, &mut dice))
            })
            .collect();
        let until = Instant::now() + DEADLINE;
        while handle.levels().accepted < stop_after {
            assert!(Instant::now() < until, "{stop_after} tasks are never accepted");
            std::thread::yield_now();
        }
        // The producers go on while this happens.
        report = Some(pool.shutdown(DEADLINE));
        for producer in producing {
            let (numbers, refused) = producer.join().unwrap();
            accepted.extend(numbers);
            sums.refused += refused;
        }
    });
    let Report { accepted: in_all, finished, cancelled, panicked, .. } = report.clone().unwrap();
    assert!(report.unwrap().is_complete());
    assert_eq!(in_all, accepted.len() as u64, "the pool accepted what the producers handed over");
    assert_eq!(finished + cancelled + panicked, in_all, "every accepted task came to its end");
    for done in ended.try_iter() {
        let number = done.task.number;
        assert!(accepted.remove(&number), "{number} ended twice, or was never accepted");
        match (&done.task.does, done.outcome) {
            (_, Outcome::Cancelled(Cancelled::Unwanted)) => assert!(done.task.cancel.is_some()),
            (Does::Panic, Outcome::Panicked(_)) => {}
            (_, Outcome::Finished(answer)) => assert_eq!(answer, number, "somebody else's answer"),
            (does, outcome) => panic!("{does:?} ended as {outcome:?}"),
        }
    }
    assert!(accepted.is_empty(), "accepted and never ended: {accepted:?}");
    assert_joined(&ended, handle);
    sums.accepted += in_all;
    sums.finished += finished;
    sums.cancelled += cancelled;
    sums.panicked += panicked;
}

#[test]
fn a_thousand_shutdowns_at_random_moments_lose_no_accepted_task() {
    let criterion = "worker-pool.shutdown-in-process";
    let dice = Dice::new(evidence::run::seed_or(5)).fork("shutdown");
    let mut sums = Sums::default();
    for number in 0..ROUNDS {
        round(&dice.fork(&format!("round {number}")), &mut sums);
    }
    assert!(
        sums.accepted > 10 * ROUNDS && sums.panicked > 0 && sums.cancelled > 0,
        "too little was going on"
    );
    fact(criterion, Fact::count("shutdowns", ROUNDS, ""));
    fact(criterion, Fact::count("accepted", sums.accepted, "tasks"));
    fact(criterion, Fact::count("finished", sums.finished, "tasks"));
    fact(criterion, Fact::count("cancelled-by-their-caller", sums.cancelled, "tasks"));
    fact(criterion, Fact::count("panicked", sums.panicked, "tasks"));
    fact(criterion, Fact::count("refused", sums.refused, "tasks"));
    fact(
        criterion,
        Fact::count("lost", sums.accepted - sums.finished - sums.cancelled - sums.panicked, "tasks"),
    );
}

#[test]
fn what_does_not_fit_the_deadline_is_named() {
    let criterion = "worker-pool.named-leftovers";
    let (two, ended) = pool(2, vec![class("only", 1, 8)]);
    let (handle, asks, holds) = (two.handle(), Latch::default(), Latch::default());
    handle.submit(Piece::new(1, FIRST, Does::Ask(asks.clone()))).unwrap();
    handle.submit(Piece::new(2, FIRST, Does::Hold(holds.clone()))).unwrap();
    asks.open();
    asks.wait_entered(1);
    holds.wait_entered(1);
    for number in 3..=5 {
        handle.submit(Piece::new(number, FIRST, Does::Nothing)).unwrap();
    }
    let report = two.shutdown(Duration::from_millis(20));
    let names = |numbers: &[u64]| numbers.iter().map(|number| format!("piece-{number}")).collect::<Vec<_>>();
    assert_eq!(report.cut_short, names(&[1]), "who asks, stops");
    assert_eq!(report.still_running, names(&[2]), "who does not ask, is left behind");
    assert_eq!(report.never_started, names(&[3, 4, 5]));
    assert_eq!((report.accepted, report.finished, report.is_complete()), (5, 0, false));
    assert_eq!(report.unfinished().count(), 5);
    let mut ends: Vec<_> = ended.try_iter().map(|done| (done.task.number, done.outcome)).collect();
    ends.sort_by_key(|(number, _)| *number);
    let never = |number| (number, Outcome::NeverStarted);
    assert_eq!(ends, [(1, Outcome::Cancelled(Cancelled::LastMoment)), never(3), never(4), never(5)]);
    holds.open();
    assert_eq!(ended.recv_timeout(DEADLINE).unwrap().outcome, Outcome::Finished(2), "later, and for nobody");
    fact(criterion, Fact::count("cut-short-by-name", 1, "tasks"));
    fact(criterion, Fact::count("left-running-by-name", 1, "tasks"));
    fact(criterion, Fact::count("never-started-by-name", 3, "tasks"));

    // The real server: two requests that no patience is enough for, and one that waits behind them.
    let rounds = u32::MAX.to_string();
    let args =
        ["--workers", "2", "--rounds", &rounds, "--budget", "60s", "--drain", "100ms", "--finish", "100ms"];
    let mut server = Server::start(&args);
    let client = server.connect();
    for id in ["first", "second", "third"] {
        std::io::Write::write_all(&mut &client, &request(id, b"body")).unwrap();
    }
    // What was sent before the signal counts, so nobody has to wait for the server to have read it.
    server.terminate();
    let ended = server.wait_end();
    let (said, told) = (ended.stderr_text(), ended.stdout_text());
    assert_eq!(ended.code(), Some(5), "{said} {told}");
    assert!(said.contains("error[POOL-UNFINISHED]"), "{said}");
    for id in ["first", "second", "third"] {
        assert!(said.contains(id), "{id} is not named: {said}");
    }
    let records = server.records();
    let named = records.iter().filter(|record| record["result"] == "unfinished").count();
    assert_eq!(named, 3, "each is on record");
    fact(criterion, Fact::count("named-by-the-process", 3, "requests"));
    fact(criterion, Fact::count("exit-code", 5, ""));
}
