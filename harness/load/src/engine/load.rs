//! Standing connections, and the loop that pulls at them.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use faults::seed::Dice;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::link::{Link, ending_of};
use super::run::{Run, Schedule};
use super::slot::{Slot, State};
use super::tally::Tally;
use crate::plan::{Plan, Role};
use crate::wire::Wire;
use crate::{ErrorClass, LoadError, Outcome, socket};

/// The one read buffer. 16 replies of 4 KiB come in one read.
const READ_BUFFER_BYTES: usize = 256 << 10;
/// Events taken from the kernel at once.
const EVENTS_MAX: usize = 1024;
/// Connections begun and not standing yet: fewer than the shortest accept queue that is in use (128).
const CONNECTING_MAX: usize = 64;
/// Deadlines are looked at at least this often: four times within the shortest of them, and once within the pause before
/// a connection is made again.
const SWEEP_NS_MAX: u64 = 50_000_000;
/// And at most this often.
const SWEEP_NS_MIN: u64 = 1_000_000;
/// A request of an open loop that is due sooner is awaited by looking at the clock: the kernel would wake us later.
const SPIN_NS: u64 = 100_000;
/// Requests that one connection may ever ask: what separates the sequence numbers of two.
const SEQUENCE_BITS: u32 = 40;

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
    plan: Plan,
    epoll: OwnedFd,
    slots: Vec<Slot>,
    runs: Vec<Run>,
    buffer: Vec<u8>,
    events: Vec<Event>,
    /// Events of those who wait their turn.
    later: Vec<(usize, EventFlags)>,
    epoch: Instant,
    /// Requests leave.
    pushing: bool,
    /// Time that counts, without the present push.
    elapsed_ns: u64,
    next_sweep_ns: u64,
    sweep_ns: u64,
    /// The next point of the series, counted like `elapsed_ns`.
    next_mark_ns: u64,
    /// Connections on their way.
    connecting: usize,
    /// Connections begun so far, for sequence numbers.
    begun: u64,
    /// The first failure of a connection while all of them have to stand.
    failed: Option<Errno>,
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
            slots.extend(
                (0..group.connections).map(|_| Slot { group: at, state: State::Empty { due_ns: 0 } }),
            );
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

    fn connect_all(&mut self) -> Result<(), LoadError> {
        let (wanted, server) = (self.slots.len(), self.plan.server);
        loop {
            self.begin_due()?;
            let made = self.standing();
            if let Some(error) = self.failed.take() {
                let source = std::io::Error::from(error);
                return Err(match error {
                    Errno::TIMEDOUT => LoadError::ConnectDeadline {
                        server,
                        made,
                        wanted,
                        waited: self.plan.connect_deadline,
                    },
                    _ => LoadError::Connect { server, made, wanted, source },
                });
            }
            if made == wanted {
                return Ok(());
            }
            self.turn(u64::MAX, u64::MAX)?;
        }
    }

    /// Begins connections that are due, as many as may be on their way at once.
    fn begin_due(&mut self) -> Result<(), LoadError> {
        let now_ns = self.now_ns();
        for at in 0..self.slots.len() {
            if self.connecting >= CONNECTING_MAX {
                break;
            }
            if matches!(self.slots[at].state, State::Empty { due_ns } if due_ns <= now_ns) {
                self.begin(at, now_ns)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, at: usize, now_ns: u64) -> Result<(), LoadError> {
        let run = &self.runs[self.slots[at].group];
        let begun = match socket::begin(self.plan.server, None, run.group.receive_buffer_bytes) {
            Ok(begun) => begun,
            Err(error) => return self.not_connected(at, error),
        };
        let flags = if begun.stands { run.interest() } else { EventFlags::OUT };
        epoll::add(&self.epoll, &begun.socket, EventData::new_u64(at as u64), flags)
            .map_err(|e| LoadError::system("watching a connection", e))?;
        if begun.stands {
            self.stand(at, begun.socket, flags, now_ns);
        } else {
            self.slots[at].state = State::Connecting { socket: begun.socket, since_ns: now_ns };
            self.connecting += 1;
        }
        Ok(())
    }

    fn stand(&mut self, at: usize, socket: OwnedFd, flags: EventFlags, now_ns: u64) {
        let mut link = Link::new(socket, self.begun << SEQUENCE_BITS, flags);
        self.begun += 1;
        let run = &self.runs[self.slots[at].group];
        if matches!(&run.group.role, Role::SlowReader { opening: Some(_), .. }) {
            link.fall_mute();
        }
        self.slots[at].state = State::Standing { link, since_ns: now_ns };
        if self.pushing {
            self.press(at, now_ns);
        }
    }

    /// A connection could not be made: later again where the plan wants it, else never.
    fn not_connected(&mut self, at: usize, error: Errno) -> Result<(), LoadError> {
        if matches!(error, Errno::MFILE | Errno::NFILE) {
            return Err(LoadError::system("opening one more connection (see `ulimit -n`)", error));
        }
        let class = match ending_of(error) {
            ErrorClass::ConnectRefused => ErrorClass::ConnectRefused,
            _ => ErrorClass::ConnectFailed,
        };
        self.runs[self.slots[at].group].tally.ended(class, 0);
        self.failed = self.failed.or(Some(error));
        self.slots[at].state = self.empty();
        Ok(())
    }

    /// What comes after a connection.
    fn empty(&self) -> State {
        match self.plan.reconnect {
            Some(pause) => State::Empty { due_ns: self.now_ns().saturating_add(nanoseconds(pause)) },
            None => State::OVER,
        }
    }

    fn end(&mut self, at: usize, class: ErrorClass) {
        let empty = self.empty();
        if let State::Standing { link, .. } = std::mem::replace(&mut self.slots[at].state, empty) {
            self.runs[self.slots[at].group].bury(&link, class);
        }
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

    /// Gives the requests of open loops that are due to their connections; returns when the next one is.
    fn deal_due(&mut self, now_ns: u64) -> u64 {
        let mut next_ns = u64::MAX;
        for group in 0..self.runs.len() {
            // As many as were due when this began; those that become due meanwhile are for the next turn.
            while let Some(due_ns) = self.runs[group].schedule.as_ref().map(Schedule::due_ns) {
                if due_ns > now_ns {
                    next_ns = next_ns.min(due_ns);
                    break;
                }
                self.deal(group, due_ns);
            }
            if self.runs[group].schedule.is_some() {
                for at in self.runs[group].slots.clone() {
                    let wire = &self.runs[group].wire;
                    if matches!(&self.slots[at].state, State::Standing { link, .. } if link.wants_write(wire))
                    {
                        self.press(at, now_ns);
                    }
                }
            }
        }
        next_ns
    }

    fn deal(&mut self, group: usize, due_ns: u64) {
        let run = &mut self.runs[group];
        if let Some(schedule) = &mut run.schedule {
            schedule.deal();
        }
        let places = run.slots.len();
        let link = (0..places).find_map(|step| {
            let at = run.slots.start + (run.turn + step) % places;
            matches!(self.slots[at].state, State::Standing { .. })
                .then_some((at, (run.turn + step + 1) % places))
        });
        let link = link.and_then(|(at, turn)| {
            run.turn = turn;
            match &mut self.slots[at].state {
                State::Standing { link, .. } => Some(link),
                _ => None,
            }
        });
        run.deal(link, due_ns);
    }

    /// Waits until something happens, at most until then or until a request is due, and does it.
    fn turn(&mut self, until_ns: u64, due_ns: u64) -> Result<(), LoadError> {
        self.wait(until_ns.min(self.next_sweep_ns), due_ns)?;
        let events = std::mem::take(&mut self.events);
        for event in &events {
            let (at, flags) = (event.data.u64() as usize, event.flags);
            if self.runs[self.slots[at].group].waits_its_turn() {
                self.later.push((at, flags));
            } else {
                self.serve(at, flags)?;
            }
        }
        self.events = events;
        while let Some((at, flags)) = self.later.pop() {
            self.serve(at, flags)?;
        }
        let now_ns = self.now_ns();
        if now_ns >= self.next_sweep_ns {
            self.sweep(now_ns)?;
        }
        Ok(())
    }

    /// Waits for events: until `due_ns` to the microsecond, or until `until_ns` to the millisecond.
    fn wait(&mut self, until_ns: u64, due_ns: u64) -> Result<(), LoadError> {
        let now_ns = self.now_ns();
        let left_ns = until_ns.saturating_sub(now_ns);
        let due_in_ns = due_ns.saturating_sub(now_ns);
        if due_in_ns >= left_ns {
            return self.take_events(left_ns.div_ceil(1_000_000));
        }
        if due_in_ns > SPIN_NS {
            // Epoll's own timeout is in milliseconds; `poll` on the epoll descriptor waits to the nanosecond.
            let wait_ns = due_in_ns - SPIN_NS / 2;
            let (tv_sec, tv_nsec) = ((wait_ns / 1_000_000_000) as i64, (wait_ns % 1_000_000_000) as i64);
            let mut on = [PollFd::new(&self.epoll, PollFlags::IN)];
            match rustix::event::poll(&mut on, Some(&Timespec { tv_sec, tv_nsec })) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(LoadError::system("waiting for connections", error)),
            }
        }
        self.take_events(0)
    }

    fn take_events(&mut self, ms: u64) -> Result<(), LoadError> {
        self.events.clear();
        let timeout = Timespec { tv_sec: (ms / 1000) as i64, tv_nsec: (ms % 1000 * 1_000_000) as i64 };
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(LoadError::system("waiting for connections", error)),
        }
    }

    /// One connection's turn: one read, one write.
    fn serve(&mut self, at: usize, flags: EventFlags) -> Result<(), LoadError> {
        let Slot { group, state } = &mut self.slots[at];
        let run = &mut self.runs[*group];
        match state {
            State::Empty { .. } => Ok(()),
            State::Connecting { .. } => self.connected(at),
            State::Standing { link, .. } => {
                let epoch = self.epoch;
                let clock = || nanoseconds(epoch.elapsed());
                let over = EventFlags::HUP | EventFlags::ERR | EventFlags::RDHUP;
                let outcome = if link.mute {
                    if flags.intersects(over) {
                        // What it was told stays unread; how it ended is known from the socket.
                        match socket::outcome(&link.socket) {
                            Err(error) => Err(ending_of(error)),
                            Ok(()) => Err(ErrorClass::Closed),
                        }
                    } else {
                        Ok(clock())
                    }
                } else {
                    run.read(link, &mut self.buffer, clock)
                };
                match outcome {
                    Ok(now_ns) => self.press(at, now_ns),
                    Err(class) => self.end(at, class),
                }
                Ok(())
            }
        }
    }

    /// A connection that was on its way has arrived or failed.
    fn connected(&mut self, at: usize) -> Result<(), LoadError> {
        let State::Connecting { socket, since_ns } =
            std::mem::replace(&mut self.slots[at].state, State::OVER)
        else {
            return Ok(());
        };
        self.connecting -= 1;
        match socket::outcome(&socket) {
            Ok(()) => {
                let flags = self.runs[self.slots[at].group].interest();
                epoll::modify(&self.epoll, &socket, EventData::new_u64(at as u64), flags)
                    .map_err(|e| LoadError::system("watching a connection", e))?;
                self.stand(at, socket, flags, since_ns);
                Ok(())
            }
            Err(error) => self.not_connected(at, error),
        }
    }

    /// Lets requests leave and writes once; watches for room where the socket had too little.
    fn press(&mut self, at: usize, now_ns: u64) {
        let Slot { group, state } = &mut self.slots[at];
        let State::Standing { link, .. } = state else { return };
        let run = &mut self.runs[*group];
        if let Err(class) = run.press(link, now_ns, self.pushing) {
            return self.end(at, class);
        }
        let greedy = self.pushing && run.waits_its_turn() && link.opening_written == 0;
        let mut interest = if link.mute { EventFlags::RDHUP } else { EventFlags::IN | EventFlags::RDHUP };
        if greedy || link.wants_write(&run.wire) || run.opens(link) {
            interest |= EventFlags::OUT;
        }
        if interest != link.interest {
            link.interest = interest;
            if epoll::modify(&self.epoll, &link.socket, EventData::new_u64(at as u64), interest).is_err() {
                self.end(at, ErrorClass::Socket);
            }
        }
    }

    /// Looks at deadlines, at slow readers whose time has come, and at connections to be made again.
    fn sweep(&mut self, now_ns: u64) -> Result<(), LoadError> {
        self.next_sweep_ns = now_ns + self.sweep_ns;
        let (request_ns, connect_ns) =
            (nanoseconds(self.plan.request_deadline), nanoseconds(self.plan.connect_deadline));
        for at in 0..self.slots.len() {
            let run = &mut self.runs[self.slots[at].group];
            match &mut self.slots[at].state {
                State::Empty { .. } => {}
                State::Connecting { since_ns, .. } => {
                    if now_ns.saturating_sub(*since_ns) > connect_ns {
                        self.connecting -= 1;
                        self.not_connected(at, Errno::TIMEDOUT)?;
                    }
                }
                State::Standing { link, since_ns } => {
                    if let Role::SlowReader { after, .. } = run.group.role
                        && !link.mute
                        && now_ns.saturating_sub(*since_ns) >= nanoseconds(after)
                    {
                        run.mute(link);
                        self.press(at, now_ns);
                    } else if link.oldest_ns().is_some_and(|sent| now_ns.saturating_sub(sent) > request_ns) {
                        self.end(at, ErrorClass::TimedOut);
                    }
                }
            }
        }
        if self.plan.reconnect.is_some() { self.begin_due() } else { Ok(()) }
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

    fn now_ns(&self) -> u64 {
        nanoseconds(self.epoch.elapsed())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
