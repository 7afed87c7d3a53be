//! The rules for a peer that sends: a deadline for the head, one for the body, and progress all along.
//!
//! ```text
//!   first byte          head whole: so many bytes announced              last byte
//!      |                    |                                                |
//!      v                    v                                                v
//!      +------- head -------+-------------------- body ----------------------+---- rest
//!      |<- header deadline ->|<-- grace + announced / least average rate ----->|
//!      |<- window ->|<- window ->|<- window ->|<- window ->|<- window ->|<-  ...
//! ```
//!
//! No byte moves either deadline. The body's is proportional to what was announced, so that a large message has the
//! time that it needs and a small one not the time of a large one. The windows notice within seconds that a sender
//! stands still, where the body's deadline would have minutes to go.

use std::time::{Duration, Instant};

use framing::{CloseReason, Rule};

use crate::catalog;
use crate::progress::{Pace, Progress};

/// From the first byte of a message to the last byte of its head: 3 s.
pub const HEADER_MS_MAX_DEFAULT: u64 = 3_000;

/// A body has 2 s whatever its size.
pub const BODY_GRACE_MS_DEFAULT: u64 = 2_000;

/// And beyond that the time that its size takes at 8 KiB a second.
pub const BODY_BYTES_PER_SECOND_MIN_DEFAULT: u32 = 8 << 10;

/// In every window of 5 s a sender makes progress by 4 KiB, or finishes.
pub const READ_PACE_DEFAULT: Pace = Pace::fixed(4 << 10, Duration::from_secs(5));

/// The head was not here in time.
pub static HEADER_DEADLINE: Rule =
    Rule { class: "header-deadline", code: Some(&catalog::HEADER_DEADLINE), told: true };

/// The body was not here in time.
pub static BODY_DEADLINE: Rule =
    Rule { class: "body-deadline", code: Some(&catalog::BODY_DEADLINE), told: true };

/// A window ended without the least progress.
pub static SLOW_READ: Rule = Rule { class: "slow-read", code: Some(&catalog::SLOW_READ), told: true };

/// How patient the server is with a message that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRules {
    /// From the first byte of a message to the last byte of its head.
    pub header: Duration,
    /// What a body has in any case.
    pub body_grace: Duration,
    /// The least average rate of a body, in bytes a second. Zero is taken as one.
    pub body_bytes_per_second_min: u32,
    /// The least progress in every window.
    pub pace: Pace,
}

impl Default for ReadRules {
    fn default() -> Self {
        ReadRules {
            header: Duration::from_millis(HEADER_MS_MAX_DEFAULT),
            body_grace: Duration::from_millis(BODY_GRACE_MS_DEFAULT),
            body_bytes_per_second_min: BODY_BYTES_PER_SECOND_MIN_DEFAULT,
            pace: READ_PACE_DEFAULT,
        }
    }
}

impl ReadRules {
    /// What a body of so many bytes has, from the moment at which its head is whole.
    pub fn body(&self, announced_bytes: u32) -> Duration {
        // lab:hole backpressure.body-allowance
        let rate = u64::from(self.body_bytes_per_second_min.max(1));
        let millis = (u64::from(announced_bytes) * 1_000).div_ceil(rate);
        self.body_grace + Duration::from_millis(millis)
        // lab:stub todo!("backpressure.body-allowance: the grace, and the time that so many bytes take at the least rate")
        // lab:end
    }
}

/// Watches what one peer sends.
#[derive(Debug, Clone)]
pub struct Reading {
    rules: ReadRules,
    phase: Phase,
    progress: Progress,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Between two messages. How long that may last is the idle deadline's to say.
    Rest,
    Head {
        since: Instant,
    },
    Body {
        since: Instant,
        allowed: Duration,
    },
}

impl Reading {
    /// A watch over a peer that has sent nothing yet.
    pub fn new(rules: ReadRules) -> Self {
        Reading { rules, phase: Phase::Rest, progress: Progress::new(rules.pace) }
    }

    /// So many bytes came. The first ones of a message start its clocks.
    pub fn arrived(&mut self, bytes: usize, now: Instant) {
        if bytes == 0 {
            return;
        }
        if matches!(self.phase, Phase::Rest) {
            self.phase = Phase::Head { since: now };
            self.progress.begin(now);
        }
        self.progress.moved(bytes, now);
    }

    /// The head is whole, and announces so many bytes. Saying it twice changes nothing.
    pub fn announced(&mut self, bytes: u32, now: Instant) {
        if !matches!(self.phase, Phase::Body { .. }) {
            self.phase = Phase::Body { since: now, allowed: self.rules.body(bytes) };
            self.progress.begin(now);
        }
    }

    /// A whole message was taken, and so many bytes of the next one are here already.
    pub fn finished(&mut self, pending: usize, now: Instant) {
        self.phase = Phase::Rest;
        self.progress.rest();
        self.arrived(pending, now);
    }

    /// The peer had to wait for us until now, so every clock begins anew.
    pub fn restart(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Rest => {}
            Phase::Head { since } | Phase::Body { since, .. } => *since = now,
        }
        self.progress.restart(now);
    }

    /// When the peer will have been too slow, and by which rule; the rule of the message where two end at once. `None`
    /// between two messages.
    pub fn deadline(&self) -> Option<(Instant, CloseReason)> {
        // lab:hole backpressure.read-deadline
        let (whole, rule) = match self.phase {
            Phase::Rest => return None,
            Phase::Head { since } => (since + self.rules.header, &HEADER_DEADLINE),
            Phase::Body { since, allowed } => (since + allowed, &BODY_DEADLINE),
        };
        match self.progress.deadline() {
            Some(window) if window < whole => Some((window, CloseReason::Rule(&SLOW_READ))),
            _ => Some((whole, CloseReason::Rule(rule))),
        }
        // lab:stub todo!("backpressure.read-deadline: the deadline of the part that is being sent, or the window's end where that is sooner")
        // lab:end
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
