//! The state that the whole loop shares: how loaded the server is, who holds how much of it, and what was done about it.
//!
//! One thread has it. Requests ask it before they go into the queue, connections before they are let in; whoever holds it
//! looks at the signals at most once in a turn, and only when there is something to decide.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use framing::CloseReason;
use logger::{Coded, ErrorCode};

use crate::admission::{Admission, Importance, OVERLOAD_REFUSED, decide};
use crate::age::AgeWatch;
use crate::budget::Split;
use crate::change_log::ChangeLog;
use crate::ladder::{Change, Ladder, Step};
use crate::memory::Resident;
use crate::policy::Policy;
use crate::quota::{OverQuota, QuotaTable, Quotas};
use crate::signals::{Signal, Signals};
use crate::tally::Tally;

/// How much of the ladder is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// All of it
    On,
    /// None of it, and no deadline is looked at: the service without this week
    Off,
    /// All of it, but the age of the queue is not looked at
    DepthOnly,
}

/// What the queue says about itself at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueLoad {
    /// Tasks that wait.
    pub waiting: usize,
    /// Since when the oldest of them does.
    pub oldest: Option<Instant>,
}

/// Why a request did not go into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnedAway {
    /// What the client is told.
    pub code: &'static ErrorCode,
    /// When it may come back.
    pub retry_after: Duration,
}

/// How the state is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How much of the ladder is used.
    pub mode: Mode,
    /// Its thresholds.
    pub policy: Policy,
    /// What one source may hold.
    pub quotas: Quotas,
    /// Threads that work off the queue.
    pub workers: usize,
    /// How often the counts are put on record; none but at the end otherwise.
    pub metrics_every: Option<Duration>,
}

/// The state; see the module.
pub struct Overload {
    mode: Mode,
    ladder: Ladder,
    ages: AgeWatch,
    memory: Resident,
    queue: Box<dyn Fn() -> QueueLoad>,
    workers: usize,
    quotas: QuotaTable,
    /// Answers behind their buckets, of all clients together.
    pub throttled_bytes: usize,
    /// Answers that wait for sockets, of all clients together.
    pub outbound_bytes: usize,
    /// What was done so far. The time in the present step is added when it ends.
    pub tally: Tally,
    looked: Option<Instant>,
    /// What was seen then, and the tasks that wait since then as far as this thread knows.
    signals: Signals,
    waiting: usize,
    /// What a task takes, as of late.
    typical: Duration,
    step_since: Instant,
    changes: ChangeLog,
    metrics: Option<(Duration, Instant)>,
}

/// Whoever is on the loop's thread shares it.
pub type Shared = Rc<RefCell<Overload>>;

impl Overload {
    /// The state of a server with no load, whose queue is asked through `queue`.
    pub fn new(settings: Settings, queue: impl Fn() -> QueueLoad + 'static, now: Instant) -> Self {
        let Settings { mode, policy, quotas, workers, metrics_every } = settings;
        Overload {
            mode,
            ages: AgeWatch::new(policy.interval()),
            ladder: Ladder::new(policy, now),
            memory: Resident::default(),
            queue: Box::new(queue),
            workers,
            quotas: QuotaTable::new(quotas),
            throttled_bytes: 0,
            outbound_bytes: 0,
            tally: Tally::default(),
            looked: None,
            signals: Signals::default(),
            waiting: 0,
            typical: Duration::ZERO,
            step_since: now,
            changes: ChangeLog::default(),
            metrics: metrics_every.map(|every| (every, now + every)),
        }
    }

    /// The same, for everybody on this thread.
    pub fn shared(self) -> Shared {
        Rc::new(RefCell::new(self))
    }

    /// Where the ladder stands.
    pub fn step(&self) -> Step {
        self.ladder.step()
    }

    /// True where deadlines are looked at.
    pub fn keeps_deadlines(&self) -> bool {
        self.mode != Mode::Off
    }

    /// How a request's time is divided.
    pub fn split(&self) -> Split {
        self.ladder.policy().split()
    }

    /// The pause that the ladder asks for now; none in its lowest step.
    pub fn retry_after(&self, now: Instant) -> Duration {
        self.ladder.retry_after(now)
    }

    /// Looks at the signals, once for each moment: a turn of the loop has one moment.
    pub fn look(&mut self, now: Instant) {
        if self.mode == Mode::Off || self.looked == Some(now) {
            return;
        }
        self.looked = Some(now);
        let queue = (self.queue)();
        match queue.oldest {
            Some(since) => self.ages.observe(now.saturating_duration_since(since), now),
            None => self.ages.idle(),
        }
        self.waiting = queue.waiting;
        self.signals = Signals {
            age: if self.mode == Mode::On { self.ages.standing(now) } else { Duration::ZERO },
            depth_tasks_per_worker: Signals::tasks_per_worker(queue.waiting, self.workers),
            memory_bytes: self.memory.bytes(now),
            egress_bytes: (self.throttled_bytes + self.outbound_bytes) as u64,
        };
        self.climb(now);
    }

    /// A request went into the queue. Between two looks the depth follows what is put in: one read can bring hundreds of
    /// requests, and the last of them is judged by what the first ones made of the queue.
    pub fn accepted(&mut self, now: Instant) {
        self.tally.accepted += 1;
        if self.mode != Mode::Off {
            self.waiting += 1;
            self.signals.depth_tasks_per_worker = Signals::tasks_per_worker(self.waiting, self.workers);
            self.climb(now);
        }
    }

    fn climb(&mut self, now: Instant) {
        if let Some(change) = self.ladder.observe(&self.signals, now) {
            self.note(change, now);
        }
    }

    fn note(&mut self, change: Change, now: Instant) {
        self.tally.changes += 1;
        self.tally.in_step[change.from as usize] += now.saturating_duration_since(self.step_since);
        self.step_since = now;
        if let Some(line) = self.changes.note(change, now) {
            line.log();
        }
    }

    // ANCHOR: admit
    /// Whether a request goes into the queue. First its source's quota, so that a greedy one does not even ask the ladder;
    /// then the ladder. Whoever is turned away holds nothing.
    ///
    /// # Errors
    /// [`TurnedAway`], with what the client is told.
    pub fn admit(&mut self, source: IpAddr, importance: Importance, now: Instant) -> Result<(), TurnedAway> {
        // lab:hole backpressure.order-of-checks
        if let Err(over) = self.quotas.begin(source) {
            self.tally.over_quota += 1;
            return Err(TurnedAway { code: over.code(), retry_after: self.pause(now) });
        }
        let has_room = self.has_room();
        let admission = decide(self.ladder.step(), importance, has_room, self.ladder.retry_after(now));
        let retry_after = match admission {
            Admission::Accept => return Ok(()),
            Admission::Shed { retry_after } => {
                self.tally.shed += 1;
                retry_after
            }
            Admission::Reject { retry_after } => {
                self.tally.rejected += 1;
                // Who is turned away from a short queue is optional, and no reason to stay up here.
                if !has_room {
                    self.ladder.turned_away();
                }
                retry_after
            }
        };
        self.quotas.end(source);
        Err(TurnedAway { code: admission.code().unwrap_or(&crate::catalog::OVERLOAD_REJECTED), retry_after })
        // lab:stub todo!("backpressure.order-of-checks: quota, then ladder; count each refusal, and give back what was counted")
        // lab:end
    }
    // ANCHOR_END: admit

    // ANCHOR: room
    /// True while the queue is short: what waits will be worked off within the time at which anything is shed at all, and it
    /// is not so much that connections would be refused. A
    /// task is expected to take what tasks took of late; while that is not known, or time is not to be looked at, a short
    /// queue is one below the depth at which anything is shed. Memory and egress do not get better by working more off, so
    /// where one of them asks for `reject`, there is no room however short the queue is.
    fn has_room(&self) -> bool {
        let full = |signal: Signal| {
            let band = self.ladder.policy().band(Step::Reject, signal);
            band.is_some_and(|band| self.signals.measured(signal) >= u64::from(band.leave) * signal.scale())
        };
        if full(Signal::Memory) || full(Signal::Egress) {
            return false;
        }
        let enter =
            |signal| self.ladder.policy().band(Step::Shed, signal).map_or(u32::MAX, |band| band.enter);
        if self.mode == Mode::On && !self.typical.is_zero() {
            let each = self.typical / u32::try_from(self.workers.max(1)).unwrap_or(u32::MAX);
            let waiting = u32::try_from(self.waiting).unwrap_or(u32::MAX);
            let refused =
                self.ladder.policy().band(Step::Refuse, Signal::Depth).map_or(u32::MAX, |band| band.enter);
            each.saturating_mul(waiting) < Duration::from_millis(u64::from(enter(Signal::Age)))
                && Signals::tasks_per_worker(self.waiting, self.workers) < refused
        } else {
            Signals::tasks_per_worker(self.waiting, self.workers) < enter(Signal::Depth)
        }
    }
    // ANCHOR_END: room

    /// The queue did not take a request that was admitted: it is turned away after all.
    pub fn turned_away(&mut self, source: IpAddr, code: &'static ErrorCode, now: Instant) -> TurnedAway {
        self.quotas.end(source);
        self.tally.pool_full += 1;
        TurnedAway { code, retry_after: self.pause(now) }
    }

    /// A request that went into the queue has ended, after so long a wait in it and so long a run.
    pub fn ended(&mut self, source: IpAddr, waited: Duration, ran: Duration, now: Instant) {
        self.quotas.end(source);
        // One in eight parts, so that some ten tasks later the number is that of today.
        self.typical = if self.typical.is_zero() { ran } else { (self.typical * 7 + ran) / 8 };
        self.ages.observe(waited, now);
    }

    /// Whether a connection is let in; it is counted then.
    ///
    /// # Errors
    /// Why not.
    pub fn connect(&mut self, source: IpAddr, now: Instant) -> Result<(), CloseReason> {
        self.look(now);
        let refused = if self.step().takes_connections() {
            self.quotas.connect(source).err().and_then(OverQuota::closes)
        } else {
            Some(CloseReason::Rule(&OVERLOAD_REFUSED))
        };
        match refused {
            None => Ok(()),
            Some(reason) => {
                self.tally.refused_connections += 1;
                Err(reason)
            }
        }
    }

    /// A connection that was counted has ended, or did not come about.
    pub fn disconnect(&mut self, source: IpAddr) {
        self.quotas.disconnect(source);
    }

    /// The pause that a refusal asks for which the ladder did not bring about: its own, and at least that of its first step.
    pub fn pause(&self, now: Instant) -> Duration {
        match self.mode {
            Mode::Off => Duration::ZERO,
            _ => self.ladder.retry_after(now).max(self.ladder.policy().retry_after(Step::Shed)),
        }
    }

    /// When somebody should call [`Overload::wake`], whatever comes. None while there is nothing to decide: an idle server
    /// sleeps.
    pub fn wake_at(&self) -> Option<Instant> {
        let metrics = self.metrics.map(|(_, due)| due);
        [self.ladder.wake_at(), self.changes.wake_at(), metrics].into_iter().flatten().min()
    }

    /// That time has come, or something has ended: looks at the signals, and puts on record what is due.
    pub fn wake(&mut self, now: Instant) {
        self.look(now);
        self.changes.due(now).for_each(|line| line.log());
        if let Some((every, due)) = &mut self.metrics
            && *due <= now
        {
            *due = now + *every;
            self.tally_at(now).log();
        }
    }

    /// The counts, with the time in the present step up to now.
    pub fn tally_at(&self, now: Instant) -> Tally {
        let mut tally = self.tally.clone();
        tally.in_step[self.step() as usize] += now.saturating_duration_since(self.step_since);
        tally
    }
}

#[cfg(test)]
#[path = "overload_tests.rs"]
mod tests;
