//! The crowd as a whole: who stands, and whose time comes next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use faults::seed::Dice;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use super::plan::{PIECE_BYTES_MAX, Plan};
use super::tally::{GroupTally, Tally};
use super::visitor::Visitor;
use crate::dial::Dialer;
use crate::poller::Poller;
use crate::{ErrorClass, LoadError};

/// Connections on their way are looked at so often.
const SWEEP_NS: u64 = 5_000_000;
/// Slow clients that stand, until it is dropped.
///
/// ```no_run
/// # use load::crowd::{Behaviour, Crowd, Group, Plan};
/// # use std::time::Duration;
/// # fn main() -> Result<(), load::LoadError> {
/// // A frame that announces 1000 bytes, and then a byte a second of it.
/// let says = [&1000_u32.to_be_bytes()[..], &[0; 1000]].concat();
/// let drip = Behaviour::SlowSender { says, piece_bytes: 1, every: Duration::from_secs(1) };
/// let plan = Plan::to(([127, 0, 0, 1], 7000).into()).group(Group::of("drip", 500, drip));
/// let mut crowd = Crowd::connect(plan)?;
/// crowd.run_for(Duration::from_secs(10))?;
/// println!("{} of 500 still stand; the server said {:?}", crowd.standing(), crowd.tally().groups[0].codes);
/// # Ok(())
/// # }
/// ```
pub struct Crowd {
    pub(super) plan: Plan,
    pub(super) poller: Poller,
    pub(super) dialer: Dialer,
    pub(super) places: Vec<Place>,
    pub(super) tallies: Vec<GroupTally>,
    /// Connections that were begun, of each group, and by all.
    pub(super) begun: Vec<u64>,
    pub(super) number: u64,
    /// When a visitor moves next: time, place, and which visitor of the place it is for.
    pub(super) timers: BinaryHeap<Reverse<(u64, usize, u64)>>,
    pub(super) dice: Dice,
    pub(super) buffer: Vec<u8>,
    ready: Vec<(usize, EventFlags)>,
    epoch: Instant,
    next_sweep_ns: u64,
    pub(super) arrived: usize,
    pub(super) failed: Option<Errno>,
}

/// A place for a visitor.
pub(super) struct Place {
    pub(super) group: usize,
    pub(super) visitor: Option<Visitor>,
}

impl Crowd {
    /// Makes all connections of the plan; those that stand begin to be slow at once.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for a plan outside its bounds, [`LoadError::Connect`] and [`LoadError::ConnectDeadline`]
    /// when a connection cannot be made, [`LoadError::System`] when the machine does not let us.
    pub fn connect(plan: Plan) -> Result<Self, LoadError> {
        plan.check()?;
        let places = plan.groups.iter().enumerate().flat_map(|(group, of)| {
            std::iter::repeat_with(move || Place { group, visitor: None }).take(of.connections)
        });
        let mut crowd = Crowd {
            poller: Poller::new()?,
            dialer: Dialer::to(plan.server, nanoseconds(plan.connect_deadline)),
            places: places.collect(),
            tallies: plan
                .groups
                .iter()
                .map(|group| GroupTally::new(&group.name))
                .collect::<Result<_, _>>()?,
            begun: vec![0; plan.groups.len()],
            number: 0,
            timers: BinaryHeap::new(),
            dice: Dice::new(plan.seed).fork("crowd"),
            buffer: vec![0; PIECE_BYTES_MAX],
            ready: Vec::new(),
            epoch: Instant::now(),
            next_sweep_ns: 0,
            arrived: 0,
            failed: None,
            plan,
        };
        crowd.connect_all()?;
        Ok(crowd)
    }

    /// Is slow for so long.
    ///
    /// # Errors
    /// [`LoadError::System`]; what the server does is in the [`Tally`].
    pub fn run_for(&mut self, time: Duration) -> Result<(), LoadError> {
        let end_ns = self.now_ns().saturating_add(nanoseconds(time));
        while self.now_ns() < end_ns {
            self.turn(end_ns)?;
        }
        Ok(())
    }

    /// Connections that stand, of all groups.
    pub fn standing(&self) -> usize {
        self.tallies.iter().map(|tally| tally.standing).sum()
    }

    /// What the server did so far.
    pub fn tally(&self) -> Tally {
        Tally { groups: self.tallies.clone() }
    }

    /// Waits until something happens, at most until then, and does it.
    pub(super) fn turn(&mut self, until_ns: u64) -> Result<(), LoadError> {
        let now_ns = self.now_ns();
        let timer_ns = self.timers.peek().map_or(u64::MAX, |Reverse((due_ns, ..))| *due_ns);
        let left_ns = until_ns.min(timer_ns).min(self.next_sweep_ns).saturating_sub(now_ns);
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.wait(left_ns, u64::MAX, &mut ready)?;
        for (at, flags) in ready.drain(..) {
            self.serve(at, flags)?;
        }
        self.ready = ready;
        let now_ns = self.now_ns();
        self.pieces(now_ns);
        if now_ns >= self.next_sweep_ns {
            self.next_sweep_ns = now_ns + SWEEP_NS;
            self.dialer.sweep(now_ns);
            self.dial(now_ns)?;
        }
        Ok(())
    }

    fn serve(&mut self, at: usize, flags: EventFlags) -> Result<(), LoadError> {
        if self.dialer.is_on_the_way(at) {
            self.dialer.ready(at, &self.poller)?;
            return self.arrivals();
        }
        let now_ns = self.now_ns();
        let Place { group, visitor: Some(visitor) } = &mut self.places[at] else { return Ok(()) };
        let outcome = visitor.ready(&self.plan.groups[*group].behaviour, flags, &mut self.buffer, now_ns);
        self.after(at, outcome, now_ns);
        Ok(())
    }

    /// Those whose time has come move.
    fn pieces(&mut self, now_ns: u64) {
        while let Some(Reverse((due_ns, at, number))) =
            self.timers.peek().copied().filter(|next| next.0.0 <= now_ns)
        {
            self.timers.pop();
            let Place { group, visitor: Some(visitor) } = &mut self.places[at] else { continue };
            if visitor.number != number {
                continue;
            }
            let behaviour = &self.plan.groups[*group].behaviour;
            let outcome = visitor.piece(behaviour, &mut self.buffer, now_ns);
            if let Some(pause) = visitor.pause(behaviour) {
                // Nobody makes up for lost time: who was held up is slow from now on.
                let next_ns = due_ns.saturating_add(nanoseconds(pause));
                let next_ns =
                    if next_ns > now_ns { next_ns } else { now_ns.saturating_add(nanoseconds(pause)) };
                self.timers.push(Reverse((next_ns, at, number)));
            }
            self.after(at, outcome, now_ns);
        }
    }

    /// A visitor has moved: it goes on, or it has come to its end.
    pub(super) fn after(&mut self, at: usize, outcome: Result<(), ErrorClass>, now_ns: u64) {
        let Place { group, visitor: Some(visitor) } = &mut self.places[at] else { return };
        let class = match outcome {
            Ok(()) => {
                let wanted = visitor.wanted(&self.plan.groups[*group].behaviour);
                if wanted == visitor.interest {
                    return;
                }
                visitor.interest = wanted;
                match self.poller.modify(&visitor.socket, at, wanted) {
                    Ok(()) => return,
                    Err(_) => ErrorClass::Socket,
                }
            }
            Err(class) => {
                // A socket that takes no more may still hold what the server said.
                visitor.last_words(&mut self.buffer);
                class
            }
        };
        let group = *group;
        if let Some(visitor) = self.places[at].visitor.take() {
            self.tallies[group].ended(visitor.seen(class, now_ns));
        }
        self.begin(at, now_ns);
    }

    pub(super) fn now_ns(&self) -> u64 {
        nanoseconds(self.epoch.elapsed())
    }
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
