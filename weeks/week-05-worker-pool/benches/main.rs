//! The measurement of week 5: what a hand-off costs, what a pool gains, and what it keeps when too much is asked of it.

mod contention;
mod handoff;
mod overload;
mod scaling;
mod servers;
mod spin;

use std::process::ExitCode;

use evidence::Finding;
use evidence::run::{Profile, hand_back, seed_or};

/// What is claimed, for the record.
const CLAIM: &str = "Handing a task to a worker costs what a bounded channel costs, a pool takes a computing service as far as \
                     the machine has cores, and what is accepted under overload is served nearly as fast as ever.";

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the measurement could not be made: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn std::error::Error>> {
    let (profile, seed) = (Profile::current(), seed_or(5));
    let finding = Finding::of(CLAIM).seed(seed);
    let finding = handoff::measure(finding, profile)?;
    let finding = contention::waits(finding, profile)?;
    let finding = contention::one_long_task(finding, profile)?;
    let finding = contention::cost(finding, profile)?;
    let finding = scaling::measure(finding, profile, seed).map_err(|error| error.to_string())?;
    let finding = overload::measure(finding, profile, seed).map_err(|error| error.to_string())?;
    Ok(hand_back(&finding.concluded())?)
}
