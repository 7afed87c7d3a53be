//! Whose turn it is among the classes, and who stands in whose way.

use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use evidence::Fact;
use evidence::run::fact;
use worker_pool::{Class, Classes, Config, Dispatch, Handle, Pool};

use crate::latch::Latch;
use crate::piece::{Does, FIRST, Piece, SECOND, class, pool};
use crate::wire::DEADLINE;

/// Short tasks, and long ones that want to run at the same time.
const SHORT: u64 = 1000;
const LONG: u64 = 3;

/// What a task of these may take.
const BUDGET: Duration = Duration::from_millis(10);

/// Of so many tasks that run, how many are of the first class, where both always wait and their tasks take so long.
fn chosen(weights: [u32; 2], ran: [Duration; 2], tasks: u32) -> u32 {
    let class = |name, weight| Class { budget: BUDGET, ..class(name, weight, 4) };
    let classes = vec![class("first", weights[0]), class("second", weights[1])];
    let mut dispatch = Dispatch::new(&Classes::new(classes).unwrap());
    let now = Instant::now();
    let mut of_first = 0;
    for _ in 0..tasks {
        for id in [FIRST, SECOND] {
            // Refused where it is full, which is as good: something of this class waits.
            let _ = dispatch.offer((), id, now);
        }
        let taken = dispatch.take().unwrap();
        of_first += u32::from(taken.class == FIRST);
        dispatch.finished(taken.class, ran[usize::from(taken.class.0)]);
    }
    of_first
}

/// One worker, and a class whose tasks come again before they have gone: whenever one ends, the next one waits already.
/// Returns how many of its tasks ended before the last of the other class.
fn flooded(weights: [u32; 2], others: u64) -> u64 {
    let classes = vec![class("flood", weights[0], 4), class("other", weights[1], others as usize)];
    let (results, ended) = channel();
    let handle: Arc<OnceLock<Handle<Piece>>> = Arc::default();
    let again = Arc::clone(&handle);
    let config = Config { workers: 1, classes: Classes::new(classes).unwrap(), measured: false };
    let pool = Pool::start(config, move |done: worker_pool::Done<Piece>| {
        if done.task.class == FIRST {
            // The worker itself offers the next one, so the class never stops waiting. A closed pool ends it.
            let _ = again.get().unwrap().submit(Piece::new(done.task.number, FIRST, Does::Hash(4)));
        }
        let _ = results.send(done.task.class);
    })
    .unwrap();
    let handle = handle.get_or_init(|| pool.handle());
    let latch = Latch::default();
    handle.submit(Piece::new(0, SECOND, Does::Hold(latch.clone()))).unwrap();
    latch.wait_entered(1);
    for number in 1..=3 {
        handle.submit(Piece::new(number, FIRST, Does::Hash(4))).unwrap();
    }
    for number in 1..=others {
        handle.submit(Piece::new(number, SECOND, Does::Hash(4))).unwrap();
    }
    latch.open();
    let (mut flood, mut left) = (0, others + 1);
    while left > 0 {
        let class = ended.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{left} tasks starve"));
        if class == FIRST { flood += 1 } else { left -= 1 }
    }
    assert!(pool.shutdown(DEADLINE).is_complete());
    flood
}

/// Two workers, of which long tasks may have one: the first of them keeps it until every short task has ended.
fn short_tasks_pass_a_long_one() {
    let class_of_long = Class { running_max: 1, ..class("long", 1, 8) };
    let (two, ended) = pool(2, vec![class("short", 1, SHORT as usize), class_of_long]);
    let (handle, latch) = (two.handle(), Latch::default());
    for number in 0..LONG {
        handle.submit(Piece::new(number, SECOND, Does::Hold(latch.clone()))).unwrap();
    }
    latch.wait_entered(1);
    for number in 0..SHORT {
        handle.submit(Piece::new(number, FIRST, Does::Nothing)).unwrap();
    }
    for number in 0..SHORT {
        let done = ended.recv_timeout(DEADLINE).unwrap();
        assert_eq!((done.task.number, done.task.class), (number, FIRST), "one worker, first in, first out");
    }
    let levels = &handle.levels().classes[1];
    assert_eq!((levels.running, levels.waiting as u64), (1, LONG - 1), "the long ones wait for each other");
    latch.open();
    let report = two.shutdown(DEADLINE);
    assert_eq!((report.finished, report.is_complete()), (SHORT + LONG, true));
}

#[test]
fn no_class_waits_for_ever_and_short_tasks_pass_a_long_one() {
    let criterion = "worker-pool.no-starvation";
    for (weights, tasks, expected) in
        [([3, 1], 400, 300), ([1, 1], 400, 200), ([1, 1000], 2002, 2), ([4, 1], 5, 4)]
    {
        let of_first = chosen(weights, [BUDGET; 2], tasks);
        let off = of_first.abs_diff(expected);
        assert!(off <= 1, "weights {weights:?}: {of_first} of {tasks}, and not {expected}");
        let name = format!("first-class-of-{tasks}-with-weights-{}-to-{}", weights[0], weights[1]);
        fact(criterion, Fact::count(&name, of_first.into(), "tasks"));
    }
    // What is shared is time: ten tasks that take a tenth are as dear as one.
    let of_first = chosen([1, 1], [BUDGET / 10, BUDGET], 1100);
    assert!(of_first.abs_diff(1000) <= 10, "{of_first} of 1100 that take a tenth");
    fact(criterion, Fact::count("of-1100-those-that-take-a-tenth", of_first.into(), "tasks"));

    const OTHERS: u64 = 50;
    for weights in [[1, 1], [100, 1]] {
        let flood = flooded(weights, OTHERS);
        let name = format!("flood-ended-before-{OTHERS}-others-at-{}-to-{}", weights[0], weights[1]);
        fact(criterion, Fact::count(&name, flood, "tasks"));
    }

    short_tasks_pass_a_long_one();
    fact(criterion, Fact::count("short-tasks-past-a-long-one", SHORT, "tasks"));
    fact(criterion, Fact::count("long-tasks-that-waited-meanwhile", LONG - 1, "tasks"));
}
