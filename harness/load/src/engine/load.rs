//! Standing connections, and the loop that pulls at them.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use faults::seed::Dice;
use rustix::event::epoll::{self, CreateFlags, Event, EventFlags};
use rustix::io::Errno;

use super::run::Run;
use super::schedule::Schedule;
use super::slot::{Slot, State};
use super::tally::Tally;
use crate::plan::{Plan, Role};
use crate::wire::Wire;
use crate::{LoadError, Outcome};

/// The one read buffer. 16 replies of 4 KiB come in one read.
const READ_BUFFER_BYTES: usize = 256 << 10;
/// Events taken from the kernel at once.
const EVENTS_MAX: usize = 1024;
/// Deadlines are looked at at least this often: four times within the shortest of them, and once within the pause before
/// a connection is made again.
const SWEEP_NS_MAX: u64 = 50_000_000;
/// And at most this often.
const SWEEP_NS_MIN: u64 = 1_000_000;

/// Connections of a plan that stand, and can be pulled at again and again.
///
/// ```no_run
/// # use load::{Dialect, Group, Load, Plan};
/// # use std::time::Duration;
/// # fn main() -> Result<(), load::LoadError> {
/// let server = ([127, 0, 0, 1], 7000).into();
/// let mut load = Load::connect(Plan::to(server, Dialect::Frames).group(Group::closed("all", 50, 16, 64)))?;
/// load.run_for(Duration::from_millis(100))?; // warm-up
/// load.reset();
/// for _ in 0..10 {
///     load.run_for(Duration::from_millis(50))?; // other contestants may have their turn in between
/// }
/// println!("{:.0} requests/s", load.outcome().groups[0].throughput());
/// # Ok(())
/// # }
/// ```
pub struct Load {
    pub(super) plan: Plan,
    pub(super) epoll: OwnedFd,
    pub(super) slots: Vec<Slot>,
    pub(super) runs: Vec<Run>,
    pub(super) buffer: Vec<u8>,
    pub(super) events: Vec<Event>,
    /// Events of those who wait their turn.
    pub(super) later: Vec<(usize, EventFlags)>,
    /// Places that an open loop has just given a request.
    pub(super) dealt: Vec<usize>,
    pub(super) epoch: Instant,
    /// Requests leave.
    pub(super) pushing: bool,
    /// Time that counts, without the present push.
    pub(super) elapsed_ns: u64,
    pub(super) next_sweep_ns: u64,
    pub(super) sweep_ns: u64,
    /// The next point of the series, counted like `elapsed_ns`.
    pub(super) next_mark_ns: u64,
    /// Connections on their way.
    pub(super) connecting: usize,
    /// Connections begun so far, for sequence numbers.
    pub(super) begun: u64,
    /// The first failure of a connection while all of them have to stand.
    pub(super) failed: Option<Errno>,
}

impl Load {
    /// Makes all connections of the plan.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for a plan outside its bounds, [`LoadError::Connect`] and [`LoadError::ConnectDeadline`] when
    /// a connection fails, [`LoadError::System`] when the machine does not let us.
    pub fn connect(plan: Plan) -> Result<Self, LoadError> {
        plan.check()?;
        let dice = Dice::new(plan.seed);
        let (mut slots, mut runs) = (Vec::new(), Vec::new());
        for (at, group) in plan.groups.iter().enumerate() {
            let first = slots.len();
            slots.extend((0..group.connections).map(|_| Slot {
                group: at,
                wanted_ns: None,
                state: State::Empty { due_ns: 0 },
            }));
            runs.push(Run {
                wire: Wire::new(plan.dialect, group.payload_bytes, dice.fork(&group.name)),
                tally: Tally::new(plan.interval.is_some())?,
                slots: first..slots.len(),
                awaited: 0,
                last_reply_ns: 0,
                schedule: Schedule::of(group.pace).filter(|_| group.role != Role::Greedy),
                turn: 0,
                group: group.clone(),
            });
        }
        let deadline = plan.request_deadline.min(plan.connect_deadline);
        let pause = plan.reconnect.unwrap_or(Duration::MAX);
        let sweep_ns = nanoseconds(pause.min(deadline / 4)).clamp(SWEEP_NS_MIN, SWEEP_NS_MAX);
        let mut load = Load {
            epoll: epoll::create(CreateFlags::CLOEXEC)
                .map_err(|e| LoadError::system("making an epoll", e))?,
            slots,
            runs,
            buffer: vec![0; READ_BUFFER_BYTES],
            events: Vec::with_capacity(EVENTS_MAX),
            later: Vec::new(),
            dealt: Vec::new(),
            epoch: Instant::now(),
            pushing: false,
            elapsed_ns: 0,
            next_sweep_ns: 0,
            sweep_ns,
            next_mark_ns: plan.interval.map_or(u64::MAX, nanoseconds),
            connecting: 0,
            begun: 0,
            failed: None,
            plan,
        };
        load.connect_all()?;
        Ok(load)
    }

    /// Pulls for so long, and then waits for the replies to what is in flight.
    ///
    /// # Errors
    /// [`LoadError::System`]; what the server does is in the [`Outcome`].
    pub fn run_for(&mut self, time: Duration) -> Result<(), LoadError> {
        self.push_for(time)?;
        self.drain()
    }

    /// Pulls for so long, and leaves in flight what is in flight: something may be done to the server now, and it goes on
    /// with the next push. The time until then is not counted.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn push_for(&mut self, time: Duration) -> Result<(), LoadError> {
        let begin_ns = self.now_ns();
        let end_ns = begin_ns.saturating_add(nanoseconds(time));
        self.pushing = true;
        for run in &mut self.runs {
            if let Some(schedule) = &mut run.schedule {
                schedule.begin(begin_ns);
            }
        }
        for at in 0..self.slots.len() {
            let now_ns = self.now_ns();
            self.press(at, now_ns);
        }
        let outcome = self.turn_until(begin_ns, end_ns);
        self.pushing = false;
        self.elapsed_ns += self.now_ns() - begin_ns;
        outcome
    }

    fn turn_until(&mut self, begin_ns: u64, end_ns: u64) -> Result<(), LoadError> {
        loop {
            let now_ns = self.now_ns();
            let counted_ns = self.elapsed_ns + (now_ns - begin_ns);
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
        for run in &mut self.runs {
            run.tally.mark(at_ns as f64 / 1e9);
        }
        self.next_mark_ns = at_ns.saturating_add(self.plan.interval.map_or(u64::MAX, nanoseconds));
    }

    /// Waits for the replies to what is in flight; requests do not leave. Ends by the request deadline.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn drain(&mut self) -> Result<(), LoadError> {
        let begin_ns = self.now_ns();
        while self.runs.iter().any(|run| run.awaited > 0) {
            self.turn(u64::MAX, u64::MAX)?;
        }
        // Up to the last reply: waiting for the deadline of a lost request is no time in which anything was served.
        let last_ns = self.runs.iter().map(|run| run.last_reply_ns).max().unwrap_or(0);
        self.elapsed_ns += last_ns.saturating_sub(begin_ns);
        Ok(())
    }

    /// Forgets what was counted. Connections, and what is in flight on them, stay.
    pub fn reset(&mut self) {
        self.elapsed_ns = 0;
        self.next_mark_ns = self.plan.interval.map_or(u64::MAX, nanoseconds);
        self.runs.iter_mut().for_each(|run| run.tally.reset());
    }

    /// What was counted since the beginning or the last [`Load::reset`].
    pub fn outcome(&self) -> Outcome {
        let elapsed = Duration::from_nanos(self.elapsed_ns);
        let groups = self.runs.iter().map(|run| {
            let standing = self.slots[run.slots.clone()].iter();
            let (connections, in_flight) = standing.fold((0, 0), |(n, sum), slot| match &slot.state {
                State::Standing { link, .. } => (n + 1, sum + link.in_flight()),
                _ => (n, sum),
            });
            run.tally.outcome(&run.group.name, connections, in_flight, elapsed)
        });
        Outcome { groups: groups.collect() }
    }

    /// Connections that stand, of all groups.
    pub fn standing(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot.state, State::Standing { .. })).count()
    }

    /// Whom it pulls at.
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
