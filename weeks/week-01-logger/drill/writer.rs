//! The writer process, fed one line at a time.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use faults::drill::Trial;
use faults::process::{Launch, Process, Stream};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A running `eventlog append --stdin`.
pub(crate) struct Writer {
    process: Process,
    /// Lines given to it.
    pub(crate) fed: u64,
    /// Lines that it acknowledged.
    pub(crate) acknowledged: u64,
}

impl Writer {
    pub(crate) fn start(trial: &Trial, launch: Launch) -> Outcome<Self> {
        let process = trial.spawn(launch.stdin_open())?;
        Ok(Writer { process, fed: 0, acknowledged: 0 })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Gives it one line and does not wait.
    pub(crate) fn feed(&mut self) -> Outcome<()> {
        let stdin = self.process.stdin().ok_or("standard input is closed")?;
        writeln!(stdin, "record {}", self.fed)?;
        self.fed += 1;
        Ok(())
    }

    /// Waits for the receipt of every line that it was given.
    pub(crate) fn wait_for_receipts(&mut self) -> Outcome<()> {
        while self.acknowledged < self.fed {
            let receipt = format!("\"record\":{},", self.acknowledged + 1);
            self.process.wait_for_line(Stream::Stdout, |line| line.contains(&receipt), DEADLINE)?;
            self.acknowledged += 1;
        }
        Ok(())
    }

    /// Gives it lines one by one, each after the receipt of the one before.
    pub(crate) fn feed_acknowledged(&mut self, lines: u64) -> Outcome<()> {
        for _ in 0..lines {
            self.feed()?;
            self.wait_for_receipts()?;
        }
        Ok(())
    }

    /// Waits until it reports a failure, and gives the code.
    pub(crate) fn wait_for_code(&self) -> Outcome<String> {
        let line = self.process.wait_for_line(Stream::Stderr, |line| line.starts_with("error["), DEADLINE)?;
        Ok(code_in(&line))
    }

    /// The code of the first failure that it has reported so far, without waiting for one.
    pub(crate) fn reported(&self) -> Option<String> {
        let said = String::from_utf8_lossy(&self.process.said(Stream::Stderr)).into_owned();
        said.lines().find(|line| line.starts_with("error[")).map(code_in)
    }

    /// How many receipts it has given, by its own output.
    pub(crate) fn receipts(&self) -> u64 {
        self.process.said(Stream::Stdout).iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// Closes its input and waits for its end; gives the exit code and what it said on standard error.
    pub(crate) fn end(mut self) -> Outcome<(Option<i32>, String)> {
        self.process.close_stdin();
        let ended = self.process.wait_with_deadline(DEADLINE)?;
        Ok((ended.code(), ended.stderr_text()))
    }
}

/// `CODE` of `error[CODE]: …`.
fn code_in(line: &str) -> String {
    line.trim_start_matches("error[").split(']').next().unwrap_or_default().to_string()
}
