//! The measurement of week 2: echo latency at three payload sizes, and the decoder beside the codec that most Rust
//! services use.

mod decode;
mod echo;

use std::process::ExitCode;

use evidence::Finding;
use evidence::run::{Profile, hand_back, seed_or};

fn main() -> ExitCode {
    // `cargo bench` passes `--bench`, which says nothing that we do not know.
    let profile = Profile::current();
    let seed = seed_or(2);
    let claim = "The decoder takes frames out of a stream faster than `LengthDelimitedCodec` does from the same bytes in \
                 the same pieces, and the echo server answers every request at three payload sizes.";
    let finding = decode::measure(Finding::of(claim).seed(seed), profile, seed);
    let outcome = echo::measure(finding, profile, seed).and_then(|finding| Ok(hand_back(&finding)?));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the echo latency could not be measured: {error}");
            ExitCode::FAILURE
        }
    }
}
