//! What is known about an outage of the log, until a record can say it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Records that could not be stored since the last one that could.
#[derive(Default)]
pub(crate) struct Outage {
    pub(crate) lost: AtomicU64,
    code: Mutex<Option<&'static str>>,
}

impl Outage {
    /// Notes why the first record was refused.
    pub(crate) fn begin(&self, code: &'static str) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
    }

    /// Why the first record was refused.
    pub(crate) fn code(&self) -> Option<&'static str> {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a loss off the count in order to report it. False where another thread was faster: then that one reports
    /// it, and a loss is never reported twice.
    pub(crate) fn claim(&self, lost: u64) -> bool {
        self.lost.compare_exchange(lost, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Tells whether the log takes records, for a program that reports on itself.
#[derive(Clone)]
pub struct LogProbe(pub(crate) Arc<Outage>);

impl LogProbe {
    /// Records that could not be stored since the last one that could; 0 unless there is an outage at this moment.
    pub fn missing(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for LogProbe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogProbe").field(&self.missing()).finish()
    }
}
