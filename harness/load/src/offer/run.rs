//! One group while it runs: which requests there are, and when one of them is settled.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Duration;

use faults::seed::Dice;

use super::bodies::Bodies;
use super::group::{Arrivals, Group};
use super::retry::{RETRIES_WAITING_MAX, Retry, Why};
use super::tally::Tally;
use super::timetable::Timetable;
use super::window::{Request, Window};
use crate::{ErrorClass, LoadError};

/// A group of the plan, while it runs.
pub(super) struct Run {
    pub(super) group: Group,
    pub(super) bodies: Bodies,
    pub(super) tally: Tally,
    policy: Box<dyn Retry>,
    pub(super) timetable: Option<Timetable>,
    /// Its places among all.
    pub(super) slots: Range<usize>,
    /// Whose turn it is to get a request of the open loop, within `slots`.
    pub(super) turn: usize,
    /// Requests that are not settled, and how many of them each place has.
    pub(super) open: u64,
    open_at: Vec<u32>,
    /// Places of a closed loop where a request was settled, so that another one is due.
    pub(super) hungry: Vec<u32>,
    /// Requests that wait to be sent again, soonest first.
    waiting: BinaryHeap<Waiting>,
    order: u64,
    /// Nothing is sent again any more.
    closing: bool,
}

/// A request that waits to be sent again.
pub(super) struct Waiting {
    due_ns: u64,
    /// Of those due at the same moment, the first comes first.
    order: u64,
    pub(super) request: Request,
    /// The place, within the group, of the connection that it was sent on.
    pub(super) place: u32,
    why: Why,
}

impl Run {
    pub(super) fn new(
        group: &Group,
        slots: Range<usize>,
        series: bool,
        dice: &Dice,
    ) -> Result<Self, LoadError> {
        let dice = dice.fork(&group.name);
        Ok(Run {
            bodies: Bodies::new(group, &dice)?,
            tally: Tally::new(series)?,
            policy: (group.retry)(dice.fork("retry").next_u64()),
            timetable: Timetable::of(group.arrivals, dice.fork("arrivals")),
            turn: 0,
            open: 0,
            open_at: vec![0; slots.len()],
            hungry: Vec::new(),
            waiting: BinaryHeap::new(),
            order: 0,
            closing: false,
            slots,
            group: group.clone(),
        })
    }

    /// True where a place of a closed loop has fewer requests than it keeps going.
    pub(super) fn wants_more(&self, place: u32) -> bool {
        match self.group.arrivals {
            Arrivals::Closed { depth } => self.open_at[place as usize] < depth,
            Arrivals::Open { .. } => false,
        }
    }

    /// A request is due, at this place. Without a window there is no connection.
    pub(super) fn begin(&mut self, place: u32, window: Option<&mut Window>, due_ns: u64) {
        self.tally.requests += 1;
        self.open += 1;
        self.open_at[place as usize] += 1;
        let request = Request { due_ns, home: place, attempt: 1, body: self.bodies.draw() };
        if self.send(request, window, due_ns) {
            self.policy.began();
        }
    }

    /// An attempt of a request is due. Returns whether it can leave; where not, the request has failed.
    pub(super) fn send(&mut self, request: Request, window: Option<&mut Window>, due_ns: u64) -> bool {
        match window {
            Some(window) if !window.is_full(self.group.in_flight_max) => {
                let deadline_ns = self.group.deadline.as_nanos() as u64;
                window.push(request, due_ns.saturating_add(deadline_ns));
                true
            }
            _ => {
                self.lose(request, &Why::Ended(ErrorClass::Unsent));
                false
            }
        }
    }

    /// An attempt failed. Returns whether its request has failed with it.
    pub(super) fn attempt_failed(&mut self, request: Request, why: Why, place: u32, now_ns: u64) -> bool {
        self.tally.attempt_failed(&why);
        let since_first = Duration::from_nanos(now_ns.saturating_sub(request.due_ns));
        let pause = if self.closing { None } else { self.policy.after(request.attempt, &why, since_first) };
        match pause {
            Some(pause) if self.waiting.len() < RETRIES_WAITING_MAX => {
                let pause_ns = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
                let request = Request { attempt: request.attempt.saturating_add(1), ..request };
                let due_ns = now_ns.saturating_add(pause_ns);
                self.waiting.push(Waiting { due_ns, order: self.order, request, place, why });
                self.order += 1;
                return false;
            }
            Some(_) => self.tally.retries_dropped += 1,
            None => {}
        }
        self.lose(request, &why);
        true
    }

    /// The next request whose pause is over by then.
    pub(super) fn next_retry(&mut self, now_ns: u64) -> Option<(Waiting, u64)> {
        let due_ns = self.retry_due_ns();
        if due_ns <= now_ns { self.waiting.pop().map(|waiting| (waiting, due_ns)) } else { None }
    }

    /// When the next pause is over; never is `u64::MAX`.
    pub(super) fn retry_due_ns(&self) -> u64 {
        self.waiting.peek().map_or(u64::MAX, |next| next.due_ns)
    }

    /// Nothing is sent again from now on: what waits has failed, for the reason that made it wait.
    pub(super) fn close(&mut self) {
        self.closing = true;
        for waiting in std::mem::take(&mut self.waiting).into_sorted_vec() {
            self.lose(waiting.request, &waiting.why);
        }
    }

    /// Retries are allowed again.
    pub(super) fn reopen(&mut self) {
        self.closing = false;
    }

    /// A request got its right reply in time.
    pub(super) fn win(&mut self, request: Request, now_ns: u64) {
        self.policy.succeeded();
        self.tally.right(now_ns.saturating_sub(request.due_ns));
        self.settle(request);
    }

    /// A request got a wrong reply.
    pub(super) fn spoil(&mut self, request: Request) {
        self.tally.wrong += 1;
        self.settle(request);
    }

    fn lose(&mut self, request: Request, why: &Why) {
        self.tally.failed(why);
        self.settle(request);
    }

    fn settle(&mut self, request: Request) {
        self.open -= 1;
        self.open_at[request.home as usize] -= 1;
        if matches!(self.group.arrivals, Arrivals::Closed { .. }) {
            self.hungry.push(request.home);
        }
    }
}

impl Ord for Waiting {
    /// The soonest is the greatest: that is what a heap hands out first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due_ns, other.order).cmp(&(self.due_ns, self.order))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
