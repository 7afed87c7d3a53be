//! One worker: take, run, tell, and again.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::budget::{Budget, Cancelled};
use crate::class::ClassId;
use crate::dispatch::Taken;
use crate::pool::Shared;
use crate::queue::Ran;
use crate::sync::PoisonError;
use crate::task::{Done, Outcome, Task};

// ANCHOR: work
/// Works until the queue is closed and empty.
pub(crate) fn work<T: Task>(shared: &Shared<T>, number: usize) {
    let mut before = None;
    while let Some(taken) = shared.queue.pop(before.take()) {
        let class = taken.class;
        let done = run(shared, number, taken);
        before = Some(Ran { class, time: done.ran });
        (shared.sink)(done);
    }
}
// ANCHOR_END: work

/// Runs one task, whatever it does.
fn run<T: Task>(shared: &Shared<T>, number: usize, taken: Taken<T>) -> Done<T> {
    let Taken { mut task, class, since } = taken;
    let began = Instant::now();
    *shared.slots[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(task.name());
    let outcome = contained(shared, class, &mut task, began);
    let ran = began.elapsed();
    let waited = began.saturating_duration_since(since);
    if let Outcome::Cancelled(Cancelled::LastMoment) = outcome {
        shared.cut_short.lock().unwrap_or_else(PoisonError::into_inner).push(task.name());
    }
    *shared.slots[number].lock().unwrap_or_else(PoisonError::into_inner) = None;
    let mut meters = shared.meters[number].lock().unwrap_or_else(PoisonError::into_inner);
    let meter = &mut meters[class.index()];
    meter.count(&outcome, ran > shared.budget_of(class));
    if shared.measured {
        meter.record(waited, ran);
    }
    drop(meters);
    Done { task, outcome, waited, ran }
}

// ANCHOR: contained
/// The task's own code, with everything that it can do wrong.
fn contained<T: Task>(
    shared: &Shared<T>,
    class: ClassId,
    task: &mut T,
    began: Instant,
) -> Outcome<T::Answer> {
    // lab:hole worker-pool.contain
    let cancel = task.cancel();
    if cancel.as_ref().is_some_and(|cancel| cancel.is_cancelled()) {
        return Outcome::Cancelled(Cancelled::Unwanted);
    }
    let until = began + shared.budget_of(class);
    let budget = Budget::until(until, cancel.as_ref(), Some(&shared.last_moment));
    // What a panic leaves half done is the task's own, and it is not run again.
    match catch_unwind(AssertUnwindSafe(|| task.run(&budget))) {
        Ok(Ok(answer)) => Outcome::Finished(answer),
        Ok(Err(cancelled)) => Outcome::Cancelled(cancelled),
        Err(panic) => Outcome::Panicked(words_of(panic.as_ref())),
    }
    // lab:stub todo!("worker-pool.contain: not if nobody wants it; else within its budget, and a panic is an outcome")
    // lab:end
}
// ANCHOR_END: contained

/// What a panic said.
fn words_of(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(words), _) => (*words).to_owned(),
        (_, Some(words)) => words.clone(),
        _ => "a panic without words".to_owned(),
    }
}
