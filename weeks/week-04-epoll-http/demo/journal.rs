//! The script's own log, written by the tool of week 1: each step is a record, acknowledged before the next begins.

use std::io::Write;
use std::path::{Path, PathBuf};

use faults::process::{Launch, Process, Stream};

use crate::Outcome;
use crate::stage::{DEADLINE, records};

/// An `eventlog append` that is fed a line a step.
pub(crate) struct Journal {
    process: Process,
    log: PathBuf,
    steps: u64,
}

impl Journal {
    pub(crate) fn begin(log: &Path) -> Outcome<Self> {
        let process = Launch::of(faults::binary("eventlog")?)
            .arg("append")
            .arg(log)
            .args(["--stdin", "--json", "--node-id", "demo"])
            .stdin_open()
            .spawn()?;
        Ok(Journal { process, log: log.to_owned(), steps: 0 })
    }

    /// Writes a step down.
    pub(crate) fn step(&mut self, what: &str) -> Outcome<()> {
        eprintln!("{what}");
        self.steps += 1;
        let stdin = self.process.stdin().ok_or("the journal's standard input is closed")?;
        writeln!(stdin, "{what}")?;
        let receipt = format!("\"record\":{},", self.steps);
        self.process.wait_for_line(Stream::Stdout, |line| line.contains(&receipt), DEADLINE)?;
        Ok(())
    }

    /// Ends it, and gives the steps with their times in milliseconds since 1970.
    pub(crate) fn end(mut self) -> Outcome<Vec<(i64, String)>> {
        self.process.close_stdin();
        let ended = self.process.wait_with_deadline(DEADLINE)?;
        if ended.code() != Some(0) {
            return Err(format!("eventlog: {}", ended.stderr_text()).into());
        }
        let (records, _) = records(&self.log)?;
        Ok(records.into_iter().map(|entry| (entry.ts.as_millisecond(), entry.msg.into_owned())).collect())
    }
}
