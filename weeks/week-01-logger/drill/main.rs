//! The log path stops taking records, and comes back.
//!
//! A real writer process is fed one line at a time and acknowledges each with a receipt. Then its log path is broken
//! in six ways, two of them before it starts, all of them real for root as well:
//!
//! | scenario | when | what happens to the path | code |
//! | --- | --- | --- | --- |
//! | `size-limit` | mid-run | the process may not make files any larger (`RLIMIT_FSIZE`) | `LOG-SHORT-WRITE` |
//! | `replaced` | mid-run | the log is moved away and a directory takes its place | `LOG-NOT-A-FILE` |
//! | `device-full` | mid-run | its file system, a small tmpfs of its own, is filled to the last byte | `LOG-STORAGE-FULL` or `LOG-SHORT-WRITE` |
//! | `occupied` | at start | a directory lies where the log should be | `LOG-NOT-A-FILE` |
//! | `denied` | at start | an ordinary user may not write in the directory | `LOG-PERMISSION-DENIED` |
//! | `denied-rotation` | mid-run | the directory becomes read-only while the log is full | `LOG-ROTATE-FAILED` |
//!
//! A fault counts once the writer has reported it. `device-full` needs a mount namespace; where the machine refuses
//! one, the timeline says so and the other scenarios stand alone.

mod scenario;
mod writer;

use std::process::ExitCode;
use std::time::Duration;

use faults::drill::Drill;

use crate::scenario::{SCENARIOS, live_through};

fn main() -> ExitCode {
    Drill::new(
        1,
        "logger.log-path-refused",
        "The log path stops accepting writes, at the start and in mid-run, even for root; every append then fails \
         with its own code, nothing already written is lost or torn, and writing resumes once the path does.",
    )
    .steady_state("20 records in a row are each acknowledged by a receipt, and standard error is silent")
    .fault("the log path refuses to grow, to be opened or to be rotated, in a different way in each scenario")
    .degraded_mode(
        "no record is acknowledged; the writer says once which code refused it, lives on and tries again",
    )
    .recovery("the path takes writes again; nobody touches the writer", Duration::from_secs(1))
    .main(|trial| {
        let mut kept = 0;
        for scenario in SCENARIOS {
            live_through(trial, scenario, &mut kept)?;
        }
        Ok(())
    })
}
