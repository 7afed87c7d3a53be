//! A program that logs to standard error through the queue goes on and ends in time, although nobody reads its
//! standard error.
//!
//! This could be fooled by a pipe that holds everything, so the records that come out of it afterwards are counted: they
//! must be fewer than were logged. The program is this file itself, started as a process of its own.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{BufRead, BufReader, PipeReader, Write, pipe};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use logger::Setup;
use logger::limits::{QUEUE_FLUSH_MS_MAX, QUEUE_RECORDS_MAX};

/// How long a program that does not stand still may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// What the program said on standard output, line by line, as it says it.
struct Program {
    child: std::process::Child,
    lines: mpsc::Receiver<String>,
    stderr: PipeReader,
}

/// Starts the program below with a standard error that nobody reads.
fn start(program: &str) -> Program {
    let (stderr, unread) = pipe().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", program, "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .stderr(unread)
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let (said, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = said.send(line);
        }
    });
    Program { child, lines, stderr }
}

impl Program {
    fn waits_for(&self, wanted: &str, deadline: Duration) -> bool {
        while let Ok(line) = self.lines.recv_timeout(deadline) {
            if line.ends_with(wanted) {
                return true;
            }
        }
        false
    }

    /// Its end, once its standard output has ended; nothing was read from its standard error until then.
    fn end(mut self) -> (ExitStatus, usize) {
        let ended = self.child.wait().unwrap();
        let lines = BufReader::new(self.stderr).split(b'\n').map_while(Result::ok).count();
        (ended, lines)
    }
}

fn log_more_than_a_pipe_holds() {
    for number in 0..QUEUE_RECORDS_MAX {
        tracing::info!(number, "one of more records than a pipe takes");
    }
    say("logged");
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).unwrap();
}

#[test]
#[ignore = "a program for the test below"]
fn logs_through_the_queue() {
    let logging = Setup::new("blocked").queued().install().unwrap();
    log_more_than_a_pipe_holds();
    drop(logging);
    say("ended");
}

#[test]
fn with_the_queue_a_standard_error_that_nobody_reads_stops_nobody() {
    let program = start("logs_through_the_queue");
    assert!(program.waits_for("logged", DEADLINE), "a logging call waited for standard error");
    assert!(
        program.waits_for("ended", DEADLINE),
        "it did not end {QUEUE_FLUSH_MS_MAX} ms after it was asked to"
    );
    let (ended, lines) = program.end();
    assert!(ended.success(), "{ended}");
    assert!(lines > 0 && lines < QUEUE_RECORDS_MAX, "{lines} records: the pipe was never full");
}
