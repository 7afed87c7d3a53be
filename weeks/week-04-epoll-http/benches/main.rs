//! The measurement of week 4: the loop under epoll beside the servers that a user would write instead, ten thousand idle
//! connections, and a hundred thousand deadlines.

mod frames;
mod idle;
mod timers;

use std::process::ExitCode;
use std::time::Duration;

use evidence::Finding;
use evidence::run::{Profile, hand_back, seed_or};
use load::compare::{Echo, serve_if_asked};

/// What is claimed, for the record.
const CLAIM: &str = "Under epoll one thread echoes as fast as the leanest event loop that a user would write, ten thousand idle \
                     connections cost it memory by the hundred bytes, and setting, moving and taking back a deadline \
                     costs less than in a heap.";

fn main() -> ExitCode {
    if let Some(served) = serve_if_asked(frames::serve) {
        return if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the measurement could not be made: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` passes `--bench`, which says nothing that we do not know.
    let (profile, seed) = (Profile::current(), seed_or(4));
    let finding = Finding::of(CLAIM).seed(seed);
    eprintln!("deadlines");
    let finding = timers::measure(finding, profile, seed)?;
    eprintln!("idle connections");
    let finding = idle::measure(finding, Duration::from_millis(profile.pick(100, 500, 5000)))?;
    // Last, because it ties this thread to a core.
    let echo = Echo { ours: &["epoll", "poll"], subject: "epoll", space: "epoll-http", judge_single: true };
    let finding = echo.measure(finding, profile, seed)?;
    Ok(hand_back(&finding.concluded())?)
}
