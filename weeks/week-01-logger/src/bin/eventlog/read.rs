//! `eventlog read` and `eventlog search`.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::time::{Duration, Instant};

use logger::limits::FOLLOW_POLL_MS;
use logger::signals::StopFlag;
use logger::{Coded, Filter, Item, LogError, LogPath, Reader, usage};

use crate::args::{OutputArgs, ReadArgs, SearchArgs};
use crate::render;

pub(crate) fn read(args: ReadArgs) -> Result<(), LogError> {
    let path = LogPath::new(&args.log)?;
    let mut report = Report::new(&args.filter, &args.output, true);
    if args.follow {
        let stop = StopFlag::on_signals().map_err(|e| LogError::file("prepare", &path.full(), e))?;
        let patience = args.follow_for.and_then(|d| Duration::try_from(d).ok());
        let deadline = patience.and_then(|patience| Instant::now().checked_add(patience));
        let done = || stop.is_raised() || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        report.follow(Reader::follow(&path)?, done)?;
    } else {
        report.all(Reader::open(&path)?)?;
    }
    report.finish(&path, &args.output)
}

pub(crate) fn search(args: SearchArgs) -> Result<(), LogError> {
    let path = LogPath::new(&args.log)?;
    let mut report = Report::new(&args.filter, &args.output, !args.count);
    report.all(Reader::open(&path)?)?;
    if args.count {
        let found = report.found;
        report.print(|out| writeln!(out, "{found}"))?;
    }
    let found = report.found;
    report.finish(&path, &args.output)?;
    if found == 0 { Err(LogError::NoMatch { path: path.full() }) } else { Ok(()) }
}

/// What goes to standard output, and what was noticed on the way.
struct Report<'a> {
    filter: &'a Filter,
    json: bool,
    show: bool,
    out: BufWriter<StdoutLock<'static>>,
    found: u64,
    damaged: u64,
    /// Whoever read our output has gone; there is nobody left to print for, which is not a failure of ours.
    unread: bool,
}

impl<'a> Report<'a> {
    fn new(filter: &'a Filter, output: &OutputArgs, show: bool) -> Self {
        let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        Report { filter, json: output.json, show, out, found: 0, damaged: 0, unread: false }
    }

    /// Everything up to the end of the log.
    fn all(&mut self, mut reader: Reader) -> Result<(), LogError> {
        while self.take(reader.next_item()?)? == Took::Something && !self.unread {}
        Ok(())
    }

    /// Everything, and what is appended from now on, until `done`.
    fn follow(&mut self, mut reader: Reader, done: impl Fn() -> bool) -> Result<(), LogError> {
        while !self.unread {
            if self.take(reader.next_item()?)? == Took::Something {
                continue;
            }
            self.print(|out| out.flush())?;
            // Looked at only when there is nothing more to read, so that a deadline cuts no record off.
            if done() {
                break;
            }
            std::thread::sleep(Duration::from_millis(FOLLOW_POLL_MS));
        }
        Ok(())
    }

    fn take(&mut self, item: Item<'_>) -> Result<Took, LogError> {
        match item {
            Item::Record(entry, line) => {
                if self.filter.accepts(&entry) {
                    self.found += 1;
                    let (json, show) = (self.json, self.show);
                    self.print(|out| match (show, json) {
                        (false, _) => Ok(()),
                        (true, true) => out.write_all(line),
                        (true, false) => render::line(out, &entry),
                    })?;
                }
            }
            Item::Damage(damage) => {
                self.damaged += 1;
                // In order with the records around it, for who reads both streams on one terminal.
                self.print(|out| out.flush())?;
                usage::complain(&damage.warning());
            }
            Item::Idle | Item::End => return Ok(Took::Nothing),
        }
        Ok(Took::Something)
    }

    fn print(
        &mut self,
        write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>,
    ) -> Result<(), LogError> {
        match write(&mut self.out) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => self.unread = true,
            Err(source) => return Err(LogError::Output { source }),
            Ok(()) => {}
        }
        Ok(())
    }

    fn finish(mut self, path: &LogPath, output: &OutputArgs) -> Result<(), LogError> {
        if !self.unread {
            self.print(|out| out.flush())?;
        }
        match output.strict && self.damaged > 0 {
            true => Err(LogError::Damaged { path: path.full(), places: self.damaged }),
            false => Ok(()),
        }
    }
}

/// Whether there was anything to take.
#[derive(PartialEq)]
enum Took {
    Something,
    Nothing,
}
