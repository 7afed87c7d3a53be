//! What two threads share, in every order of events. The source files are those of the crate, compiled once more with the
//! locks, condition variables and atomics of loom, which runs each model below again and again, each time with another
//! thread going first at some point, until there is no order left that it has not seen.
//!
//! How this could be fooled: by a model that never sleeps (so the workers here do not look around first, and each model
//! counts what came out), by a model of something else (so nothing is written a second time for it), by too few threads
//! (two workers and a producer are what it takes to lose a wake-up between two sleepers).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

/// The names that the crate's own `sync` has, from loom.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::{PoisonError, TryLockError};

    /// A look around only delays the sleep, and would make the model endless.
    pub(crate) const LOOKS_BEFORE_SLEEP: u32 = 0;

    pub(crate) fn look_again() {
        loom::thread::yield_now();
    }
}

#[path = "../src/class.rs"]
#[allow(dead_code, unreachable_pub, reason = "the model uses a part of it")]
mod class;
#[path = "../src/dispatch.rs"]
#[allow(dead_code, unreachable_pub, reason = "the model uses a part of it")]
mod dispatch;
#[path = "../src/mailbox.rs"]
#[allow(dead_code, unreachable_pub, reason = "the model uses a part of it")]
mod mailbox;
#[path = "../src/queue.rs"]
#[allow(dead_code, unreachable_pub, reason = "the model uses a part of it")]
#[allow(clippy::reversed_empty_ranges, reason = "here nobody looks around")]
mod queue;

use std::time::{Duration, Instant};

use faults::process::Launch;
use loom::sync::Arc;
use loom::thread;

use class::{Class, ClassId, Classes};
use mailbox::{Bell, Mailbox};
use queue::{Queue, Ran};

const CLASS: ClassId = ClassId(0);

fn queue(queue_max: usize, running_max: usize) -> Arc<Queue<u32>> {
    let budget = Duration::from_millis(1);
    let class = Class { name: "only".into(), weight: 1, queue_max, running_max, budget };
    Arc::new(Queue::new(&Classes::new(vec![class]).unwrap()))
}

/// Long enough for any machine; a model takes some seconds.
const DEADLINE: Duration = Duration::from_secs(100);

/// Says to a process of ours that it is to explore, and not to start another one.
const EXPLORER: &str = "WORKER_POOL_EXPLORER";

/// Two switches away from a thread that could have gone on, at every place, are what most mistakes that `week.yaml` knows
/// need; all switches would take hours.
const SWITCHES: usize = 2;

/// Explores a model, in a process of its own: what loom finds out ends the process in more ways than one. `test` is the
/// name of the test that calls it.
fn explore(test: &str, switches: usize, model: impl Fn() + Send + Sync + 'static) {
    if std::env::var_os(EXPLORER).is_some() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(switches);
        return builder.check(model);
    }
    let launch = Launch::of(std::env::current_exe().unwrap());
    let mut explorer = launch.args(["--exact", test, "--nocapture"]).env(EXPLORER, "1").spawn().unwrap();
    let ended = explorer.wait_with_deadline(DEADLINE).unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr_text());
}

/// A worker that takes what there is until there is no more.
fn worker(queue: &Arc<Queue<u32>>) -> thread::JoinHandle<Vec<u32>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        let (mut took, mut before) = (Vec::new(), None);
        while let Some(taken) = queue.pop(before.take()) {
            took.push(taken.task);
            before = Some(Ran { class: taken.class, time: Duration::ZERO });
        }
        took
    })
}

/// How many tasks were taken, for whoever waits for them.
#[derive(Clone)]
struct Taken(Arc<(sync::Mutex<usize>, sync::Condvar)>);

impl Default for Taken {
    fn default() -> Self {
        Taken(Arc::new((sync::Mutex::new(0), sync::Condvar::new())))
    }
}

impl Taken {
    fn one_more(&self) {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_one();
    }

    fn wait_for(&self, tasks: usize) {
        let mut taken = self.0.0.lock().unwrap();
        while *taken < tasks {
            taken = self.0.1.wait(taken).unwrap();
        }
    }
}

/// A worker that says of each task that it has it.
fn counted(queue: &Arc<Queue<u32>>, taken: &Taken) -> thread::JoinHandle<Vec<u32>> {
    let (queue, taken) = (Arc::clone(queue), taken.clone());
    thread::spawn(move || {
        let (mut took, mut before) = (Vec::new(), None);
        while let Some(task) = queue.pop(before.take()) {
            took.push(task.task);
            taken.one_more();
            before = Some(Ran { class: task.class, time: Duration::ZERO });
        }
        took
    })
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

// ANCHOR: no_lost_wake
#[test]
fn no_task_waits_while_a_worker_sleeps() {
    explore("no_task_waits_while_a_worker_sleeps", SWITCHES + 1, || {
        let (queue, taken) = (queue(2, 2), Taken::default());
        let workers = [counted(&queue, &taken), counted(&queue, &taken)];
        for task in [1, 2] {
            queue.push(task, CLASS, Instant::now()).unwrap();
        }
        // Closing wakes everybody, and so would cover up for a push that woke nobody: first all tasks have to be taken.
        taken.wait_for(2);
        queue.close();
        let mut took: Vec<u32> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
        took.sort_unstable();
        assert_eq!(took, [1, 2], "each task once");
    });
}
// ANCHOR_END: no_lost_wake

#[test]
fn what_may_not_run_yet_runs_when_it_may() {
    explore("what_may_not_run_yet_runs_when_it_may", SWITCHES, || {
        let queue = queue(2, 1);
        let workers = [worker(&queue), worker(&queue)];
        for task in [1, 2] {
            queue.push(task, CLASS, Instant::now()).unwrap();
        }
        queue.close();
        assert!(queue.wait_gone(2, far()));
        let took: usize = workers.into_iter().map(|worker| worker.join().unwrap().len()).sum();
        assert_eq!((took, queue.levels().classes[0].waiting), (2, 0));
    });
}

#[test]
fn two_producers_get_every_task_through_or_back() {
    explore("two_producers_get_every_task_through_or_back", SWITCHES, || {
        let queue = queue(1, 1);
        let worker = worker(&queue);
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(2, CLASS, Instant::now()).is_ok())
        };
        let mine = queue.push(1, CLASS, Instant::now()).is_ok();
        let theirs = other.join().unwrap();
        queue.close();
        let took = worker.join().unwrap();
        assert_eq!(
            (took.contains(&1), took.contains(&2)),
            (mine, theirs),
            "accepted is taken, refused is not"
        );
        assert!(mine || theirs, "an empty queue takes one");
    });
}

// ANCHOR: accepted_or_refused
#[test]
fn a_task_that_meets_the_shutdown_is_finished_or_refused() {
    explore("a_task_that_meets_the_shutdown_is_finished_or_refused", SWITCHES, || {
        let queue = queue(1, 1);
        let worker = worker(&queue);
        let closer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.close())
        };
        let accepted = queue.push(1, CLASS, Instant::now()).is_ok();
        assert!(queue.wait_gone(1, far()));
        closer.join().unwrap();
        assert_eq!(worker.join().unwrap().len(), usize::from(accepted), "accepted: {accepted}");
    });
}
// ANCHOR_END: accepted_or_refused

#[test]
fn whoever_waits_for_the_workers_hears_of_the_last_one() {
    explore("whoever_waits_for_the_workers_hears_of_the_last_one", SWITCHES, || {
        let queue = queue(1, 1);
        let workers = [worker(&queue), worker(&queue)];
        queue.close();
        assert!(queue.wait_gone(2, far()));
        for worker in workers {
            assert!(worker.join().unwrap().is_empty());
        }
    });
}

/// A bell as the loop has one: a counter that wakes whoever waits for it.
struct Counter {
    rung: sync::Mutex<bool>,
    heard: sync::Condvar,
}

impl Bell for Arc<Counter> {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.heard.notify_one();
    }
}

impl Counter {
    /// Waits for a ring, and silences it.
    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.heard.wait(rung).unwrap();
        }
        *rung = false;
    }
}

// ANCHOR: no_lost_ring
#[test]
fn the_loop_never_sleeps_on_a_result() {
    explore("the_loop_never_sleeps_on_a_result", SWITCHES, || {
        let bell = Arc::new(Counter { rung: sync::Mutex::new(false), heard: sync::Condvar::new() });
        let mailbox = Arc::new(Mailbox::new(Arc::clone(&bell)));
        let posting: Vec<_> = [1, 2]
            .into_iter()
            .map(|result| {
                let mailbox = Arc::clone(&mailbox);
                thread::spawn(move || mailbox.post(result))
            })
            .collect();
        // What the loop does: sleep, silence the bell, collect. A lost ring would leave it asleep for ever.
        let mut collected = Vec::new();
        while collected.len() < 2 {
            bell.wait();
            collected.extend(mailbox.collect());
        }
        for thread in posting {
            thread.join().unwrap();
        }
        collected.sort_unstable();
        assert_eq!(collected, [1, 2]);
    });
}
// ANCHOR_END: no_lost_ring
