//! A task whose computing time is known beforehand, and somebody who offers such tasks at a fixed rate.

use std::time::{Duration, Instant};

use worker_pool::{Budget, Cancelled, Class, ClassId, Classes, Handle, Task};

/// Computes for as long as it is told to, by the clock of its own thread's work: it counts, it does not sleep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spin {
    pub(crate) class: ClassId,
    pub(crate) time: Duration,
}

impl Task for Spin {
    type Answer = ();
    type Name = u64;

    fn class(&self) -> ClassId {
        self.class
    }

    fn name(&self) -> u64 {
        0
    }

    fn run(&mut self, budget: &Budget<'_>) -> Result<(), Cancelled> {
        let until = Instant::now() + self.time;
        while Instant::now() < until {
            budget.check()?;
        }
        Ok(())
    }
}

pub(crate) const SHORT: ClassId = ClassId(0);
pub(crate) const LONG: ClassId = ClassId(1);

/// A short class and a long one; so many long tasks may run at once.
pub(crate) fn classes(
    queue_max: usize,
    workers: usize,
    long_running_max: usize,
) -> Result<Classes, worker_pool::ClassError> {
    let class = |name: &str, weight, running_max| Class {
        name: name.into(),
        weight,
        queue_max,
        running_max,
        budget: Duration::from_secs(1),
    };
    Classes::new(vec![class("short", 4, workers), class("long", 1, long_running_max)])
}

/// A timetable: something is due every so often, and what came due late is due all the same.
pub(crate) struct Timetable {
    next: Instant,
    every: Duration,
}

impl Timetable {
    pub(crate) fn begin(every: Duration) -> Self {
        Timetable { next: Instant::now() + every, every }
    }

    /// Waits for the next moment, by looking at the clock while it is near.
    pub(crate) fn wait(&mut self) {
        loop {
            let left = self.next.saturating_duration_since(Instant::now());
            match left {
                Duration::ZERO => break,
                far if far > Duration::from_micros(200) => {
                    std::thread::sleep(far - Duration::from_micros(150))
                }
                _ => std::hint::spin_loop(),
            }
        }
        self.next += self.every;
    }
}

/// Waits until nothing waits and nothing runs, for as long as that may take.
pub(crate) fn drain(handle: &Handle<Spin>, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if handle.levels().classes.iter().all(|class| class.waiting + class.running == 0) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}
