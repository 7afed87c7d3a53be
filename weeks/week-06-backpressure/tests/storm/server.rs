//! The server of the simulation: one worker, a queue, and with a policy or without.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use backpressure::{
    Admission, AgeWatch, Budget, Deadline, Importance, Ladder, Policy, Signal, Signals, Stage, Step, decide,
};

/// One attempt of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    pub(crate) request: usize,
    pub(crate) attempt: u32,
}

/// What a server does about load.
pub(crate) struct Protection {
    ladder: Ladder,
    age: AgeWatch,
}

pub(crate) struct Server {
    queue: VecDeque<(Ticket, Instant)>,
    budget: Budget,
    /// What a task takes, which a real server learns from those that have ended.
    work: Duration,
    protection: Option<Protection>,
}

impl Server {
    /// Every request brings this budget. Without a policy, nobody looks at it.
    pub(crate) fn new(policy: Option<Policy>, budget: Budget, work: Duration, now: Instant) -> Self {
        let protection = policy.map(|policy| Protection {
            age: AgeWatch::new(policy.interval()),
            ladder: Ladder::new(policy, now),
        });
        Server { queue: VecDeque::new(), budget, work, protection }
    }

    /// A request came. The pause that it is sent away with, where it is.
    pub(crate) fn arrive(&mut self, ticket: Ticket, now: Instant) -> Result<(), Duration> {
        self.look(now);
        if let Some(Protection { ladder, .. }) = &mut self.protection {
            let short = ladder.policy().band(Step::Shed, Signal::Age).map_or(0, |band| band.enter);
            let expected = self.work * self.queue.len() as u32;
            let has_room = expected < Duration::from_millis(u64::from(short));
            if let Admission::Shed { retry_after } | Admission::Reject { retry_after } =
                decide(ladder.step(), Importance::Ordinary, has_room, ladder.retry_after(now))
            {
                ladder.turned_away();
                return Err(retry_after);
            }
        }
        self.queue.push_back((ticket, now));
        Ok(())
    }

    /// What the worker does next.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Ticket> {
        while let Some((ticket, came)) = self.queue.pop_front() {
            let Some(Protection { age, ladder }) = &mut self.protection else { return Some(ticket) };
            age.observe(now - came, now);
            let deadline = Deadline::starting(came, self.budget, ladder.policy().split());
            if deadline.check(Stage::Queue, now).is_ok() {
                self.look(now);
                return Some(ticket);
            }
        }
        self.look(now);
        None
    }

    /// Measures, and lets the ladder decide. A real server does this in every turn of its loop.
    pub(crate) fn look(&mut self, now: Instant) {
        let Some(Protection { ladder, age }) = &mut self.protection else { return };
        match self.queue.front() {
            None => age.idle(),
            Some((_, came)) => age.observe(now - *came, now),
        }
        let depth_tasks_per_worker = Signals::tasks_per_worker(self.queue.len(), 1);
        let signals = Signals { age: age.standing(now), depth_tasks_per_worker, ..Signals::default() };
        ladder.observe(&signals, now);
    }
}
