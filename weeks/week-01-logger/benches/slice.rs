//! One contestant's turn.

use std::io;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::contestants::{Contestant, FILE};

/// What happened in one slice.
pub(crate) struct Outcome {
    pub(crate) latency: Histogram<u64>,
    pub(crate) logged: u64,
    pub(crate) stored: u64,
    /// Until the last record was in the file.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    pub(crate) fn records_per_second(&self) -> f64 {
        self.stored as f64 / self.elapsed.as_secs_f64()
    }
}

/// Nanoseconds, up to ten seconds.
pub(crate) fn recorder() -> Histogram<u64> {
    #[allow(clippy::unwrap_used, reason = "the bounds are constants")]
    Histogram::new_with_bounds(1, 10_000_000_000, 3).unwrap()
}

/// Lets `writers` threads log for as long as the slice lasts.
pub(crate) fn run(
    contestant: &Contestant,
    writers: usize,
    slice: Duration,
    dir: &Path,
) -> io::Result<Outcome> {
    let running = (contestant.start)(dir)?;
    let barrier = Barrier::new(writers + 1);
    let (latency, begun) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|_| {
                let (dispatch, barrier) = (running.dispatch.clone(), &barrier);
                scope.spawn(move || {
                    tracing::dispatcher::with_default(&dispatch, || {
                        barrier.wait();
                        log_until(Instant::now() + slice)
                    })
                })
            })
            .collect();
        barrier.wait();
        let begun = Instant::now();
        let mut all = recorder();
        for thread in threads {
            if let Ok(latency) = thread.join() {
                let _ = all.add(&latency);
            }
        }
        (all, begun)
    });
    drop(running.dispatch);
    (running.finish)();
    let elapsed = begun.elapsed();
    let stored = count_lines(&dir.join(FILE))?;
    std::fs::remove_file(dir.join(FILE))?;
    Ok(Outcome { logged: latency.len(), latency, stored, elapsed })
}

fn log_until(deadline: Instant) -> Histogram<u64> {
    let mut latency = recorder();
    let mut before = Instant::now();
    let mut number = 0u64;
    while before < deadline {
        number += 1;
        tracing::info!(
            request_id = "4bf92f3577b34da6",
            latency_ms = 1.5,
            result = "ok",
            number,
            "answered a request"
        );
        let after = Instant::now();
        latency.saturating_record((after - before).as_nanos() as u64);
        before = after;
    }
    latency
}

fn count_lines(path: &Path) -> io::Result<u64> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.iter().filter(|byte| **byte == b'\n').count() as u64)
}
