//! What a pool runs, and what becomes of it.

use std::fmt::Display;
use std::time::Duration;

use crate::budget::{Budget, Cancel, Cancelled};
use crate::class::ClassId;

// ANCHOR: task
/// A piece of computing work. It is moved to a worker, run once, and comes back with its outcome.
pub trait Task: Send + 'static {
    /// What it computes.
    type Answer: Send + 'static;
    /// What it is called where somebody has to be told that it was not finished.
    type Name: Display + Clone + Send + 'static;

    /// Its class.
    fn class(&self) -> ClassId;

    /// Its name.
    fn name(&self) -> Self::Name;

    /// What its caller can cancel it with.
    fn cancel(&self) -> Option<Cancel> {
        None
    }

    /// Computes. Asks the budget between pieces of work.
    ///
    /// # Errors
    /// What the budget said.
    fn run(&mut self, budget: &Budget<'_>) -> Result<Self::Answer, Cancelled>;
}
// ANCHOR_END: task

/// How a task ended. Every accepted task ends in exactly one of these ways.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<A> {
    /// It has its answer.
    Finished(A),
    /// It was told to stop, before it began or while it ran.
    Cancelled(Cancelled),
    /// It panicked, with these words.
    Panicked(String),
    /// It was accepted, and the shutdown's deadline came first.
    NeverStarted,
}

/// A task that has ended.
#[derive(Debug)]
pub struct Done<T: Task> {
    /// The task.
    pub task: T,
    /// How it ended.
    pub outcome: Outcome<T::Answer>,
    /// How long it waited in the queue.
    pub waited: Duration,
    /// How long it ran.
    pub ran: Duration,
}
