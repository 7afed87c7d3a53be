//! A queue in front of a sink: whoever logs never waits, one thread does.
//!
//! ```text
//!  logging call ── encode ── lock ── room? ── append to `waiting` ── unlock        one thread
//!                                     |                |
//!                                     no               +── swapped for an empty one ──> sink, line by line
//!                                     |
//!                                     +── LOG-QUEUE-FULL: counted, and reported by the next record that fits
//! ```
//!
//! An event loop may not block, and a write to a file or to a pipe can: for as long as a disk is busy, or for ever when
//! nobody reads. Here the caller's part is memory alone: one short lock, no allocation once the buffers have grown, and
//! no system call unless the thread behind the queue sleeps and has to be woken.
//!
//! # Invariants
//!
//! 1. A caller waits for nothing but the lock, and nobody holds the lock during I/O.
//! 2. At most [`QUEUE_RECORDS_MAX`] records and [`QUEUE_BYTES_MAX`] bytes are held, what is being written included. One
//!    too many is refused, never waited for and never put in place of an older one. The two buffers that they live in
//!    keep the size that they once grew to, so twice the bytes is the most that the queue ever costs.
//! 3. What was taken is written in the order in which it was taken, and if the sink refuses it, it counts as lost: what
//!    is missing is reported by the next record that the log takes, or on standard error when there is none.
//! 4. The end of a program waits for the queue at most [`QUEUE_FLUSH_MS_MAX`] milliseconds.

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::{QUEUE_BYTES_MAX, QUEUE_FLUSH_MS_MAX, QUEUE_RECORDS_MAX};
use crate::outage::Outage;
use crate::{Coded, Entry, LogError, sink::Sink, usage};

/// The callers' end of a queue; clones share it. [`LogLayer::queued`](crate::layer::LogLayer::queued) makes one.
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is something to do for the thread.
    work: Condvar,
    /// The thread has written everything and is gone.
    written: Condvar,
    outage: Arc<Outage>,
    /// Where the records go; callers use it themselves once the thread is gone.
    sink: Box<dyn Sink>,
}

#[derive(Default)]
struct State {
    waiting: Lines,
    /// What waits and what is being written.
    records: usize,
    bytes: usize,
    /// What is to be said on standard error.
    complaint: Option<String>,
    /// The thread sleeps: whoever brings work wakes it.
    asleep: bool,
    stage: Stage,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// Somebody waits for the thread to finish.
    Closing,
    /// All is written, and the thread is gone.
    Written,
    /// The thread did not finish in time. Nothing is taken any more.
    GivenUp,
}

/// Encoded records, one behind the other.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

struct Mark {
    /// How long the line is.
    bytes: usize,
    /// How many records are missing if this one is: itself, or those whose loss it reports.
    stands_for: u64,
}

thread_local! {
    /// The encoded record, so that encoding happens outside of the lock.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Sink for Queue {
    fn put_line(&self, line: &[u8]) -> Result<(), LogError> {
        self.0.take(line, 1)
    }

    fn put(&self, entry: &Entry<'_>) -> Result<(), LogError> {
        self.put_report(entry, 1)
    }

    fn put_report(&self, report: &Entry<'_>, lost: u64) -> Result<(), LogError> {
        LINE.with_borrow_mut(|line| {
            line.clear();
            report.encode(line)?;
            self.0.take(line, lost)
        })
    }

    /// The thread says it: standard error may be the very pipe that nobody reads.
    fn complain(&self, line: &str) {
        let mut state = self.0.lock();
        state.complaint = Some(line.to_string());
        self.0.wake(state);
    }

    fn finish(&self) -> Result<(), LogError> {
        self.flush()
    }
}

impl Queue {
    /// Starts the thread that writes to `sink`.
    pub(crate) fn start(sink: impl Sink, outage: Arc<Outage>) -> Result<Self, LogError> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            written: Condvar::new(),
            outage,
            sink: Box::new(sink),
        });
        let of_thread = Arc::clone(&shared);
        let spawned = std::thread::Builder::new().name("log-queue".into()).spawn(move || of_thread.write());
        spawned.map_err(|source| LogError::Output { source })?;
        Ok(Queue(shared))
    }

    /// Ends the queue: waits until everything that it holds is written, but no longer than the bound. Later records go
    /// to the sink without a queue, unless the sink turned out to be stuck.
    ///
    /// # Errors
    /// [`LogError::Unwritten`] with the number of records that are missing, now or since the last record that said so.
    pub fn flush(&self) -> Result<(), LogError> {
        self.flush_within(Duration::from_millis(QUEUE_FLUSH_MS_MAX))
    }

    fn flush_within(&self, patience: Duration) -> Result<(), LogError> {
        let mut state = self.0.lock();
        if state.stage == Stage::Open {
            state.stage = Stage::Closing;
        }
        self.0.work.notify_one();
        let unfinished = |state: &mut State| state.stage == Stage::Closing;
        let (mut state, _) = self
            .0
            .written
            .wait_timeout_while(state, patience, unfinished)
            .unwrap_or_else(PoisonError::into_inner);
        if state.stage == Stage::Closing {
            state.stage = Stage::GivenUp;
        }
        let records = state.records as u64 + self.0.outage.lost.load(Ordering::Relaxed);
        match records {
            0 => Ok(()),
            _ => Err(LogError::Unwritten { records, waited_ms: patience.as_millis() as u64 }),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds this lock; were it to happen, the state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: take
    /// Takes a line if there is room for it. Nobody waits.
    fn take(&self, line: &[u8], stands_for: u64) -> Result<(), LogError> {
        let mut state = self.lock();
        if state.stage == Stage::Written {
            drop(state);
            return self.sink.put_line(line);
        }
        let full = state.records == QUEUE_RECORDS_MAX || state.bytes + line.len() > QUEUE_BYTES_MAX;
        if full || state.stage == Stage::GivenUp {
            return Err(LogError::QueueFull { records: state.records, bytes: state.bytes });
        }
        state.records += 1;
        state.bytes += line.len();
        state.waiting.bytes.extend_from_slice(line);
        state.waiting.marks.push(Mark { bytes: line.len(), stands_for });
        self.wake(state);
        Ok(())
    }
    // ANCHOR_END: take

    /// Wakes the thread, which costs a system call, only if it sleeps.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.work.notify_one();
        }
    }

    /// The thread.
    fn write(&self) {
        let mut lines = Lines::default();
        while self.wait_for_work(&mut lines) {
            let mut rest = lines.bytes.as_slice();
            for mark in &lines.marks {
                let (line, behind) = rest.split_at(mark.bytes);
                rest = behind;
                let outcome = self.sink.put_line(line);
                if let Err(error) = &outcome {
                    self.lose(mark.stands_for, error);
                }
                let mut state = self.lock();
                state.records -= 1;
                state.bytes -= mark.bytes;
            }
        }
    }

    /// Swaps what waits for the emptied `lines`. False when there will be no more.
    fn wait_for_work(&self, lines: &mut Lines) -> bool {
        lines.bytes.clear();
        lines.marks.clear();
        let mut synced = false;
        let mut state = self.lock();
        loop {
            if let Some(complaint) = state.complaint.take() {
                drop(state);
                usage::complain_at_once(&complaint);
                state = self.lock();
            } else if !state.waiting.marks.is_empty() {
                std::mem::swap(lines, &mut state.waiting);
                return true;
            } else if state.stage == Stage::Open {
                state.asleep = true;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.asleep = false;
            } else if !synced {
                // While this takes its time, there may come more.
                drop(state);
                if let Err(error) = self.sink.finish() {
                    usage::complain_at_once(&error.line());
                }
                synced = true;
                state = self.lock();
            } else {
                state.stage = Stage::Written;
                self.written.notify_all();
                return false;
            }
        }
    }

    /// Counts records that had been taken and could not be stored.
    fn lose(&self, records: u64, error: &LogError) {
        if self.outage.lost.fetch_add(records, Ordering::Relaxed) == 0 {
            self.outage.begin(error.code().code);
            usage::complain_at_once(&error.line());
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
