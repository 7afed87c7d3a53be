//! What the ladder is told: four measured signals, each with its unit.

use std::time::Duration;

/// What can ask for another step.
///
/// Each of the four exhausts by itself, and none can be derived from another: a queue of ten slow tasks is old and
/// short, a queue of a thousand fast ones is long and young, memory goes where nobody queues, and answers wait for
/// peers after the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// How long a task waits even in the best moment of the last interval ([`AgeWatch`](crate::AgeWatch)).
    Age,
    /// Tasks that wait for each worker.
    Depth,
    /// Resident memory of the process.
    Memory,
    /// Bytes of answers that wait for all peers together.
    Egress,
}

impl Signal {
    /// All of them. Where two ask for the same step, the one that comes first here is named as the cause.
    pub const ALL: [Signal; 4] = [Signal::Age, Signal::Depth, Signal::Memory, Signal::Egress];

    /// The word for logs, metrics and the policy file, with the unit in which the policy counts it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Age => "age_ms",
            Signal::Depth => "depth",
            Signal::Memory => "memory_mib",
            Signal::Egress => "egress_mib",
        }
    }

    /// How many of the units in which it is measured make one unit of the policy: nanoseconds in a millisecond, tasks
    /// in a task, bytes in a mebibyte.
    pub(crate) fn scale(self) -> u64 {
        match self {
            Signal::Age => 1_000_000,
            Signal::Depth => 1,
            Signal::Memory | Signal::Egress => 1 << 20,
        }
    }
}

/// One look at all four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// The standing age of the queue.
    pub age: Duration,
    /// Tasks that wait for each worker ([`Signals::tasks_per_worker`]).
    pub depth_tasks_per_worker: u32,
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
    /// Answers that wait for all peers together, in bytes.
    pub egress_bytes: u64,
}

impl Signals {
    /// So many tasks for so many workers, rounded up. A pool without workers is judged as one with one.
    pub fn tasks_per_worker(tasks: usize, workers: usize) -> u32 {
        u32::try_from(tasks.div_ceil(workers.max(1))).unwrap_or(u32::MAX)
    }

    /// What one signal says, in the unit in which it is measured: nanoseconds, tasks or bytes.
    pub(crate) fn measured(&self, signal: Signal) -> u64 {
        match signal {
            Signal::Age => u64::try_from(self.age.as_nanos()).unwrap_or(u64::MAX),
            Signal::Depth => u64::from(self.depth_tasks_per_worker),
            Signal::Memory => self.memory_bytes,
            Signal::Egress => self.egress_bytes,
        }
    }

    /// What one signal says, in whole units of the policy; for logs.
    pub fn in_policy_units(&self, signal: Signal) -> u64 {
        self.measured(signal) / signal.scale()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_is_left_over_counts_for_a_whole_one() {
        for (tasks, workers, each) in [(0, 4, 0), (1, 4, 1), (8, 4, 2), (9, 4, 3), (3, 0, 3)] {
            assert_eq!(Signals::tasks_per_worker(tasks, workers), each, "{tasks} for {workers}");
        }
        assert_eq!(Signals::tasks_per_worker(usize::MAX, 1), u32::MAX);
    }

    #[test]
    fn each_signal_is_told_in_the_unit_that_its_name_says() {
        let signals = Signals {
            age: Duration::from_micros(7_900),
            depth_tasks_per_worker: 3,
            memory_bytes: 5 << 20,
            egress_bytes: (6 << 20) + 1,
        };
        assert_eq!(Signal::ALL.map(|signal| signals.in_policy_units(signal)), [7, 3, 5, 6]);
    }
}
