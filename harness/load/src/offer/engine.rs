//! Standing connections, and the pushes that are made through them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use faults::seed::Dice;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use super::link::Link;
use super::outcome::Outcome;
use super::plan::Plan;
use super::run::Run;
use crate::LoadError;
use crate::dial::Dialer;
use crate::poller::Poller;

/// The one read buffer.
const READ_BUFFER_BYTES: usize = 256 << 10;
/// Deadlines are looked at at least this often, and 16 times within the shortest of them.
const SWEEP_NS_MAX: u64 = 10_000_000;
/// And at most this often.
const SWEEP_NS_MIN: u64 = 1_000_000;

/// Connections of a plan that stand, and through which requests are offered again and again.
///
/// ```no_run
/// # use load::offer::{Eager, Group, Offer, Plan};
/// # use std::time::Duration;
/// # fn main() -> Result<(), load::LoadError> {
/// let naive = |_seed| Eager { attempts: 4, pause: Duration::from_millis(50) };
/// let clients = Group::open("naive", 100, 20_000, 64).poisson().deadline(Duration::from_millis(200)).retry(naive);
/// let mut offer = Offer::connect(Plan::to(([127, 0, 0, 1], 7000).into()).group(clients))?;
/// for _ in 0..50 {
///     offer.push_for(Duration::from_millis(100))?; // something may be done to the server in between
/// }
/// offer.drain()?;
/// println!("{:.0} right replies a second", offer.outcome().groups[0].goodput());
/// # Ok(())
/// # }
/// ```
pub struct Offer {
    pub(super) plan: Plan,
    pub(super) poller: Poller,
    pub(super) dialer: Dialer,
    pub(super) slots: Vec<Slot>,
    pub(super) runs: Vec<Run>,
    /// What is read and what is written, one connection at a time.
    pub(super) came: Vec<u8>,
    pub(super) leaves: Vec<u8>,
    pub(super) ready: Vec<(usize, EventFlags)>,
    /// Places that have just got an attempt to write.
    pub(super) dealt: Vec<usize>,
    pub(super) epoch: Instant,
    /// Requests are due.
    pub(super) pushing: bool,
    /// Since when it counts without a rest; nothing while it rests.
    counts_since_ns: Option<u64>,
    /// Up to when requests were due, and up to when the present stretch counts.
    pushed_to_ns: u64,
    counts_to_ns: u64,
    /// Time that counts, without the present stretch.
    elapsed_ns: u64,
    pub(super) answered_ns: u64,
    next_mark_ns: u64,
    pub(super) next_sweep_ns: u64,
    pub(super) sweep_ns: u64,
    /// Connections begun so far, for the numbers of attempts.
    pub(super) begun: u64,
    /// Connections that were made, or not, since the beginning, and the first reason why not.
    pub(super) arrived: usize,
    pub(super) failed: Option<Errno>,
}

/// A place for a connection.
pub(super) struct Slot {
    pub(super) group: usize,
    pub(super) link: Option<Link>,
}

impl Offer {
    /// Makes all connections of the plan.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for a plan outside its bounds, [`LoadError::Connect`] and [`LoadError::ConnectDeadline`]
    /// when a connection cannot be made, [`LoadError::System`] when the machine does not let us. A server that accepts
    /// and then hangs up is no error: it is in the [`Outcome`].
    pub fn connect(plan: Plan) -> Result<Self, LoadError> {
        plan.check()?;
        let dice = Dice::new(plan.seed).fork("offer");
        let (mut slots, mut runs) = (Vec::new(), Vec::new());
        for (at, group) in plan.groups.iter().enumerate() {
            let first = slots.len();
            slots.extend((0..group.connections).map(|_| Slot { group: at, link: None }));
            runs.push(Run::new(group, first..slots.len(), plan.interval.is_some(), &dice)?);
        }
        let shortest = plan.groups.iter().map(|group| group.deadline).min().unwrap_or(Duration::MAX);
        let sweep_ns = nanoseconds(plan.reconnect.unwrap_or(Duration::MAX).min(shortest / 16));
        let mut offer = Offer {
            poller: Poller::new()?,
            dialer: Dialer::to(plan.server, nanoseconds(plan.connect_deadline)),
            slots,
            runs,
            came: vec![0; READ_BUFFER_BYTES],
            leaves: Vec::new(),
            ready: Vec::new(),
            dealt: Vec::new(),
            epoch: Instant::now(),
            pushing: false,
            counts_since_ns: None,
            pushed_to_ns: 0,
            counts_to_ns: 0,
            elapsed_ns: 0,
            answered_ns: 0,
            next_mark_ns: plan.interval.map_or(u64::MAX, nanoseconds),
            next_sweep_ns: 0,
            sweep_ns: sweep_ns.clamp(SWEEP_NS_MIN, SWEEP_NS_MAX),
            begun: 0,
            arrived: 0,
            failed: None,
            plan,
        };
        offer.connect_all()?;
        Ok(offer)
    }

    /// Offers for so long, and then waits for what is in flight.
    ///
    /// # Errors
    /// [`LoadError::System`]; what the server does is in the [`Outcome`].
    pub fn run_for(&mut self, time: Duration) -> Result<(), LoadError> {
        self.push_for(time)?;
        self.drain()
    }

    /// Offers for so long, and leaves in flight what is in flight.
    ///
    /// The next push goes on with the timetable as if there had been no pause: what came due meanwhile leaves at once,
    /// and is charged from when it was due. Only a [`drain`](Offer::drain) makes the timetable rest.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn push_for(&mut self, time: Duration) -> Result<(), LoadError> {
        let begin_ns = self.now_ns();
        let end_ns = begin_ns.saturating_add(nanoseconds(time));
        let since_ns = *self.counts_since_ns.get_or_insert(begin_ns);
        self.pushing = true;
        for run in &mut self.runs {
            run.timetable.iter_mut().for_each(|timetable| timetable.go_on(begin_ns));
            run.hungry.extend(0..run.slots.len() as u32);
        }
        self.feed();
        let outcome = self.turn_until(since_ns, end_ns);
        self.pushing = false;
        self.pushed_to_ns = end_ns;
        self.counts_to_ns = self.now_ns();
        outcome
    }

    fn turn_until(&mut self, since_ns: u64, end_ns: u64) -> Result<(), LoadError> {
        loop {
            let now_ns = self.now_ns();
            let counted_ns = self.elapsed_ns + (now_ns - since_ns);
            while counted_ns >= self.next_mark_ns {
                self.mark(self.next_mark_ns);
            }
            if now_ns >= end_ns {
                // What was due before the end leaves, however late this thread is: left out, it would be omitted.
                self.deal_due(end_ns.saturating_sub(1));
                return Ok(());
            }
            let mark_ns = self.next_mark_ns.saturating_sub(counted_ns).saturating_add(now_ns);
            let due_ns = self.deal_due(now_ns);
            self.turn(end_ns.min(mark_ns), due_ns)?;
        }
    }

    /// Writes down a point of the series.
    fn mark(&mut self, at_ns: u64) {
        self.runs.iter_mut().for_each(|run| run.tally.mark(at_ns as f64 / 1e9));
        self.next_mark_ns = at_ns.saturating_add(self.plan.interval.map_or(u64::MAX, nanoseconds));
    }

    /// Waits until every request is settled; none is due meanwhile. Retries leave for as long as the longest deadline.
    /// What still waits for its next attempt then has failed, so that this ends after two deadlines at most.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn drain(&mut self) -> Result<(), LoadError> {
        let longest = self.plan.groups.iter().map(|group| group.deadline).max().unwrap_or_default();
        let close_ns = self.now_ns().saturating_add(nanoseconds(longest));
        let rests_ns = self.pushed_to_ns;
        for timetable in self.runs.iter_mut().filter_map(|run| run.timetable.as_mut()) {
            timetable.rest(rests_ns);
        }
        while self.runs.iter().any(|run| run.open > 0) {
            let now_ns = self.now_ns();
            if now_ns >= close_ns {
                self.runs.iter_mut().for_each(Run::close);
            }
            let due_ns = self.deal_due(now_ns);
            self.turn(close_ns.max(now_ns + self.sweep_ns), due_ns)?;
        }
        self.runs.iter_mut().for_each(Run::reopen);
        if let Some(since_ns) = self.counts_since_ns.take() {
            // Up to the last answer: waiting for what never comes is no time in which anything was served.
            self.elapsed_ns += self.counts_to_ns.max(self.answered_ns).saturating_sub(since_ns);
        }
        Ok(())
    }

    /// Forgets what was counted. Connections, what is in flight on them, and the timetable stay.
    pub fn reset(&mut self) {
        self.elapsed_ns = 0;
        self.counts_to_ns = self.now_ns();
        self.counts_since_ns = self.counts_since_ns.map(|_| self.counts_to_ns);
        self.next_mark_ns = self.plan.interval.map_or(u64::MAX, nanoseconds);
        self.runs.iter_mut().for_each(|run| run.tally.reset(run.open));
    }

    /// What was counted since the beginning or the last [`Offer::reset`].
    pub fn outcome(&self) -> Outcome {
        let stretch_ns = self.counts_since_ns.map_or(0, |since_ns| self.counts_to_ns - since_ns);
        let elapsed = Duration::from_nanos(self.elapsed_ns + stretch_ns);
        let groups = self.runs.iter().map(|run| {
            let standing = self.slots[run.slots.clone()].iter().filter(|slot| slot.link.is_some()).count();
            run.tally.outcome(&run.group.name, standing, run.open, elapsed)
        });
        Outcome { groups: groups.collect() }
    }

    /// Connections that stand, of all groups.
    pub fn standing(&self) -> usize {
        self.slots.iter().filter(|slot| slot.link.is_some()).count()
    }

    /// Whom it asks.
    pub fn server(&self) -> SocketAddr {
        self.plan.server
    }

    pub(super) fn now_ns(&self) -> u64 {
        nanoseconds(self.epoch.elapsed())
    }
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
