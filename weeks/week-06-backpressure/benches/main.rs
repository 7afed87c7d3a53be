//! The measurement of week 6: what is left of a service when too much is asked of it, with the ladder and without it.

mod age;
mod goodput;
mod memory;
mod patient;
mod servers;
mod slowloris;
mod storm;
mod stress;

use std::process::ExitCode;

use evidence::Finding;
use evidence::run::{Profile, hand_back, seed_or};

/// What is claimed, for the record.
const CLAIM: &str = "At five times its capacity the service still does what it does at its best, slow senders cost the others \
                     nothing they would notice, and a retry storm dies out.";

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the measurement could not be made: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), servers::Wrong> {
    let (profile, seed) = (Profile::current(), seed_or(6));
    let finding = Finding::of(CLAIM).seed(seed);
    let finding = goodput::measure(finding, profile, seed)?;
    let finding = memory::measure(finding, profile, seed)?;
    let finding = storm::measure(finding, profile, seed)?;
    let finding = age::measure(finding, profile, seed)?;
    let finding = slowloris::measure(finding, profile, seed)?;
    let finding = stress::measure(finding, profile, seed)?;
    Ok(hand_back(&finding.concluded())?)
}
