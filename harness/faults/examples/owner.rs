//! A harness that is about to be killed: it starts processes, waits for one, says their numbers, and stays.
//!
//! The tests of this crate kill it and look whether what it started is gone.

use std::process::ExitCode;
use std::time::Duration;

use faults::FaultError;
use faults::process::{Launch, Stream};

fn main() -> ExitCode {
    match stay() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(70)
        }
    }
}

fn stay() -> Result<(), FaultError> {
    let deadline = Duration::from_secs(10);
    // One that has ended and was waited for: its number is not ours any more.
    let mut ended = Launch::of("/bin/sh").args(["-c", "exit 0"]).spawn()?;
    ended.wait_with_deadline(deadline)?;
    // One that runs, and has started one of its own.
    let kept = Launch::of("/bin/sh").args(["-c", "sleep 600 & echo $!; wait"]).spawn()?;
    let child = kept.wait_for_line(Stream::Stdout, |_| true, deadline)?;
    println!("kept {} and {child}", kept.pid());
    println!("ended {}", ended.pid());
    std::thread::sleep(Duration::from_secs(600));
    Ok(())
}
