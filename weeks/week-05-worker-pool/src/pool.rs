//! The pool: threads, their start, and a shutdown that loses nothing.
//!
//! ```text
//!   Pool (owner) ──── Handle, Handle, … (the loop, a test)
//!     │                  submit: the queue's lock, and no other
//!     ├── worker-0 ─┐
//!     ├── worker-1 ─┼── pop ─ run ─ sink(done)        a sink is the mailbox of a loop
//!     └── worker-n ─┘
//!
//!   shutdown:   open ──close──► draining ──all gone──► joined              nothing is left over
//!                                   └──deadline──► last moment             what waits never starts; what runs is told to stop
//!                                                     └── grace over ──►   who does not listen is named, and left behind
//! ```

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use logger::{Coded, ErrorCode};

use crate::budget::Cancel;
use crate::catalog;
use crate::class::{ClassError, ClassId, Classes};
use crate::dispatch::Rejected;
use crate::meter::{ClassMeter, Metrics};
use crate::queue::Queue;
use crate::sync::{Arc, Mutex, PoisonError};
use crate::task::{Done, Outcome, Task};
use crate::worker;

/// Workers of one pool.
pub const WORKERS_MAX: usize = 256;

/// After the deadline of a shutdown: how long running tasks have to notice that they should stop.
pub const LAST_MOMENT_GRACE: Duration = Duration::from_millis(200);

/// How often a report is made anew while a left-behind task ends under it.
const REPORT_LOOKS_MAX: u32 = 1000;

/// How a pool is made.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads.
    pub workers: usize,
    /// What they work for.
    pub classes: Classes,
    /// Record queue wait and run time. Counts are kept in any case.
    pub measured: bool,
}

/// Why there is no pool.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// No workers, or too many.
    #[error("a pool has 1 to {WORKERS_MAX} workers, and not {0}")]
    Workers(usize),
    /// The classes contradict themselves.
    #[error(transparent)]
    Classes(#[from] ClassError),
    /// The system gives no thread.
    #[error("worker {number} could not be started: {source}")]
    Thread {
        /// Which one.
        number: usize,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Coded for PoolError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            PoolError::Workers(_) | PoolError::Classes(_) => &catalog::POOL_CLASSES,
            PoolError::Thread { .. } => &catalog::POOL_THREADS,
        }
    }
}

// ANCHOR: shared
/// What the threads share. Each part has one lock or none, and no thread holds two.
pub(crate) struct Shared<T: Task> {
    pub(crate) queue: Queue<T>,
    pub(crate) sink: Box<dyn Fn(Done<T>) + Send + Sync>,
    classes: Classes,
    pub(crate) measured: bool,
    /// Set once, when the shutdown's deadline has come.
    pub(crate) last_moment: Cancel,
    /// What each worker is at: written by that worker, read by whoever names what was not finished.
    pub(crate) slots: Vec<Mutex<Option<T::Name>>>,
    /// What each worker did: written by that worker.
    pub(crate) meters: Vec<Mutex<Vec<ClassMeter>>>,
    /// Whom the last moment cut short.
    pub(crate) cut_short: Mutex<Vec<T::Name>>,
}
// ANCHOR_END: shared

impl<T: Task> Shared<T> {
    pub(crate) fn budget_of(&self, class: ClassId) -> Duration {
        self.classes.get(class).map_or(Duration::ZERO, |class| class.budget)
    }
}

/// Worker threads. Dropped without a shutdown, they finish what was accepted and end.
pub struct Pool<T: Task> {
    shared: Arc<Shared<T>>,
    threads: Vec<JoinHandle<()>>,
}

/// What callers have of a pool.
pub struct Handle<T: Task>(Arc<Shared<T>>);

impl<T: Task> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Handle(Arc::clone(&self.0))
    }
}

// ANCHOR: report
/// What a shutdown came to. `accepted` is the sum of all the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<N> {
    /// Tasks accepted in the life of the pool.
    pub accepted: u64,
    /// Tasks with an answer.
    pub finished: u64,
    /// Tasks that their budget or their caller had ended.
    pub cancelled: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Tasks that were told to stop at the last moment, and did.
    pub cut_short: Vec<N>,
    /// Tasks that were accepted and never started.
    pub never_started: Vec<N>,
    /// Tasks that run on, in threads that were left behind.
    pub still_running: Vec<N>,
}
// ANCHOR_END: report

impl<N> Report<N> {
    /// True where every accepted task came to its end.
    pub fn is_complete(&self) -> bool {
        self.cut_short.is_empty() && self.never_started.is_empty() && self.still_running.is_empty()
    }

    /// True where each accepted task is in exactly one place.
    fn adds_up(&self) -> bool {
        let named = self.cut_short.len() + self.never_started.len() + self.still_running.len();
        self.accepted == self.finished + self.cancelled + self.panicked + named as u64
    }

    /// The tasks that did not, in the order of their chances.
    pub fn unfinished(&self) -> impl Iterator<Item = &N> {
        self.cut_short.iter().chain(&self.still_running).chain(&self.never_started)
    }
}

impl<T: Task> Pool<T> {
    /// Starts the workers. Each ended task goes to `sink`, on the worker's thread; it should be quick.
    ///
    /// # Errors
    /// [`PoolError`]. Workers that were started by then end at once.
    pub fn start(config: Config, sink: impl Fn(Done<T>) + Send + Sync + 'static) -> Result<Self, PoolError> {
        let Config { workers, classes, measured } = config;
        if !(1..=WORKERS_MAX).contains(&workers) {
            return Err(PoolError::Workers(workers));
        }
        let meters = || classes.as_slice().iter().map(|_| ClassMeter::new()).collect();
        let shared = Arc::new(Shared {
            queue: Queue::new(&classes),
            sink: Box::new(sink),
            measured,
            last_moment: Cancel::default(),
            slots: (0..workers).map(|_| Mutex::new(None)).collect(),
            meters: (0..workers).map(|_| Mutex::new(meters())).collect(),
            cut_short: Mutex::new(Vec::new()),
            classes,
        });
        let mut pool = Pool { shared, threads: Vec::with_capacity(workers) };
        for number in 0..workers {
            let shared = Arc::clone(&pool.shared);
            let thread = std::thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || worker::work(&shared, number));
            pool.threads.push(thread.map_err(|source| PoolError::Thread { number, source })?);
        }
        Ok(pool)
    }

    /// What callers need.
    pub fn handle(&self) -> Handle<T> {
        Handle(Arc::clone(&self.shared))
    }

    // ANCHOR: shutdown
    /// Stops: no more intake, then everything that was accepted, then the threads; within a deadline.
    pub fn shutdown(mut self, within: Duration) -> Report<T::Name> {
        // lab:hole worker-pool.shutdown
        let shared = &self.shared;
        let workers = self.threads.len();
        shared.queue.close();
        let mut never_started = Vec::new();
        let mut gone = shared.queue.wait_gone(workers, Instant::now() + within);
        if !gone {
            // Taken out before anybody is told to stop, so that nobody goes on to the next one.
            let left = shared.queue.clear();
            shared.last_moment.cancel();
            for taken in left {
                never_started.push(taken.task.name());
                let waited = taken.since.elapsed();
                let outcome = Outcome::NeverStarted;
                (shared.sink)(Done { task: taken.task, outcome, waited, ran: Duration::ZERO });
            }
            gone = shared.queue.wait_gone(workers, Instant::now() + LAST_MOMENT_GRACE);
        }
        if gone {
            for thread in self.threads.drain(..) {
                // A worker that panicked outside a task has said so on standard error.
                let _ = thread.join();
            }
        }
        self.report(never_started)
        // lab:stub todo!("worker-pool.shutdown: close, drain within the deadline, tell the rest, join who has gone")
        // lab:end
    }
    // ANCHOR_END: shutdown

    /// What it came to. A task that ends while its worker is asked may be found running and ended, or neither; that is over
    /// after some instructions, so whoever finds books that do not balance looks again.
    fn report(&self, never_started: Vec<T::Name>) -> Report<T::Name> {
        let mut report = self.look(never_started);
        for _ in 0..REPORT_LOOKS_MAX {
            if report.adds_up() {
                break;
            }
            std::thread::yield_now();
            report = self.look(report.never_started);
        }
        report
    }

    fn look(&self, never_started: Vec<T::Name>) -> Report<T::Name> {
        let slots = self.shared.slots.iter();
        let still_running =
            slots.filter_map(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let still_running = still_running.collect();
        let metrics = self.handle().metrics();
        let sum = |of: fn(&ClassMeter) -> u64| metrics.classes.iter().map(of).sum();
        Report {
            accepted: metrics.levels.accepted,
            finished: sum(|class| class.finished),
            cancelled: sum(|class| class.over_budget + class.unwanted),
            panicked: sum(|class| class.panicked),
            cut_short: self.shared.cut_short.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            never_started,
            still_running,
        }
    }
}

impl<T: Task> Drop for Pool<T> {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

impl<T: Task> Handle<T> {
    /// Hands a task over, or has it handed back. Never waits for a worker.
    ///
    /// # Errors
    /// [`Rejected`], with the task.
    pub fn submit(&self, task: T) -> Result<(), Rejected<T>> {
        let class = task.class();
        self.0.queue.push(task, class, Instant::now())
    }

    /// What there is to know, now.
    pub fn metrics(&self) -> Metrics {
        let mut classes: Vec<ClassMeter> =
            self.0.classes.as_slice().iter().map(|_| ClassMeter::new()).collect();
        for worker in &self.0.meters {
            let meters = worker.lock().unwrap_or_else(PoisonError::into_inner);
            for (all, one) in classes.iter_mut().zip(meters.iter()) {
                all.add(one);
            }
        }
        Metrics { classes, levels: self.0.queue.levels() }
    }

    /// What waits and runs, now: much cheaper than [`metrics`](Self::metrics).
    pub fn levels(&self) -> crate::queue::Levels {
        self.0.queue.levels()
    }

    /// The classes.
    pub fn classes(&self) -> &Classes {
        &self.0.classes
    }
}
