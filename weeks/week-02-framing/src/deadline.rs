//! Deadlines of one connection, as a small state machine that is told the time.
//!
//! ```text
//!                      bytes arrive
//!    +--------+  ----------------------->  +-----------+
//!    |  Idle  |                            | Receiving |--+ bytes arrive: nothing changes,
//!    |        |  <-----------------------  |           |<-+ the deadline stays where it was
//!    +--------+   frame taken, no bytes    +-----------+
//!        |         of the next one here          |   ^
//!        | idle time over                        |   | frame taken, the next has begun:
//!        v                                       v   | timed from now
//!    Timeout::Idle                       Timeout::Read
//! ```
//!
//! Both deadlines are absolute. A peer that sends one byte every second is alive and is not making progress: bytes do
//! not buy time, whole frames do.

use std::time::{Duration, Instant};

// ANCHOR: deadlines
/// How long a server waits for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Between two frames: from the last answer to the first byte of the next frame.
    pub idle: Duration,
    /// For one frame: from its first byte to its last.
    pub read: Duration,
    /// For one answer: from the first write to the last.
    pub write: Duration,
}
// ANCHOR_END: deadlines

impl Default for Deadlines {
    /// A minute of silence; ten seconds for a frame in either direction.
    fn default() -> Self {
        let ten = Duration::from_secs(10);
        Deadlines { idle: Duration::from_secs(60), read: ten, write: ten }
    }
}

/// Which deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// No frame was begun in time.
    Idle,
    /// A frame was begun and not finished in time.
    Read,
}

/// Watches the receiving side of one connection.
#[derive(Debug, Clone)]
pub struct Watch {
    deadlines: Deadlines,
    phase: Phase,
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Receiving,
}

impl Watch {
    /// A watch on a connection that was just accepted.
    pub fn new(deadlines: Deadlines, now: Instant) -> Self {
        Watch { deadlines, phase: Phase::Idle, since: now }
    }

    /// Bytes arrived.
    pub fn bytes_arrived(&mut self, now: Instant) {
        // lab:hole framing.watch-bytes
        if self.phase == Phase::Idle {
            self.phase = Phase::Receiving;
            self.since = now;
        }
        // lab:stub todo!("framing.watch-bytes: the first byte of a frame starts its clock; no later byte moves it")
        // lab:end
    }

    /// A whole frame was taken and dealt with, and `pending` bytes of the next one are already here.
    pub fn frame_done(&mut self, pending: usize, now: Instant) {
        self.phase = if pending == 0 { Phase::Idle } else { Phase::Receiving };
        self.since = now;
    }

    /// When the patience ends, and which one.
    pub fn deadline(&self) -> (Instant, Timeout) {
        // lab:hole framing.watch-deadline
        match self.phase {
            Phase::Idle => (self.since + self.deadlines.idle, Timeout::Idle),
            Phase::Receiving => (self.since + self.deadlines.read, Timeout::Read),
        }
        // lab:stub todo!("framing.watch-deadline: which clock runs in which phase, and since when")
        // lab:end
    }

    /// The deadline that has passed by `now`, if one has.
    pub fn expired(&self, now: Instant) -> Option<Timeout> {
        let (at, timeout) = self.deadline();
        (now >= at).then_some(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(60);
    const READ: Duration = Duration::from_secs(10);
    const TICK: Duration = Duration::from_millis(1);

    fn watch() -> (Watch, Instant) {
        let start = Instant::now();
        (Watch::new(Deadlines { idle: IDLE, read: READ, write: READ }, start), start)
    }

    #[test]
    fn silence_runs_into_the_idle_deadline_and_not_a_tick_earlier() {
        let (watch, start) = watch();
        assert_eq!(watch.expired(start + IDLE - TICK), None);
        assert_eq!(watch.expired(start + IDLE), Some(Timeout::Idle));
    }

    #[test]
    fn the_first_byte_starts_the_clock_of_its_frame() {
        let (mut watch, start) = watch();
        let first = start + IDLE - TICK;
        watch.bytes_arrived(first);
        assert_eq!(watch.expired(start + IDLE), None, "the idle clock no longer runs");
        assert_eq!(watch.expired(first + READ - TICK), None);
        assert_eq!(watch.expired(first + READ), Some(Timeout::Read));
    }

    // ANCHOR: trickle
    #[test]
    fn a_trickle_of_bytes_does_not_move_the_read_deadline() {
        let (mut watch, start) = watch();
        for second in 0..10 {
            watch.bytes_arrived(start + Duration::from_secs(second));
        }
        assert_eq!(watch.deadline(), (start + READ, Timeout::Read));
    }
    // ANCHOR_END: trickle

    #[test]
    fn a_finished_frame_starts_the_next_clock_at_that_moment() {
        let (mut watch, start) = watch();
        let done = start + Duration::from_secs(5);
        watch.bytes_arrived(start);
        watch.frame_done(0, done);
        assert_eq!(watch.deadline(), (done + IDLE, Timeout::Idle));
        watch.frame_done(3, done);
        assert_eq!(watch.deadline(), (done + READ, Timeout::Read), "three bytes of the next frame are here");
    }
}
