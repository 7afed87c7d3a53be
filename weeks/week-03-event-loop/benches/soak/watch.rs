//! Looks at the server from outside, at even intervals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use faults::{FaultError, counters};

/// How often somebody at the terminal is told that it goes on.
const WORD_EVERY: Duration = Duration::from_secs(10);

/// What the server held at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) at_seconds: f64,
    pub(super) memory_bytes: u64,
    pub(super) descriptors: u64,
}

/// Whom to look at, how often, and how long it will be.
pub(super) struct Watch {
    pub(super) pid: u32,
    pub(super) every: Duration,
    pub(super) whole: Duration,
}

impl Watch {
    /// Looks until it is told to stop, and not longer than the whole takes.
    pub(super) fn until(&self, stop: &AtomicBool) -> Result<Vec<Sample>, FaultError> {
        let began = Instant::now();
        let mut next_word = WORD_EVERY;
        let mut samples = Vec::new();
        while !stop.load(Ordering::Relaxed) && began.elapsed() < self.whole {
            let sample = Sample {
                at_seconds: began.elapsed().as_secs_f64(),
                memory_bytes: counters::rss_bytes_of(self.pid)?,
                descriptors: counters::fds_of(self.pid)?,
            };
            samples.push(sample);
            if began.elapsed() >= next_word {
                next_word += WORD_EVERY;
                let (at, whole) = (sample.at_seconds, self.whole.as_secs());
                let mib = sample.memory_bytes as f64 / 1024.0 / 1024.0;
                eprintln!("soak: {at:.0} of {whole} s, {mib:.1} MiB, {} descriptors", sample.descriptors);
            }
            // An even pace, whatever the looking took.
            let due = self.every * u32::try_from(samples.len()).unwrap_or(u32::MAX);
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
        Ok(samples)
    }
}
