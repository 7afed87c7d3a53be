//! A queue with an end: who is beyond it has the task back, and no task is nowhere.

use std::collections::BTreeSet;

use evidence::Fact;
use evidence::run::fact;
use worker_pool::{ClassId, Handle, Refusal};

use crate::latch::Latch;
use crate::piece::{Does, FIRST, Piece, class, pool};
use crate::wire::DEADLINE;

const QUEUE_MAX: usize = 16;
const PRODUCERS: u64 = 4;
const OFFERED_EACH: u64 = 5_000;

/// What became of a producer's tasks, by their numbers.
#[derive(Default)]
struct Tally {
    accepted: BTreeSet<u64>,
    refused: BTreeSet<u64>,
}

/// Offers every task of this producer once, and looks at what comes back. At the first refusal, the workers may begin.
fn produce(pool: &Handle<Piece>, producer: u64, latch: &Latch) -> Tally {
    let mut tally = Tally::default();
    for number in (producer * OFFERED_EACH..).take(OFFERED_EACH as usize) {
        let piece = Piece::new(number, FIRST, Does::Hash(1));
        let body = piece.body.as_ptr();
        match pool.submit(piece) {
            Ok(()) => assert!(tally.accepted.insert(number)),
            Err(rejected) => {
                let back = rejected.task;
                assert!(matches!(rejected.why, Refusal::Full(QUEUE_MAX)), "{:?}", rejected.why);
                assert_eq!(back.number, number, "somebody else's task came back");
                assert_eq!(back.body.as_ptr(), body, "a copy came back");
                assert!(tally.refused.insert(number));
                latch.open();
            }
        }
        if number % 64 == 0 {
            let waiting = pool.levels().classes[0].waiting;
            assert!(waiting <= QUEUE_MAX, "{waiting} wait where {QUEUE_MAX} may");
            // Where all threads share a core, the workers have to come to it now and then.
            std::thread::yield_now();
        }
    }
    tally
}

#[test]
fn a_full_queue_hands_the_next_task_back_and_every_task_is_accounted_for() {
    let criterion = "worker-pool.bound";
    // Nobody races: the only worker is held, so the queue fills exactly.
    let latch = Latch::default();
    let (one, ended) = pool(1, vec![class("only", 1, QUEUE_MAX)]);
    let handle = one.handle();
    handle.submit(Piece::new(0, FIRST, Does::Hold(latch.clone()))).unwrap();
    latch.wait_entered(1);
    for number in 1..=QUEUE_MAX as u64 {
        handle.submit(Piece::new(number, FIRST, Does::Nothing)).unwrap();
    }
    let beyond = Piece::new(99, FIRST, Does::Nothing);
    let (body, bytes) = (beyond.body.as_ptr(), beyond.body.clone());
    let back = handle.submit(beyond).unwrap_err();
    assert_eq!(back.why, Refusal::Full(QUEUE_MAX));
    assert_eq!((back.task.number, back.task.body.as_ptr(), &back.task.body), (99, body, &bytes), "untouched");
    let stranger = handle.submit(Piece::new(98, ClassId(1), Does::Nothing)).unwrap_err();
    assert_eq!((stranger.task.number, stranger.why), (98, Refusal::UnknownClass));
    latch.open();
    let report = one.shutdown(DEADLINE);
    let all = QUEUE_MAX as u64 + 1;
    assert_eq!((report.accepted, report.finished, report.is_complete()), (all, all, true));
    assert_eq!(ended.try_iter().map(|done| done.task.number).collect::<Vec<_>>(), Vec::from_iter(0..all));
    let late = handle.submit(back.task).unwrap_err();
    assert_eq!((late.task.number, late.why), (99, Refusal::Closed), "a closed pool hands back, too");
    fact(criterion, Fact::count("queue-max", QUEUE_MAX as u64, "tasks"));
    fact(criterion, Fact::count("accepted-while-the-worker-was-held", QUEUE_MAX as u64, "tasks"));

    // Everybody races.
    let latch = Latch::default();
    let (many, ended) = pool(3, vec![class("only", 1, QUEUE_MAX)]);
    let handle = many.handle();
    for number in 0..3 {
        handle.submit(Piece::new(u64::MAX - number, FIRST, Does::Hold(latch.clone()))).unwrap();
    }
    latch.wait_entered(3);
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let (handle, latch) = (&handle, &latch);
        let producers: Vec<_> =
            (0..PRODUCERS).map(|producer| scope.spawn(move || produce(handle, producer, latch))).collect();
        for producer in producers {
            let mut tally = producer.join().unwrap();
            all.accepted.append(&mut tally.accepted);
            all.refused.append(&mut tally.refused);
        }
    });
    let report = many.shutdown(DEADLINE);
    let (accepted, refused) = (all.accepted.len() as u64, all.refused.len() as u64);
    assert_eq!(accepted + refused, PRODUCERS * OFFERED_EACH, "each task is on one of two sides");
    assert!(
        accepted > QUEUE_MAX as u64 && refused > 0,
        "{accepted} accepted, {refused} refused: nothing was shown"
    );
    assert_eq!(handle.metrics().refused(), refused, "the pool counts what the producers count");
    // The three that held the workers are the pool's, and no producer's.
    assert_eq!((report.accepted, report.finished, report.is_complete()), (accepted + 3, accepted + 3, true));
    let mut ends = 0;
    for done in ended.try_iter().filter(|done| done.task.number < PRODUCERS * OFFERED_EACH) {
        assert!(all.accepted.remove(&done.task.number), "{} ended twice, or was refused", done.task.number);
        ends += 1;
    }
    assert!(all.accepted.is_empty(), "accepted and never ended: {:?}", all.accepted);
    fact(criterion, Fact::count("offered-by-racing-producers", PRODUCERS * OFFERED_EACH, "tasks"));
    fact(criterion, Fact::count("accepted-of-those", accepted, "tasks"));
    fact(criterion, Fact::count("handed-back-of-those", refused, "tasks"));
    fact(criterion, Fact::count("ended-of-the-accepted", ends, "tasks"));
}
