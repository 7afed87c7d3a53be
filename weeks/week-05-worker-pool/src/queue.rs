//! The queue between the loop and the workers: [`Dispatch`] under one lock, and the wake-up that is never lost.
//!
//! ```text
//!   producer (the loop)                       consumers (workers)
//!   push: lock, offer, unlock                 pop: lock, take ──► run
//!         └─ somebody sleeps? wake one             └─ nothing there: look a few hundred times without the lock,
//!   never waits for a consumer,                       then sleep until woken, and look again
//!   only for the lock
//! ```
//!
//! # Ownership
//!
//! | what | owner | lock | whenever the lock is free |
//! | --- | --- | --- | --- |
//! | `State::dispatch` | the queue | `state` | every accepted task is in a lane, or was taken and not finished, or is finished |
//! | `State::asleep` | the queue | `state` | the number of workers inside `Condvar::wait`, those included that were notified and are not awake yet |
//! | `State::gone` | the queue | `state` | the number of workers that were told that there is nothing more |
//! | `hint` | the queue | none, it is atomic | only a hint: how many tasks waited a moment ago. Written after the lock is free, so that whoever sees it finds it free |
//! | a task | the caller, then the queue, then one worker | moved, never shared | exactly one of them has it |
//!
//! # Why no wake-up is lost
//!
//! A worker decides to sleep and begins to sleep under the same lock under which a task is added. A task that was added
//! before is seen by the decision; one that is added after finds the worker asleep and wakes it. The look without the lock
//! decides nothing: it only delays the sleep. A woken worker looks again, since waking proves nothing.

use std::time::{Duration, Instant};

use crate::class::{ClassId, Classes};
use crate::dispatch::{Depth, Dispatch, Rejected, Taken};
use crate::sync::{
    AtomicUsize, Condvar, LOOKS_BEFORE_SLEEP, Mutex, MutexGuard, Ordering, PoisonError, TryLockError,
    look_again,
};

/// A bounded queue for many producers and many consumers.
#[derive(Debug)]
pub struct Queue<T> {
    state: Mutex<State<T>>,
    /// There may be work.
    work: Condvar,
    /// A worker has gone.
    ended: Condvar,
    hint: Apart,
}

/// A number on a cache line of its own (two, since they are fetched in pairs): workers that look at it do not slow down
/// whoever takes the lock.
#[derive(Debug)]
#[repr(align(128))]
struct Apart(AtomicUsize);

#[derive(Debug)]
struct State<T> {
    dispatch: Dispatch<T>,
    asleep: usize,
    gone: usize,
    accepted: u64,
    contention: Contention,
}

/// How often the lock was taken, and how often it was found taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contention {
    /// Times that it was taken.
    pub taken: u64,
    /// Times that somebody else had it.
    pub contended: u64,
    /// Nanoseconds waited for it in all.
    pub waited_ns: u64,
    /// The longest wait, in nanoseconds.
    pub longest_ns: u64,
}

/// What a worker has just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// The class of the task.
    pub class: ClassId,
    /// How long it ran.
    pub time: Duration,
}

/// The whole queue at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// Each class, in order.
    pub classes: Vec<Depth>,
    /// Tasks accepted so far.
    pub accepted: u64,
    /// The lock.
    pub contention: Contention,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new(classes: &Classes) -> Self {
        let state = State {
            dispatch: Dispatch::new(classes),
            asleep: 0,
            gone: 0,
            accepted: 0,
            contention: Contention::default(),
        };
        Queue {
            state: Mutex::new(state),
            work: Condvar::new(),
            ended: Condvar::new(),
            hint: Apart(AtomicUsize::new(0)),
        }
    }

    // ANCHOR: push
    /// Accepts a task, or gives it back at once. Never waits for a worker.
    ///
    /// # Errors
    /// [`Rejected`], with the task.
    pub fn push(&self, task: T, class: ClassId, now: Instant) -> Result<(), Rejected<T>> {
        // lab:hole worker-pool.wake-one
        let mut state = self.lock();
        state.dispatch.offer(task, class, now)?;
        state.accepted += 1;
        let (waiting, somebody_sleeps) = (state.dispatch.waiting(), state.asleep > 0);
        drop(state);
        self.hint.0.store(waiting, Ordering::Release);
        if somebody_sleeps {
            self.work.notify_one();
        }
        Ok(())
        // lab:stub todo!("worker-pool.wake-one: offer under the lock; wake a worker where one sleeps")
        // lab:end
    }
    // ANCHOR_END: push

    /// The next task; waits for one. Says first what became of the one before. `None` when the queue is closed and nothing
    /// waits any more: the worker is counted as gone, and must not come back.
    pub fn pop(&self, before: Option<Ran>) -> Option<Taken<T>> {
        let mut state = self.lock();
        if let Some(ran) = before {
            state.dispatch.finished(ran.class, ran.time);
        }
        if state.dispatch.waiting() == 0 && state.dispatch.is_open() {
            drop(state);
            self.look_around();
            state = self.lock();
        }
        self.next(state)
    }

    // ANCHOR: next
    /// Takes the next task, and sleeps until there is one.
    fn next(&self, mut state: MutexGuard<'_, State<T>>) -> Option<Taken<T>> {
        // lab:hole worker-pool.sleep
        loop {
            if let Some(taken) = state.dispatch.take() {
                // One wake may stand for several tasks: whoever takes one passes the word on.
                let more = state.asleep > 0 && state.dispatch.has_next();
                let waiting = state.dispatch.waiting();
                drop(state);
                self.hint.0.store(waiting, Ordering::Release);
                if more {
                    self.work.notify_one();
                }
                return Some(taken);
            }
            if !state.dispatch.is_open() && state.dispatch.waiting() == 0 {
                state.gone += 1;
                drop(state);
                // The others may sleep because what waited was not theirs to run; now there is nothing left to wait for.
                self.work.notify_all();
                self.ended.notify_all();
                return None;
            }
            state.asleep += 1;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
        // lab:stub todo!("worker-pool.sleep: take, or end, or sleep and look again; all three decided under the lock")
        // lab:end
    }
    // ANCHOR_END: next

    /// Looks for work for a moment, without the lock.
    fn look_around(&self) {
        for _ in 0..LOOKS_BEFORE_SLEEP {
            if self.hint.0.load(Ordering::Acquire) > 0 {
                return;
            }
            look_again();
        }
    }

    /// Takes nothing more in, and lets every worker go once nothing waits.
    pub fn close(&self) {
        self.lock().dispatch.close();
        self.work.notify_all();
    }

    // ANCHOR: wait_gone
    /// Waits until so many workers have gone, at most until the deadline. True when they have.
    pub fn wait_gone(&self, workers: usize, deadline: Instant) -> bool {
        // lab:hole worker-pool.wait-for-all
        let mut state = self.lock();
        while state.gone < workers {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
        // lab:stub todo!("worker-pool.wait-for-all: until all have gone or the time is over, whatever wakes it")
        // lab:end
    }
    // ANCHOR_END: wait_gone

    /// Takes out what still waits.
    pub fn clear(&self) -> Vec<Taken<T>> {
        let left = self.lock().dispatch.clear();
        self.work.notify_all();
        left
    }

    /// What there is to know.
    pub fn levels(&self) -> Levels {
        let state = self.lock();
        Levels {
            classes: state.dispatch.depths().collect(),
            accepted: state.accepted,
            contention: state.contention,
        }
    }

    // ANCHOR: lock
    /// Takes the lock. Only where somebody else has it, the wait is timed: what is free costs nothing to measure.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        let (mut state, waited) = match self.state.try_lock() {
            Ok(state) => (state, None),
            Err(TryLockError::Poisoned(poisoned)) => (poisoned.into_inner(), None),
            Err(TryLockError::WouldBlock) => {
                let began = Instant::now();
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                (state, Some(began.elapsed()))
            }
        };
        state.contention.taken += 1;
        if let Some(waited) = waited {
            let ns = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
            state.contention.contended += 1;
            state.contention.waited_ns = state.contention.waited_ns.saturating_add(ns);
            state.contention.longest_ns = state.contention.longest_ns.max(ns);
        }
        state
    }
    // ANCHOR_END: lock
}
