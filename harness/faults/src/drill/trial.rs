//! One run of a drill, as the drill's closure sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use evidence::{Criterion, Fact, Measurement, Verdict};

use crate::FaultError;
use crate::process::{Launch, Leader, Process};
use crate::seed::Dice;

/// More events than this are counted, not kept: a timeline is read by people and committed with the record.
const EVENTS_MAX: usize = 200;

/// Whether a run breaks things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The same run without the fault.
    Control,
    /// The run with the fault.
    Experiment,
}

/// One run of a drill: what the closure asks, starts and reports.
///
/// It is shared with the runner, which reads it when the closure hangs; the closure only needs `&Trial`.
#[derive(Debug, Clone)]
pub struct Trial {
    role: Role,
    seed: u64,
    started: Instant,
    log: Arc<Mutex<Log>>,
}

/// What was reported so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) timeline: Vec<(u64, String)>,
    events_dropped: u64,
    pub(super) faults: u64,
    pub(super) steady: bool,
    /// Whether the steady state was reached when the first fault began; nothing before one did.
    pub(super) steady_before_fault: Option<bool>,
    /// Injections that began and did not come back.
    pub(super) injecting: u32,
    /// Set while a recovery is under way; still set at the end, it never came.
    pub(super) recovery_began: Option<Instant>,
    pub(super) recovery: Option<Duration>,
    pub(super) invariants: Vec<Criterion>,
    pub(super) measurements: Vec<Measurement>,
    children: Vec<Weak<Leader>>,
    closed: bool,
}

impl Trial {
    pub(super) fn new(role: Role, seed: u64) -> Self {
        Trial { role, seed, started: Instant::now(), log: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        // Every change is one push or one assignment, so a panicking closure leaves a log that is true so far.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this run breaks things or is the control run.
    pub fn role(&self) -> Role {
        self.role
    }

    /// True in the experiment.
    pub fn breaks(&self) -> bool {
        self.role == Role::Experiment
    }

    /// The seed, the same in both runs.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A stream of random numbers for one purpose: the same in both runs, and in every replay.
    pub fn dice(&self, purpose: &str) -> Dice {
        Dice::new(self.seed).fork(purpose)
    }

    /// Starts a process that is killed, with its group, when the trial is over or hangs.
    ///
    /// # Errors
    /// As [`Launch::spawn`].
    pub fn spawn(&self, launch: Launch) -> Result<Process, FaultError> {
        let process = launch.spawn()?;
        let mut log = self.lock();
        log.children.retain(|child| child.strong_count() > 0);
        log.children.push(Arc::downgrade(&process.leader()));
        if log.closed {
            process.leader().kill_group();
        }
        drop(log);
        self.event(format!("{} started", process.name()));
        Ok(process)
    }

    /// Writes an event into the timeline.
    pub fn event(&self, what: impl Into<String>) {
        let at = self.now_ms();
        self.lock().event(at, what.into());
    }

    /// The subject does its normal work: the steady state of the hypothesis was measured just now.
    pub fn steady(&self, how: impl Into<String>) {
        let at = self.now_ms();
        let mut log = self.lock();
        log.steady = true;
        log.event(at, format!("steady: {}", how.into()));
    }

    /// Breaks something, in the experiment only. The closure says how often the fault really happened, and that
    /// many are counted; in the control run it is not called. A closure that fails or panics leaves the fault under
    /// way: the drill cannot pass, and has failed rather than shown nothing.
    ///
    /// # Errors
    /// Those of the closure.
    pub fn inject<E>(&self, what: &str, fault: impl FnOnce() -> Result<u64, E>) -> Result<u64, E> {
        if !self.breaks() {
            return Ok(0);
        }
        {
            let mut log = self.lock();
            log.fault_begins();
            log.injecting += 1;
        }
        let times = fault()?;
        self.lock().injecting -= 1;
        self.faults_happened(times, what);
        Ok(times)
    }

    /// Counts faults that really happened, for faults that are seen only afterwards (a proxy's counters).
    pub fn faults_happened(&self, times: u64, what: &str) {
        let at = self.now_ms();
        let mut log = self.lock();
        if times > 0 {
            log.fault_begins();
        }
        log.faults += times;
        log.event(at, format!("fault x{times}: {what}"));
    }

    /// The fault is over or the repair began: the clock of the recovery starts.
    pub fn recovery_begins(&self, what: impl Into<String>) {
        let at = self.now_ms();
        let mut log = self.lock();
        log.recovery_began = Some(Instant::now());
        log.event(at, format!("recovery begins: {}", what.into()));
    }

    /// The steady state was measured again: the clock of the recovery stops. Where a trial breaks and recovers many
    /// times, the longest way back counts. Without a beginning, nothing is counted.
    pub fn recovered(&self, how: impl Into<String>) {
        let at = self.now_ms();
        let mut log = self.lock();
        let took = log.recovery_began.take().map(|began| began.elapsed());
        log.recovery = log.recovery.max(took);
        log.event(at, format!("recovered: {}", how.into()));
    }

    /// Judges one invariant. Call it in both runs, with the same ids. Judging one again keeps the worse verdict.
    pub fn invariant(&self, id: &str, claim: &str, held: bool, detail: impl Into<String>, facts: Vec<Fact>) {
        let verdict = if held { Verdict::Passed } else { Verdict::Failed };
        let detail = if held { String::new() } else { detail.into() };
        let at = self.now_ms();
        let mut log = self.lock();
        if !held {
            log.event(at, format!("broken: {id}: {detail}"));
        }
        let judged = Criterion { id: id.into(), claim: claim.into(), verdict, detail, facts };
        match log.invariants.iter_mut().find(|known| known.id == id) {
            Some(known) if known.verdict == Verdict::Failed => {}
            Some(known) => *known = judged,
            None => log.invariants.push(judged),
        }
    }

    /// Adds what was measured on the way; only the experiment's measurements are kept.
    pub fn measured(&self, measurement: Measurement) {
        self.lock().measurements.push(measurement);
    }

    /// Kills every process of the trial that still runs, and every one that is started from now on.
    pub(super) fn close(&self) {
        let mut log = self.lock();
        log.closed = true;
        for child in log.children.drain(..).filter_map(|child| child.upgrade()) {
            child.kill_group();
        }
    }

    /// Takes what was reported so far. A hung closure may go on reporting into the emptied log; nobody reads it.
    pub(super) fn take_log(&self) -> Log {
        let mut log = self.lock();
        if log.events_dropped > 0 {
            let (at, dropped) = (self.now_ms(), log.events_dropped);
            log.timeline.push((at, format!("and {dropped} more events, not kept")));
        }
        let children = std::mem::take(&mut log.children);
        let closed = log.closed;
        std::mem::replace(&mut *log, Log { children, closed, ..Log::default() })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Log {
    fn fault_begins(&mut self) {
        self.steady_before_fault.get_or_insert(self.steady);
    }

    fn event(&mut self, at_ms: u64, what: String) {
        if self.timeline.len() < EVENTS_MAX {
            self.timeline.push((at_ms, what));
        } else {
            self.events_dropped += 1;
        }
    }
}
