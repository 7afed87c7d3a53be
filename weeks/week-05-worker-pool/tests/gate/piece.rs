//! A task that does what the test wants of it, and a pool whose ended tasks come back to the test.

use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use sha2::{Digest, Sha256};
use worker_pool::{Budget, Cancel, Cancelled, Class, ClassId, Classes, Config, Done, Handle, Pool, Task};

use crate::latch::Latch;

/// The classes of most tests.
pub(crate) const FIRST: ClassId = ClassId(0);
pub(crate) const SECOND: ClassId = ClassId(1);

/// One task.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Which one it is.
    pub(crate) number: u64,
    pub(crate) class: ClassId,
    pub(crate) does: Does,
    pub(crate) cancel: Option<Cancel>,
    /// Whose address tells whether this is still the same task.
    pub(crate) body: Box<[u8]>,
}

/// What a task does.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    /// Ends at once.
    Nothing,
    /// Hashes its body so often, and asks in between.
    Hash(u64),
    /// Waits at a latch, and does not ask.
    Hold(Latch),
    /// Waits at a latch, and then lets its budget pass without asking.
    Overrun(Latch),
    /// Passes an open latch, so that the test knows that it runs, and asks until it is told to stop.
    Ask(Latch),
    /// Panics.
    Panic,
}

impl Piece {
    pub(crate) fn new(number: u64, class: ClassId, does: Does) -> Self {
        Piece { number, class, does, cancel: None, body: Box::from(number.to_be_bytes()) }
    }
}

impl Task for Piece {
    type Answer = u64;
    type Name = String;

    fn class(&self) -> ClassId {
        self.class
    }

    fn name(&self) -> String {
        format!("piece-{}", self.number)
    }

    fn cancel(&self) -> Option<Cancel> {
        self.cancel.clone()
    }

    fn run(&mut self, budget: &Budget<'_>) -> Result<u64, Cancelled> {
        match &self.does {
            Does::Nothing => {}
            Does::Hash(times) => {
                for _ in 0..*times {
                    budget.check()?;
                    std::hint::black_box(Sha256::digest(&self.body));
                }
            }
            Does::Hold(latch) => latch.pass(),
            Does::Overrun(latch) => {
                latch.pass();
                while !budget.left().is_zero() {
                    std::thread::yield_now();
                }
            }
            Does::Ask(latch) => {
                latch.pass();
                loop {
                    budget.check()?;
                    std::thread::yield_now();
                }
            }
            Does::Panic => panic!("piece {} panics, as it was told", self.number),
        }
        Ok(self.number)
    }
}

/// A class with room for so many, as many running as there are workers, and more budget than any test takes.
pub(crate) fn class(name: &str, weight: u32, queue_max: usize) -> Class {
    Class { name: name.into(), weight, queue_max, running_max: usize::MAX, budget: Duration::from_secs(60) }
}

/// A pool, and what comes out of it.
pub(crate) fn pool(workers: usize, classes: Vec<Class>) -> (Pool<Piece>, Receiver<Done<Piece>>) {
    let (results, ended) = channel();
    let config = Config { workers, classes: Classes::new(classes).unwrap(), measured: true };
    // The test may have seen enough and gone.
    let pool = Pool::start(config, move |done| drop(results.send(done))).unwrap();
    (pool, ended)
}

/// After a shutdown: every worker has been joined. The sender of the results is the workers' and the pool's, so that it
/// lives on in a thread that was left behind, and nowhere else once the pool's handle is gone.
pub(crate) fn assert_joined(ended: &Receiver<Done<Piece>>, handle: Handle<Piece>) {
    drop(handle);
    let last = ended.try_iter().last().map(|done| done.task.number);
    assert_eq!(last, None, "somebody has ended and was not looked at");
    assert!(matches!(ended.try_recv(), Err(TryRecvError::Disconnected)), "a worker was left behind");
}
