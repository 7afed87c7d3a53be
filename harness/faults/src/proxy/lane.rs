//! One direction of one connection, without sockets and without a clock of its own: bytes go in, and at any moment
//! the lane says what may be done next. Time is an argument, so every rule here is tested to the nanosecond.
//!
//! ```text
//!  push ──► │ due │ due │ due │ ──► slicer ──► bandwidth ──► limit, reset ──► Step::Write(n)
//!           └─ latency: a queue ┘   (where     (when the      (how far)
//!              of chunks in order    to cut)    line is free)
//! ```
//!
//! Invariants:
//! - Bytes leave unchanged and in order; what is in the queue plus what left is what came in.
//! - The queue never holds more than `buffer_bytes_max` bytes: a lane that is full does not want to read.
//! - Where the slicer cuts, and where a limit or a reset falls, follows from the seed and the byte count alone,
//!   never from how the bytes arrived.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::counts::LaneCounts;
use super::toxic::Toxics;
use crate::seed::Dice;

/// How far a late wake-up may be made up for, so that the rate is true in the long run; also the longest write that
/// is not yet a burst.
const BURST: Duration = Duration::from_millis(10);

/// What a lane may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Write up to this many bytes of [`Lane::front`].
    Write(usize),
    /// Nothing before this moment.
    WaitUntil(Instant),
    /// Nothing before more bytes come or a toxic changes.
    Idle,
    /// Everything has left and the sender has ended: pass the end on, once.
    End,
    /// The data limit is reached: close both sides.
    Close,
    /// The reset falls here: reset both sides.
    Reset,
}

#[derive(Debug)]
pub(super) struct Lane {
    jitter: Dice,
    slices: Dice,
    queue: VecDeque<Chunk>,
    queued_bytes: usize,
    buffer_bytes_max: usize,
    forwarded_bytes: u64,
    /// Bytes left of the slicer's present piece.
    piece_left: usize,
    /// When the next piece may begin.
    next_piece_at: Option<Instant>,
    /// When the line has carried what was put on it.
    line_free_at: Option<Instant>,
    /// Already counted as waiting for the line.
    throttled: bool,
    /// Already counted as held back.
    withheld: bool,
    /// When the sender's end is due, once it ended.
    end_due: Option<Instant>,
    ended: bool,
}

#[derive(Debug)]
struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
    taken: usize,
}

impl Lane {
    pub(super) fn new(dice: &Dice, buffer_bytes_max: usize) -> Self {
        Lane {
            jitter: dice.fork("jitter"),
            slices: dice.fork("slices"),
            queue: VecDeque::new(),
            queued_bytes: 0,
            buffer_bytes_max,
            forwarded_bytes: 0,
            piece_left: 0,
            next_piece_at: None,
            line_free_at: None,
            throttled: false,
            withheld: false,
            end_due: None,
            ended: false,
        }
    }

    /// How many bytes the lane takes now; 0 while it is full and for ever after the sender's end.
    pub(super) fn room(&self) -> usize {
        if self.end_due.is_some() { 0 } else { self.buffer_bytes_max - self.queued_bytes }
    }

    /// Whether the sender's end was passed on.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Takes bytes from the sender.
    pub(super) fn push(&mut self, bytes: &[u8], now: Instant, toxics: &Toxics, counts: &mut LaneCounts) {
        debug_assert!(bytes.len() <= self.room(), "{} bytes into room for {}", bytes.len(), self.room());
        let due = self.due(now, toxics);
        counts.bytes_in += bytes.len() as u64;
        counts.delayed += u64::from(due > now);
        self.queued_bytes += bytes.len();
        self.queue.push_back(Chunk { due, bytes: bytes.to_vec(), taken: 0 });
    }

    /// The sender has ended; its end travels as slowly as a byte.
    pub(super) fn end(&mut self, now: Instant, toxics: &Toxics) {
        self.end_due = Some(self.due(now, toxics));
    }

    fn due(&mut self, now: Instant, toxics: &Toxics) -> Instant {
        match toxics.latency {
            // A later chunk may be due earlier, and still waits its turn in the queue.
            Some((delay, jitter)) => now + delay + self.jitter.up_to(jitter),
            None => now,
        }
    }

    /// What may be done now.
    pub(super) fn step(&mut self, now: Instant, toxics: &Toxics, counts: &mut LaneCounts) -> Step {
        if toxics.blackhole {
            let holds = !self.queue.is_empty() || (self.end_due.is_some() && !self.ended);
            counts.blackholed += u64::from(holds && !self.withheld);
            self.withheld |= holds;
            return Step::Idle;
        }
        self.withheld = false;
        if self.ended {
            return Step::Idle;
        }
        let left_of = |limit: Option<u64>| limit.map(|limit| limit.saturating_sub(self.forwarded_bytes));
        let (before_reset, before_close) = (left_of(toxics.reset_after_bytes), left_of(toxics.limit_bytes));
        if before_reset == Some(0) {
            return Step::Reset;
        }
        if before_close == Some(0) {
            return Step::Close;
        }
        let Some(front) = self.queue.front() else {
            return match self.end_due {
                Some(due) if due > now => Step::WaitUntil(due),
                Some(_) => Step::End,
                None => Step::Idle,
            };
        };
        if front.due > now {
            return Step::WaitUntil(front.due);
        }
        let mut bytes = front.bytes.len() - front.taken;
        if let Some((bytes_max, _)) = toxics.slicer {
            if let Some(at) = self.next_piece_at.filter(|at| *at > now) {
                return Step::WaitUntil(at);
            }
            if self.piece_left == 0 {
                self.piece_left = self.slices.between(1, bytes_max as u64) as usize;
            }
            bytes = bytes.min(self.piece_left);
        }
        if let Some(rate) = toxics.bytes_per_second {
            if let Some(at) = self.line_free_at.filter(|at| *at > now) {
                counts.throttled += u64::from(!self.throttled);
                self.throttled = true;
                return Step::WaitUntil(at);
            }
            self.throttled = false;
            bytes = bytes.min((u128::from(rate) * BURST.as_millis() / 1000).clamp(1, 1 << 20) as usize);
        }
        for left in [before_reset, before_close].into_iter().flatten() {
            bytes = bytes.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        Step::Write(bytes)
    }

    /// The bytes that leave next; empty when there are none.
    pub(super) fn front(&self) -> &[u8] {
        self.queue.front().map_or(&[], |chunk| &chunk.bytes[chunk.taken..])
    }

    /// So many bytes of the front have left.
    pub(super) fn wrote(&mut self, bytes: usize, now: Instant, toxics: &Toxics, counts: &mut LaneCounts) {
        let Some(front) = self.queue.front_mut() else { return };
        front.taken += bytes;
        debug_assert!(front.taken <= front.bytes.len());
        if front.taken == front.bytes.len() {
            self.queue.pop_front();
        }
        self.queued_bytes -= bytes;
        self.forwarded_bytes += bytes as u64;
        counts.bytes_out += bytes as u64;
        if let Some((_, pause)) = toxics.slicer {
            self.piece_left = self.piece_left.saturating_sub(bytes);
            if self.piece_left == 0 {
                counts.sliced += 1;
                self.next_piece_at = Some(now + pause);
            }
        }
        if let Some(rate) = toxics.bytes_per_second {
            let nanos = (bytes as u128 * 1_000_000_000).div_ceil(u128::from(rate));
            // Not further back than the burst: a line that was idle has not saved up its past.
            let earliest = now.checked_sub(BURST).unwrap_or(now);
            let from = self.line_free_at.map_or(now, |at| at.max(earliest));
            self.line_free_at = Some(from + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)));
        }
    }

    /// The end was passed on to the receiver.
    pub(super) fn passed_end(&mut self) {
        self.ended = true;
    }
}
