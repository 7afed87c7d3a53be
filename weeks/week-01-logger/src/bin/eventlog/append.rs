//! `eventlog append`.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use logger::lines::{Line, Lines};
use logger::{Clock, Coded, Entry, Exit, LogError, LogPath, LogWriter, Options, Receipt, Sharing};
use logger::{limits, signals, usage};

use crate::args::AppendArgs;

/// How long a refused record waits between two tries.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn run(args: AppendArgs) -> Result<(), LogError> {
    let path = LogPath::new(&args.log)?;
    // What must be refused is refused before the log is touched, or even created.
    entry(&args, Timestamp::UNIX_EPOCH, args.msg.as_deref().unwrap_or("-")).check()?;
    signals::fail_at_file_size_limit().map_err(|e| LogError::file("prepare", &path.full(), e))?;
    let options = Options {
        durability: args.durability,
        sharing: if args.sole { Sharing::Sole } else { Sharing::Shared },
        rotate_bytes: args.rotate_bytes,
        keep: args.keep,
        lock_wait_ms: u64::try_from(args.lock_wait.as_millis()).unwrap_or(limits::LOCK_WAIT_MS_MAX),
    };
    let writer = persist(&args, || LogWriter::open(&path, options))?;
    let mut session = Session { clock: args.clock.build(), args, writer, stored: 0 };
    match session.args.msg.clone() {
        Some(msg) => session.append(&msg)?,
        None => session.append_lines()?,
    }
    session.writer.finish()
}

/// One run of `append`.
struct Session {
    args: AppendArgs,
    clock: Arc<dyn Clock>,
    writer: LogWriter,
    stored: u64,
}

impl Session {
    /// One record for each line of standard input. A blank line says nothing and is passed over.
    fn append_lines(&mut self) -> Result<(), LogError> {
        let mut lines = Lines::new(io::stdin().lock());
        loop {
            let found =
                lines.next_line().map_err(|e| LogError::file("read", "standard input".as_ref(), e))?;
            let too_large = |bytes| LogError::MsgTooLarge { bytes, max: limits::MSG_BYTES_MAX };
            let (line, last) = match found {
                Line::Whole(line) => (lines.bytes(line), false),
                Line::TooLong(bytes) => return Err(too_large(bytes as usize - 1)),
                Line::End if lines.rest().len() as u64 == lines.rest_bytes() => (lines.rest(), true),
                Line::End => return Err(too_large(lines.rest_bytes() as usize)),
            };
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let Ok(msg) = std::str::from_utf8(line) else {
                let number = lines.count() + u64::from(last);
                return Err(LogError::NotUtf8 { what: format!("line {number} of standard input") });
            };
            if !msg.is_empty() {
                self.append(msg)?;
            }
            if last {
                return Ok(());
            }
        }
    }

    fn append(&mut self, msg: &str) -> Result<(), LogError> {
        let entry = entry(&self.args, self.clock.now(), msg);
        let receipt = persist(&self.args, || self.writer.append(&entry))?;
        self.stored += 1;
        if receipt.sealed_torn_line {
            // The fragment ends where this record begins, less the newline that closes it.
            let place = format!("`{}` before byte {}", self.writer.path(), receipt.offset);
            usage::complain(&LogError::TornTail { place }.warning());
        }
        if self.args.json {
            self.print(&receipt).map_err(|source| LogError::Output { source })?;
        }
        Ok(())
    }

    /// Prints a receipt, at once: whoever reads it may act on it.
    fn print(&self, receipt: &Receipt) -> io::Result<()> {
        let json = serde_json::json!({
            "record": self.stored,
            "offset": receipt.offset,
            "bytes": receipt.bytes,
            "durability": self.args.durability.to_string(),
            "rotated": receipt.rotated,
        });
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{json}")?;
        stdout.flush()
    }
}

/// The record that these arguments describe.
fn entry<'a>(args: &'a AppendArgs, ts: Timestamp, msg: &'a str) -> Entry<'a> {
    let mut entry = Entry::new(ts, args.level, args.node_id.as_str(), msg);
    entry.request_id = args.request_id.as_deref().map(Into::into);
    entry.latency_ms = args.latency_ms;
    entry.result = args.result.as_deref().map(Into::into);
    entry.error_code = args.error_code.as_deref().map(Into::into);
    entry
}

/// Tries again for as long as `--retry-for` says. Each kind of refusal is reported once, not once a try.
fn persist<T>(args: &AppendArgs, mut attempt: impl FnMut() -> Result<T, LogError>) -> Result<T, LogError> {
    let patience = args.retry_for.and_then(|d| Duration::try_from(d).ok()).unwrap_or_default();
    let start = Instant::now();
    let mut reported = None;
    loop {
        match attempt() {
            Err(error) if is_worth_a_retry(&error) && start.elapsed() < patience => {
                if reported.replace(error.code().code) != Some(error.code().code) {
                    usage::complain(&error.line());
                }
                std::thread::sleep(RETRY_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// Files and locks may become available again. After a failed sync the record may be in the log already, so a
/// retry could store it twice.
fn is_worth_a_retry(error: &LogError) -> bool {
    matches!(error.code().exit, Exit::File | Exit::Network) && !matches!(error, LogError::SyncFailed { .. })
}
