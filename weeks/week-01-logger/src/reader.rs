//! Reading a log in the order in which it was written, over all its files, in constant memory.
//!
//! Files are numbered, and the active one has the number that rotation will give it. Reading walks up the numbers,
//! with one file open at a time:
//!
//! ```text
//!   000016  ->  000017  ->  000018  ->  active = 000019, until somebody rotates it; then it has that name
//!      \                                  |
//!       +-- removed meanwhile: a gap,     +-- at its end: stop here, or (following) wait for more
//!           which is reported
//! ```
//!
//! A reader takes no lock for longer than it needs to look at the size of the active file, so it holds no writer up,
//! and it sees the log as it was when it began: what is appended later belongs to the next reading.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::{self, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::encode::NoRecord;
use crate::limits::RECORD_BYTES_MAX;
use crate::lines::{Line, Lines};
use crate::store::{self, FileId};
use crate::{Entry, LogError, LogPath, rotate};

// ANCHOR: item
/// One step of reading.
pub enum Item<'a> {
    /// A record, and its line as it is stored.
    Record(Entry<'a>, &'a [u8]),
    /// Something that is not a record, or a file that is gone. Reading goes on behind it.
    Damage(LogError),
    /// Nothing more for now; a follower asks again later.
    Idle,
    /// The end of what there was when reading began.
    End,
}
// ANCHOR_END: item

/// Reads a log.
pub struct Reader {
    path: LogPath,
    dir: OwnedFd,
    /// The number of the file that is read now, or next.
    number: u32,
    part: Option<Part>,
    stop: Option<Stop>,
}

/// One open file of the log.
struct Part {
    lines: Lines<File>,
    id: FileId,
    name: String,
    /// It was opened under the log's own name, so it may still grow.
    active: bool,
}

/// Where a reading that does not follow comes to its end.
struct Stop {
    number: u32,
    bytes: u64,
    /// No write was under way when the size was taken, so bytes behind the last newline are a torn record.
    settled: bool,
}

/// What to do next, once a line has been looked for.
enum Step {
    Found(std::ops::Range<usize>),
    Say(Item<'static>),
    Again,
}

impl Reader {
    /// Reads the log from its oldest record to the newest that is there now.
    pub fn open(path: &LogPath) -> Result<Self, LogError> {
        let mut reader = Reader::follow(path)?;
        reader.stop = Some(reader.find_stop()?);
        Ok(reader)
    }

    /// Reads the log from its oldest record on and never ends: [`Item::Idle`] says that there is no more for now.
    pub fn follow(path: &LogPath) -> Result<Self, LogError> {
        let failed = |e| LogError::file("read", &path.full(), e);
        let dir = store::open_dir(path.parent()).map_err(failed)?;
        let archives = rotate::archives(&dir, path.name()).map_err(failed)?;
        if archives.is_empty() && store::lookup(&dir, path.name()).map_err(failed)?.is_none() {
            return Err(failed(Errno::NOENT.into()));
        }
        let number = archives.first().copied().unwrap_or(1);
        Ok(Reader { path: path.clone(), dir, number, part: None, stop: None })
    }

    /// The next record, or what there is instead.
    pub fn next_item(&mut self) -> Result<Item<'_>, LogError> {
        let found = loop {
            match self.step()? {
                Step::Found(line) => break line,
                Step::Say(item) => return Ok(item),
                Step::Again => {}
            }
        };
        let Some(part) = &self.part else { return Ok(Item::End) };
        let line = part.lines.bytes(found);
        match Entry::decode(line) {
            Ok(entry) => Ok(Item::Record(entry, line)),
            Err(NoRecord::CutOff) => Ok(Item::Damage(LogError::TornLine {
                place: place(&part.name, part.lines.count()),
                bytes: line.len() as u64 - 1,
            })),
            Err(NoRecord::Malformed(why)) => Ok(Item::Damage(LogError::LineMalformed {
                place: place(&part.name, part.lines.count()),
                why,
            })),
        }
    }

    fn step(&mut self) -> Result<Step, LogError> {
        if self.stop.as_ref().is_some_and(|stop| self.number > stop.number) {
            return Ok(Step::Say(Item::End));
        }
        let Some(part) = &mut self.part else { return self.open_next() };
        // Asked before the read: a file that had lost its name by then has no writer left, so its end is final.
        let path = self.path.full();
        let failed = |e| LogError::file("read", &path, e);
        let named =
            if part.active { store::lookup(&self.dir, self.path.name()).map_err(failed)? } else { None };
        let size_if_named = named.filter(|(id, _)| *id == part.id).map(|(_, size)| size);
        match part.lines.next_line().map_err(failed)? {
            Line::Whole(line) => return Ok(Step::Found(line)),
            Line::TooLong(bytes) => {
                let place = place(&part.name, part.lines.count());
                return Ok(Step::Say(Item::Damage(LogError::LineTooLong {
                    place,
                    bytes,
                    max: RECORD_BYTES_MAX,
                })));
            }
            Line::End => {}
        }
        let bytes = part.lines.rest_bytes();
        if let (None, Some(size)) = (&self.stop, size_if_named) {
            // The size is from before the read, so a writer may have passed it since (and its record be half visible).
            // Only a size from after the read can say that the file is shorter than what was read of it.
            let read = part.lines.consumed() + bytes;
            let emptied = size < read && {
                let now = store::lookup(&self.dir, self.path.name()).map_err(failed)?;
                now.is_some_and(|(id, size)| id == part.id && size < read)
            };
            if !emptied {
                return Ok(Step::Say(Item::Idle));
            }
            // Somebody emptied the file in place; what was in it is gone, what comes next begins at its start.
            self.part = None;
            return Ok(Step::Say(Item::Damage(LogError::FollowGap { path, files: 1 })));
        }
        let place = place(&part.name, part.lines.count() + 1);
        let settled = self.stop.as_ref().is_none_or(|stop| stop.settled || stop.number > self.number);
        self.part = None;
        self.number = self.number.saturating_add(1);
        match bytes > 0 && settled {
            true => Ok(Step::Say(Item::Damage(LogError::TornLine { place, bytes }))),
            false => Ok(Step::Again),
        }
    }

    /// Opens the file with the current number, or goes on to the next number that there is.
    fn open_next(&mut self) -> Result<Step, LogError> {
        // lab:hole logger.walk-rotated-files
        if let Some(archive) = self.open_part(&rotate::archive_name(self.path.name(), self.number), false)? {
            self.part = Some(archive);
            return Ok(Step::Again);
        }
        // The order matters: opened first and looked around afterwards, a file that is not among the archives by
        // then cannot have been rotated before it was opened, so it is the one with our number.
        let active = self.open_part(self.path.name(), true)?;
        match self.archives()?.into_iter().find(|archive| *archive >= self.number) {
            Some(next) if next == self.number => Ok(Step::Again),
            // A listing may miss a file that is renamed while the listing is made; asked by name, it is there.
            Some(_) if self.is_there(self.number)? => Ok(Step::Again),
            Some(next) => {
                let files = u64::from(next - self.number);
                self.number = next;
                Ok(Step::Say(Item::Damage(LogError::FollowGap { path: self.path.full(), files })))
            }
            None if active.is_some() => {
                self.part = active;
                Ok(Step::Again)
            }
            None if self.stop.is_some() => Ok(Step::Say(Item::End)),
            None => Ok(Step::Say(Item::Idle)),
        }
        // lab:stub todo!("logger.walk-rotated-files: the archive of this number, else the next there is, else the active file")
        // lab:end
    }

    /// The number and size of the active file at one moment.
    fn find_stop(&self) -> Result<Stop, LogError> {
        loop {
            let active = self.open_file(self.path.name())?;
            let Some((file, id)) = active else {
                return Ok(Stop { number: self.number_of_active()?, bytes: 0, settled: true });
            };
            // Where nobody holds the lock, no write is under way. It is released when `file` is closed.
            let settled = fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok();
            let number = self.number_of_active()?;
            let bytes = file.metadata().map_err(|e| self.failed("read", e))?.len();
            if !is_elsewhere(&self.dir, self.path.name(), id).map_err(|e| self.failed("read", e))? {
                return Ok(Stop { number, bytes, settled });
            }
        }
    }

    fn archives(&self) -> Result<Vec<u32>, LogError> {
        rotate::archives(&self.dir, self.path.name()).map_err(|e| self.failed("read", e))
    }

    fn is_there(&self, archive: u32) -> Result<bool, LogError> {
        let name = rotate::archive_name(self.path.name(), archive);
        let found = store::lookup(&self.dir, &name).map_err(|e| self.failed("read", e))?;
        Ok(found.is_some())
    }

    /// The number that rotation would give the active file.
    fn number_of_active(&self) -> Result<u32, LogError> {
        Ok(self.archives()?.last().map_or(1, |newest| newest.saturating_add(1)))
    }

    fn open_part(&self, name: &str, active: bool) -> Result<Option<Part>, LogError> {
        let bytes = match &self.stop {
            Some(stop) if stop.number == self.number => stop.bytes,
            _ => u64::MAX,
        };
        let opened = self.open_file(name)?;
        Ok(opened.map(|(file, id)| Part { lines: Lines::up_to(file, bytes), id, name: name.into(), active }))
    }

    fn open_file(&self, name: &str) -> Result<Option<(File, FileId)>, LogError> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = fs::openat(&self.dir, name, flags, Mode::empty()).and_then(|fd| {
            let stat = fs::fstat(&fd)?;
            match fs::FileType::from_raw_mode(stat.st_mode) {
                fs::FileType::RegularFile => Ok((File::from(fd), FileId::from(&stat))),
                _ => Err(Errno::ISDIR),
            }
        });
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.failed("read", errno.into())),
        }
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> LogError {
        LogError::file(doing, &self.path.full(), source)
    }
}

/// True when the log's name leads to another file than this one, or to none.
fn is_elsewhere(dir: &OwnedFd, name: &str, id: FileId) -> std::io::Result<bool> {
    Ok(store::lookup(dir, name)?.is_none_or(|(now, _)| now != id))
}

fn place(name: &str, line: u64) -> String {
    format!("`{name}` line {line}")
}
