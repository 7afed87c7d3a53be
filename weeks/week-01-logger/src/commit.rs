//! Durability: what a caller has once `append` returns.
//!
//! | mode | `append` returns when | a killed process loses | a power cut loses |
//! | --- | --- | --- | --- |
//! | `none` | the kernel has the record | nothing that was acknowledged | what the kernel had not written out: half a minute is usual |
//! | `batch` | the kernel has the record, and less than a batch waits for its sync | nothing that was acknowledged | what was written in the last 20 ms and while one sync ran, at most 4096 records |
//! | `always` | the device has the record | nothing that was acknowledged | nothing that was acknowledged |
//!
//! All modes write with one system call and without a buffer of their own; they differ in who waits for the device.
//! Threads that share a writer in mode `always` share syncs as well: while one of them syncs, the others write, and
//! the next sync covers all of them.
//!
//! A sync that failed cannot be tried again: the kernel may have dropped the pages and would call the second attempt
//! a success. So a failure is remembered, and every later acknowledgement that depends on it is refused.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::{BATCH_AGE_MS_MAX, BATCH_RECORDS_MAX};
use crate::store::Store;

/// When a record counts as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the kernel has it.
    #[default]
    None,
    /// When the kernel has it; a sync follows within a bound.
    Batch,
    /// When the device has it.
    Always,
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Durability::None),
            "batch" => Ok(Durability::Batch),
            "always" => Ok(Durability::Always),
            _ => Err("a durability is none, batch or always".into()),
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Durability::None => "none",
            Durability::Batch => "batch",
            Durability::Always => "always",
        })
    }
}

/// Which records are on the device, and who is bringing the next ones there.
pub struct Commit<S> {
    state: Mutex<State<S>>,
    changed: Condvar,
}

// ANCHOR: state
struct State<S> {
    /// The number of the last record that was written; records are counted from 1.
    written: u64,
    /// The number of the last record that is known to be on the device.
    synced: u64,
    /// Where the last record was written to.
    file: Option<Arc<S>>,
    /// Somebody is syncing right now.
    syncing: bool,
    /// The first sync that failed, as the system's error number.
    failed: Option<i32>,
    /// The writer is going away.
    closing: bool,
}
// ANCHOR_END: state

impl<S: Store> Default for Commit<S> {
    fn default() -> Self {
        let state = State { written: 0, synced: 0, file: None, syncing: false, failed: None, closing: false };
        Commit { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<S: Store> Commit<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // No code panics while it holds this lock; were it to happen, the counters are still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that record `number` was written to `file`.
    pub fn wrote(&self, number: u64, file: &Arc<S>) {
        let mut state = self.lock();
        let first_waiting = state.written == state.synced;
        state.written = state.written.max(number);
        if state.file.as_ref().is_none_or(|known| !Arc::ptr_eq(known, file)) {
            state.file = Some(Arc::clone(file));
        }
        if first_waiting {
            self.changed.notify_all();
        }
    }

    /// Returns once record `number` is on the device.
    pub fn wait_for(&self, number: u64) -> io::Result<()> {
        // lab:hole logger.acknowledge-after-sync
        let mut state = self.lock();
        loop {
            if let Some(errno) = state.failed {
                return Err(io::Error::from_raw_os_error(errno));
            }
            if state.synced >= number {
                return Ok(());
            }
            if state.syncing {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // Everything that was written before the sync begins is covered by it; what comes later is not.
            let covered = state.written;
            let Some(file) = state.file.clone() else { return Ok(()) };
            state.syncing = true;
            drop(state);
            let outcome = file.sync();
            state = self.lock();
            state.syncing = false;
            match outcome {
                Ok(()) => state.synced = state.synced.max(covered),
                Err(error) => state.failed = Some(error.raw_os_error().unwrap_or(EIO)),
            }
            self.changed.notify_all();
        }
        // lab:stub todo!("logger.acknowledge-after-sync: one caller syncs for all that is written so far, the others wait")
        // lab:end
    }

    /// Returns once fewer records than a batch wait for their sync; `batch` calls it after each write.
    pub fn wait_for_room(&self, number: u64) -> io::Result<()> {
        self.wait_for(number.saturating_sub(BATCH_RECORDS_MAX))
    }

    /// Returns once everything that was written is on the device.
    pub fn wait_for_all(&self) -> io::Result<()> {
        let written = self.lock().written;
        self.wait_for(written)
    }

    /// The number of the last record that is known to be on the device.
    pub fn synced(&self) -> u64 {
        self.lock().synced
    }

    /// Lets [`Commit::sync_in_batches`] return.
    pub fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    /// The work of the thread behind `batch`: whenever a record waits, sync it within [`BATCH_AGE_MS_MAX`].
    pub fn sync_in_batches(&self) {
        // lab:hole logger.sync-in-batches
        loop {
            let idle = |state: &mut State<S>| !state.closing && state.written == state.synced;
            let state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            let young =
                |state: &mut State<S>| !state.closing && state.written - state.synced < BATCH_RECORDS_MAX / 2;
            let age_max = Duration::from_millis(BATCH_AGE_MS_MAX);
            let (state, _) = self
                .changed
                .wait_timeout_while(state, age_max, young)
                .unwrap_or_else(PoisonError::into_inner);
            let (written, closing) = (state.written, state.closing);
            drop(state);
            // A failure is kept in the state and reported to the next append.
            if self.wait_for(written).is_err() || closing {
                return;
            }
        }
        // lab:stub todo!("logger.sync-in-batches: sleep while nothing waits, sync when the batch is old or half full")
        // lab:end
    }
}

/// Input/output error, for a failure that came without a number.
const EIO: i32 = 5;

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
