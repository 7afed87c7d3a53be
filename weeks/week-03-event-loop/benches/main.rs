//! The measurement of week 3: our loop under `poll` beside the servers that a user would write instead.

mod fairness;
mod frames;
mod soak;

use std::process::ExitCode;

use evidence::Finding;
use evidence::run::{Profile, hand_back, seed_or};
use load::compare::{Echo, serve_if_asked};

/// What is claimed, for the record.
const CLAIM: &str = "One thread under `poll` echoes as fast as the leanest event loop that a user would write, with bounds, \
                     deadlines and fairness that the other has not.";

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
    let (profile, seed) = (Profile::current(), seed_or(3));
    // With `poll` a single connection pays for every descriptor that is watched, at each turn; week 4 judges that cell.
    let echo = Echo { ours: &["poll", "select"], subject: "poll", space: "event-loop", judge_single: false };
    let finding = echo.measure(Finding::of(CLAIM).seed(seed), profile, seed)?;
    let finding = fairness::measure(finding, profile, seed)?;
    let finding = soak::measure(finding, profile, seed)?;
    Ok(hand_back(&finding)?)
}
