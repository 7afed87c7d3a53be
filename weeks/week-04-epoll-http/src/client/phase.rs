//! The five phases of a request, each with a deadline, and the budget over all of them. Time comes in as an argument.
//!
//! ```text
//!   resolve ----> connect ----> write ----> first byte ----> body
//!   name to       to the        until the   until a byte     until the
//!   addresses     handshake     last byte   of the answer    last byte
//!                               is taken    is here          is here
//!   |<------------------------- budget: whatever is left of it ------------------------->|
//! ```
//!
//! A deadline is set when its phase begins, and no byte moves it: a server that sends one byte a second is as late as
//! one that sends none.

use std::time::{Duration, Instant};

use super::FailureKind;

// ANCHOR: phase
/// Where in a request time is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// From a name to addresses. A literal address skips it.
    Resolve,
    /// Until the handshake is done.
    Connect,
    /// Until the kernel has taken the last byte of the request.
    Write,
    /// Until the first byte of an answer is here, an interim one included.
    FirstByte,
    /// Until the last byte of the answer is here: the rest of its head, and its body.
    Body,
}
// ANCHOR_END: phase

impl Phase {
    /// All of them, in order.
    pub const ALL: [Phase; 5] = [Phase::Resolve, Phase::Connect, Phase::Write, Phase::FirstByte, Phase::Body];

    /// The stable word for logs and tables.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Resolve => "resolve",
            Phase::Connect => "connect",
            Phase::Write => "write",
            Phase::FirstByte => "first-byte",
            Phase::Body => "body",
        }
    }
}

/// How long each phase may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From a name to addresses.
    pub resolve: Duration,
    /// All addresses together.
    pub connect: Duration,
    /// The whole request.
    pub write: Duration,
    /// The server's time to think.
    pub first_byte: Duration,
    /// The whole answer, from its first byte on.
    pub body: Duration,
}

impl Default for Deadlines {
    /// Two seconds to find and reach the server and to hand over the request, five for it to think, ten for the answer.
    fn default() -> Self {
        let short = Duration::from_secs(2);
        Deadlines {
            resolve: short,
            connect: short,
            write: short,
            first_byte: Duration::from_secs(5),
            body: Duration::from_secs(10),
        }
    }
}

impl Deadlines {
    /// The deadline of a phase.
    pub fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Resolve => self.resolve,
            Phase::Connect => self.connect,
            Phase::Write => self.write,
            Phase::FirstByte => self.first_byte,
            Phase::Body => self.body,
        }
    }
}

/// Time spent in each phase; zero for a phase that was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings([Duration; 5]);

impl Timings {
    /// Time spent in this phase.
    pub fn of(&self, phase: Phase) -> Duration {
        self.0[phase as usize]
    }

    /// Time spent in all of them.
    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }
}

/// Which phase runs, since when, and until when it may.
#[derive(Debug, Clone)]
pub struct PhaseClock {
    deadlines: Deadlines,
    budget_end: Instant,
    phase: Phase,
    began: Instant,
    spent: Timings,
}

impl PhaseClock {
    /// A clock at the beginning of its first phase, with `budget` for all of them.
    pub fn begin(deadlines: Deadlines, budget: Duration, now: Instant) -> Self {
        let budget_end = now.checked_add(budget).unwrap_or(now);
        PhaseClock { deadlines, budget_end, phase: Phase::Resolve, began: now, spent: Timings::default() }
    }

    /// The phase that runs.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Ends the present phase and begins another.
    pub fn enter(&mut self, phase: Phase, now: Instant) {
        self.spent.0[self.phase as usize] += now.saturating_duration_since(self.began);
        (self.phase, self.began) = (phase, now);
    }

    /// When the present phase has to end, and what it is if it has not by then: a timeout of its own, or the end of the
    /// budget, whichever is earlier.
    pub fn until(&self) -> (Instant, FailureKind) {
        // lab:hole epoll-http.phase-until
        let own_end = self.began + self.deadlines.of(self.phase);
        if self.budget_end < own_end {
            return (self.budget_end, FailureKind::BudgetSpent);
        }
        let timeout = match self.phase {
            Phase::Resolve => FailureKind::ResolveTimeout,
            Phase::Connect => FailureKind::ConnectTimeout,
            Phase::Write => FailureKind::WriteTimeout,
            Phase::FirstByte => FailureKind::FirstByteTimeout,
            Phase::Body => FailureKind::BodyTimeout,
        };
        (own_end, timeout)
        // lab:stub todo!("epoll-http.phase-until: the phase's own end or the budget's, whichever is earlier, under its name")
        // lab:end
    }

    /// What was spent, with the present phase up to now.
    pub fn timings(&self, now: Instant) -> Timings {
        let mut clock = self.clone();
        clock.enter(self.phase, now);
        clock.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn deadlines() -> Deadlines {
        Deadlines { resolve: MS, connect: 2 * MS, write: 3 * MS, first_byte: 4 * MS, body: 5 * MS }
    }

    #[test]
    fn every_phase_has_its_own_deadline_under_its_own_name() {
        let now = Instant::now();
        let mut clock = PhaseClock::begin(deadlines(), 1000 * MS, now);
        let timeouts = [
            FailureKind::ResolveTimeout,
            FailureKind::ConnectTimeout,
            FailureKind::WriteTimeout,
            FailureKind::FirstByteTimeout,
            FailureKind::BodyTimeout,
        ];
        for (at, (phase, timeout)) in Phase::ALL.into_iter().zip(timeouts).enumerate() {
            let began = now + 10 * MS * at as u32;
            clock.enter(phase, began);
            assert_eq!(clock.until(), (began + deadlines().of(phase), timeout));
        }
    }

    // ANCHOR: named
    #[test]
    fn a_budget_that_ends_first_is_named_as_the_budget() {
        let now = Instant::now();
        let mut clock = PhaseClock::begin(deadlines(), 11 * MS, now);
        clock.enter(Phase::Body, now + 6 * MS);
        assert_eq!(
            clock.until(),
            (now + 11 * MS, FailureKind::BodyTimeout),
            "at the same time, the phase is named"
        );
        clock.enter(Phase::Body, now + 7 * MS);
        assert_eq!(clock.until(), (now + 11 * MS, FailureKind::BudgetSpent));
    }
    // ANCHOR_END: named

    #[test]
    fn time_is_counted_for_the_phase_in_which_it_was_spent() {
        let now = Instant::now();
        let mut clock = PhaseClock::begin(deadlines(), 1000 * MS, now);
        clock.enter(Phase::Connect, now + 2 * MS);
        clock.enter(Phase::Write, now + 5 * MS);
        let timings = clock.timings(now + 9 * MS);
        let spent: Vec<Duration> = Phase::ALL.into_iter().map(|phase| timings.of(phase)).collect();
        assert_eq!(spent, [2 * MS, 3 * MS, 4 * MS, Duration::ZERO, Duration::ZERO]);
        assert_eq!(timings.total(), 9 * MS);
    }
}
