//! The measurement of week 4.

mod timers;

use std::process::ExitCode;

use evidence::Finding;
use evidence::run::{Profile, hand_back, seed_or};

fn main() -> ExitCode {
    // `cargo bench` passes `--bench`, which says nothing that we do not know.
    let profile = Profile::current();
    let seed = seed_or(4);
    let claim = "A hundred thousand deadlines are told on time, and setting one, moving one and taking one back costs less \
                 than in a heap.";
    let finding = Finding::of(claim).seed(seed);
    let outcome = timers::measure(finding, profile, seed).and_then(|finding| hand_back(&finding.concluded()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the timers could not be measured: {error}");
            ExitCode::FAILURE
        }
    }
}
