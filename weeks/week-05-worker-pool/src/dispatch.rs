//! Who runs next: a queue for each class, and a fair choice between them. No thread, no lock, no clock.
//!
//! # The rule
//!
//! First in, first out within a class. Between classes, *start-time fair queuing* (Goyal, Vin and Cheng, SIGCOMM 1996):
//! each class has a tag, which is the computing time that it has had, divided by its weight. The waiting class with the
//! lowest tag goes next.
//!
//! ```text
//!             weight 3               weight 1
//!  tag        short                  long
//!    0        10 ms taken            10 ms taken                 both wait, the first in the list goes first
//!    |        tag 10/3 = 3.3         tag 10/1 = 10
//!    v        short, short           ...                         until short's tag passes 10
//! ```
//!
//! How long a task will take is not known when it starts, so it is charged its whole budget then, and given back the rest
//! when it has finished. Meanwhile its class looks more expensive than it is, which errs on the side of the others.
//!
//! # What it guarantees
//!
//! - A class that waits is passed over only while others have lower tags, and each of their tasks raises theirs: it is
//!   chosen after finitely many, whatever they send. No class can starve.
//! - Over any long stretch in which two classes both wait, they get computing time in the ratio of their weights, up to
//!   one budget for each worker.
//! - Credit is not saved: a class that comes back after a pause begins where the others are.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::class::{Class, ClassId, Classes};

/// Tasks that wait, and the tags that decide.
#[derive(Debug)]
pub struct Dispatch<T> {
    lanes: Vec<Lane<T>>,
    /// The tag of the class that was chosen last: where a class begins that has not waited.
    clock: u128,
    waiting: usize,
    running: usize,
    open: bool,
}

#[derive(Debug)]
struct Lane<T> {
    class: Class,
    tasks: VecDeque<(T, Instant)>,
    running: usize,
    tag: u128,
    refused: u64,
}

/// A task on its way to a worker.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken<T> {
    /// The task.
    pub task: T,
    /// Its class.
    pub class: ClassId,
    /// When it was accepted.
    pub since: Instant,
}

// ANCHOR: rejected
/// A task that was not accepted, in its owner's hands again.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejected<T> {
    /// The task, untouched.
    pub task: T,
    /// Why.
    pub why: Refusal,
}

/// Why a task was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// So many of its class wait, and no more may.
    Full(usize),
    /// The pool is closed.
    Closed,
    /// The pool has no such class.
    UnknownClass,
}
// ANCHOR_END: rejected

impl<T> Dispatch<T> {
    /// Empty queues, open for work.
    pub fn new(classes: &Classes) -> Self {
        let lane = |class: &Class| Lane {
            class: class.clone(),
            tasks: VecDeque::new(),
            running: 0,
            tag: 0,
            refused: 0,
        };
        Dispatch {
            lanes: classes.as_slice().iter().map(lane).collect(),
            clock: 0,
            waiting: 0,
            running: 0,
            open: true,
        }
    }

    // ANCHOR: offer
    /// Accepts a task, or gives it back.
    ///
    /// # Errors
    /// [`Rejected`], with the task.
    pub fn offer(&mut self, task: T, class: ClassId, now: Instant) -> Result<(), Rejected<T>> {
        // lab:hole worker-pool.refuse-full
        let Some(lane) = self.lanes.get_mut(class.index()) else {
            return Err(Rejected { task, why: Refusal::UnknownClass });
        };
        if !self.open {
            return Err(Rejected { task, why: Refusal::Closed });
        }
        if lane.tasks.len() >= lane.class.queue_max {
            lane.refused += 1;
            return Err(Rejected { task, why: Refusal::Full(lane.tasks.len()) });
        }
        if lane.tasks.is_empty() {
            lane.tag = lane.tag.max(self.clock);
        }
        lane.tasks.push_back((task, now));
        self.waiting += 1;
        Ok(())
        // lab:stub todo!("worker-pool.refuse-full: closed, full, or accepted; a class that comes back begins at the clock")
        // lab:end
    }
    // ANCHOR_END: offer

    // ANCHOR: take
    /// The task that goes next, if one may: the oldest of the waiting class with the lowest tag.
    pub fn take(&mut self) -> Option<Taken<T>> {
        // lab:hole worker-pool.fair-pick
        let index = self.eligible()?;
        let lane = &mut self.lanes[index];
        let (task, since) = lane.tasks.pop_front()?;
        self.clock = lane.tag;
        lane.tag += cost(lane.class.budget, lane.class.weight);
        lane.running += 1;
        self.waiting -= 1;
        self.running += 1;
        Some(Taken { task, class: ClassId(index as u8), since })
        // lab:stub todo!("worker-pool.fair-pick: the lowest tag among those that may run; charge its budget in advance")
        // lab:end
    }
    // ANCHOR_END: take

    // ANCHOR: eligible
    /// The class that goes next: among those that wait and may run one more, the one with the lowest tag.
    fn eligible(&self) -> Option<usize> {
        let may = |lane: &Lane<T>| !lane.tasks.is_empty() && lane.running < lane.class.running_max;
        let waiting = self.lanes.iter().enumerate().filter(|(_, lane)| may(lane));
        waiting.min_by_key(|(_, lane)| lane.tag).map(|(index, _)| index)
    }
    // ANCHOR_END: eligible

    /// A task of this class has run for so long, to its end or not.
    pub fn finished(&mut self, class: ClassId, ran: Duration) {
        // lab:hole worker-pool.settle-account
        let Some(lane) = self.lanes.get_mut(class.index()) else { return };
        let (charged, due) = (cost(lane.class.budget, lane.class.weight), cost(ran, lane.class.weight));
        lane.tag = (lane.tag + due).saturating_sub(charged);
        lane.running -= 1;
        self.running -= 1;
        // lab:stub todo!("worker-pool.settle-account: exchange the budget that was charged for the time it took")
        // lab:end
    }

    /// Takes nothing more in. What waits still goes out.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Takes everything out that still waits, in the order in which it would not have run.
    pub fn clear(&mut self) -> Vec<Taken<T>> {
        self.waiting = 0;
        let lanes = self.lanes.iter_mut().enumerate();
        let all = lanes.flat_map(|(index, lane)| {
            let class = ClassId(index as u8);
            lane.tasks.drain(..).map(move |(task, since)| Taken { task, class, since })
        });
        all.collect()
    }

    /// True while tasks are accepted.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// True where a task could go to a worker now.
    pub fn has_next(&self) -> bool {
        self.eligible().is_some()
    }

    /// Tasks that wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Tasks that run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// What is to be known of each class, in order.
    pub fn depths(&self) -> impl Iterator<Item = Depth> + '_ {
        self.lanes.iter().map(|lane| Depth {
            waiting: lane.tasks.len(),
            running: lane.running,
            refused: lane.refused,
            oldest: lane.tasks.front().map(|(_, since)| *since),
        })
    }
}

/// One class at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Tasks that wait.
    pub waiting: usize,
    /// Tasks that run.
    pub running: usize,
    /// Tasks that were refused because the queue was full, so far.
    pub refused: u64,
    /// Since when the oldest one waits.
    pub oldest: Option<Instant>,
}

/// Computing time as a tag: nanoseconds over weight, in thousandths, so that no weight loses a whole nanosecond.
fn cost(time: Duration, weight: u32) -> u128 {
    time.as_nanos() * 1000 / u128::from(weight.max(1))
}
