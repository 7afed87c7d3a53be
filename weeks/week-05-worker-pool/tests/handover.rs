//! Claim: what goes from one thread to another goes once, nobody waits for longer than was agreed, and the loop's bell is
//! rung no more often than it has to be.
//!
//! Whether a wake-up is lost is a matter of the order of events, and `tests/model.rs` goes through all of those. Here are the
//! answers that do not depend on any order: what the queue says at a deadline, and how often the bell rings. They could be
//! fooled by a thread that is late, so no thread is waited for by time alone, and where one is needed it has been heard of.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use worker_pool::{Bell, Class, ClassId, Classes, Mailbox, Queue, Ran, Refusal};

const ONLY: ClassId = ClassId(0);
/// Long enough for any machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn queue(queue_max: usize) -> Arc<Queue<u32>> {
    let (weight, running_max, budget) = (1, 8, Duration::from_secs(1));
    let class = Class { name: "only".into(), weight, queue_max, running_max, budget };
    Arc::new(Queue::new(&Classes::new(vec![class]).unwrap()))
}

#[test]
fn a_task_waits_behind_those_before_it_and_is_said_to_have_ended_by_whoever_takes_the_next() {
    let queue = queue(3);
    for task in [1, 2, 3] {
        queue.push(task, ONLY, Instant::now()).unwrap();
    }
    let back = queue.push(4, ONLY, Instant::now()).unwrap_err();
    assert_eq!((back.task, back.why), (4, Refusal::Full(3)));
    let mut before = None;
    for expected in [1, 2, 3] {
        let taken = queue.pop(before).unwrap();
        assert_eq!(taken.task, expected);
        let levels = queue.levels();
        assert_eq!((levels.classes[0].running, levels.classes[0].waiting), (1, 3 - expected as usize));
        before = Some(Ran { class: ONLY, time: Duration::ZERO });
    }
    queue.close();
    assert!(queue.pop(before).is_none(), "closed and empty");
    let levels = queue.levels();
    assert_eq!((levels.accepted, levels.classes[0].running, levels.classes[0].refused), (3, 0, 1));
}

#[test]
fn whoever_waits_for_two_workers_is_not_content_with_one() {
    let queue = queue(1);
    assert!(!queue.wait_gone(1, Instant::now()), "nobody has gone");
    queue.close();
    assert!(queue.pop(None).is_none());
    let soon = Instant::now() + Duration::from_millis(20);
    assert!(!queue.wait_gone(2, soon), "one has gone, and another one was asked for");
    assert!(queue.wait_gone(1, soon), "all have gone; that the deadline has passed does not matter");
    assert!(queue.pop(None).is_none());
    assert!(queue.wait_gone(2, soon));
}

#[test]
fn a_worker_that_leaves_wakes_whoever_waits_for_it() {
    let queue = queue(1);
    let worker = std::thread::spawn({
        let queue = Arc::clone(&queue);
        move || queue.pop(None).is_none()
    });
    queue.close();
    assert!(queue.wait_gone(1, Instant::now() + DEADLINE));
    assert!(worker.join().unwrap());
}

#[test]
fn what_was_taken_out_at_the_end_is_nobody_elses() {
    let queue = queue(3);
    for task in [1, 2, 3] {
        queue.push(task, ONLY, Instant::now()).unwrap();
    }
    assert_eq!(queue.pop(None).unwrap().task, 1);
    queue.close();
    assert_eq!(queue.clear().iter().map(|taken| taken.task).collect::<Vec<_>>(), [2, 3]);
    assert!(queue.pop(Some(Ran { class: ONLY, time: Duration::ZERO })).is_none());
    assert!(queue.wait_gone(1, Instant::now()));
}

/// A bell that counts.
#[derive(Default)]
struct Counting(Cell<u32>);

impl Bell for Counting {
    fn ring(&self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn one_ring_stands_for_all_results_until_they_are_collected() {
    let mailbox = Mailbox::new(Counting::default());
    for round in 1..=3 {
        for result in 0..100 {
            mailbox.post(result);
            assert_eq!(mailbox.bell().0.get(), round, "after result {result}");
        }
        assert_eq!(mailbox.collect(), Vec::from_iter(0..100), "everything, in order");
        assert!(mailbox.collect().is_empty());
    }
}
