//! How much memory the process really has, as the kernel counts it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// The kernel is asked at most once in so long: 50 ms. A leak is slower than that, and a look costs some microseconds.
pub const MEMORY_LOOK_EVERY: Duration = Duration::from_millis(50);

/// The beginning of `/proc/self/status` that is read; the line stands within its first kilobyte.
const STATUS_BYTES_MAX: usize = 4096;

/// The resident memory of this process, as of a moment ago.
#[derive(Debug)]
pub struct Resident {
    /// None where there is no such file; memory then never asks for a step.
    status: Option<File>,
    looked: Option<Instant>,
    bytes: u64,
}

impl Default for Resident {
    fn default() -> Self {
        Resident { status: File::open("/proc/self/status").ok(), looked: None, bytes: 0 }
    }
}

impl Resident {
    /// Bytes; at most [`MEMORY_LOOK_EVERY`] old.
    pub fn bytes(&mut self, now: Instant) -> u64 {
        if self.looked.is_none_or(|at| now.saturating_duration_since(at) >= MEMORY_LOOK_EVERY) {
            self.looked = Some(now);
            // A look that fails leaves the last one standing.
            if let Some(kib) = self.status.as_ref().and_then(resident_kib) {
                self.bytes = kib << 10;
            }
        }
        self.bytes
    }
}

/// The line `VmRSS` (proc_pid_status(5)), which is in KiB whatever the size of a page.
fn resident_kib(status: &File) -> Option<u64> {
    let mut text = [0; STATUS_BYTES_MAX];
    let bytes = status.read_at(&mut text, 0).ok()?;
    let text = std::str::from_utf8(&text[..bytes]).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_touched_shows_at_the_next_look_and_not_before() {
        let (mut resident, start) = (Resident::default(), Instant::now());
        let before = resident.bytes(start);
        assert!(before > 0);
        let held = vec![1_u8; 64 << 20];
        assert_eq!(resident.bytes(start + MEMORY_LOOK_EVERY - Duration::from_nanos(1)), before);
        let after = resident.bytes(start + MEMORY_LOOK_EVERY);
        assert!(after >= before + (48 << 20), "{before} and then {after}");
        drop(held);
    }
}
