//! The writer: entries in, acknowledged records out.
//!
//! ```text
//!  append ── check, encode ── lock ── still the file of that name? ── room for it? ── write once ── unlock ── sync?
//!                              |        no: open the new one           no: rotate       |             by mode
//!                              |        and lock that                                   |
//!                              +---------- no other process in here ------------------+
//! ```
//!
//! The lock is the kernel's advisory lock on the active file itself: no extra lock file, and no stale lock, since it
//! goes when its holder goes. Whoever waited for it looks again whether the name still leads to the locked file,
//! because the holder may have rotated it away; that look is what keeps records out of renamed files.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::commit::{Commit, Durability};
use crate::limits::{ARCHIVES_MAX, SOLE_LOOK_MS_MAX};
use crate::options::{Options, Receipt, Sharing};
use crate::store::{self, FileId, LogFile};
use crate::{Entry, LogError, LogPath, append, rotate};

/// Appends entries to one log. Threads may share it; processes open one each.
pub struct LogWriter {
    path: LogPath,
    options: Options,
    inner: Mutex<Inner>,
    commit: Arc<Commit<LogFile>>,
    syncs: Arc<AtomicU64>,
    batch_thread: Option<JoinHandle<()>>,
}

struct Inner {
    dir: OwnedFd,
    active: Option<Active>,
    /// How many records this writer has stored.
    stored: u64,
}

thread_local! {
    /// The encoded record, outside the lock. Its first byte is a newline, which closes a torn tail and is left out
    /// where there is none.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Active {
    file: Arc<LogFile>,
    locked: bool,
    /// The size up to which the file is known to end in a newline.
    clean_to: u64,
    /// Since when a sole owner relies on its last look at the name; `None` asks for a look before the next record.
    looked: Option<Instant>,
}

impl LogWriter {
    /// Opens a log, creating the file where it is missing. What cannot work is found here, not at the first append.
    pub fn open(path: &LogPath, options: Options) -> Result<Self, LogError> {
        if !(1..=ARCHIVES_MAX).contains(&options.keep) {
            return Err(LogError::Usage { what: format!("keep must be 1 to {ARCHIVES_MAX}") });
        }
        if options.rotate_bytes == 0 {
            return Err(LogError::Usage { what: "rotate-bytes must be at least 1".into() });
        }
        let dir = store::open_dir(path.parent()).map_err(|e| LogError::file("open", &path.full(), e))?;
        let inner = Inner { dir, active: None, stored: 0 };
        let mut writer = LogWriter {
            path: path.clone(),
            options,
            inner: Mutex::new(inner),
            commit: Arc::default(),
            syncs: Arc::default(),
            batch_thread: None,
        };
        {
            let mut inner = writer.inner.lock().unwrap_or_else(PoisonError::into_inner);
            writer.lock_current(&mut inner)?;
            writer.release(&mut inner);
        }
        if options.durability == Durability::Batch {
            let commit = Arc::clone(&writer.commit);
            let spawned =
                std::thread::Builder::new().name("log-sync".into()).spawn(move || commit.sync_in_batches());
            writer.batch_thread =
                Some(spawned.map_err(|e| LogError::file("start syncing", &path.full(), e))?);
        }
        Ok(writer)
    }

    /// The path that was opened.
    pub fn path(&self) -> &LogPath {
        &self.path
    }

    /// How many syncs the device has confirmed to this writer.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    // ANCHOR: append
    /// Stores one entry. When it returns, the record has what the durability mode promises; when it fails, the
    /// record is not in the log, unless the code is `LOG-SYNC-FAILED`, which means that nobody knows.
    pub fn append(&self, entry: &Entry<'_>) -> Result<Receipt, LogError> {
        self.append_encoded(|line| entry.encode(line))
    }

    /// Stores one line that [`Entry::encode`] has made before, newline included.
    pub(crate) fn append_line(&self, encoded: &[u8]) -> Result<Receipt, LogError> {
        debug_assert!(encoded.iter().position(|byte| *byte == b'\n') == Some(encoded.len().wrapping_sub(1)));
        self.append_encoded(|line| {
            line.extend_from_slice(encoded);
            Ok(())
        })
    }

    fn append_encoded(
        &self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), LogError>,
    ) -> Result<Receipt, LogError> {
        let (receipt, number) = LINE.with_borrow_mut(|line| {
            line.clear();
            line.push(b'\n');
            encode(line)?;
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let stored = self.store(&mut inner, line);
            self.release(&mut inner);
            Ok((stored?, inner.stored))
        })?;
        match self.options.durability {
            Durability::None => Ok(()),
            Durability::Batch => self.commit.wait_for_room(number),
            Durability::Always => self.commit.wait_for(number),
        }
        .map_err(|source| self.sync_failed(source))?;
        Ok(receipt)
    }
    // ANCHOR_END: append

    /// Returns once the records that this writer stored are on the device; in mode `none`, those in the active file.
    pub fn sync(&self) -> Result<(), LogError> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(active) = &inner.active {
            self.commit.wrote(inner.stored, &active.file);
        }
        drop(inner);
        self.commit.wait_for_all().map_err(|source| self.sync_failed(source))
    }

    /// Ends a piece of work as the durability mode promises: in mode `none`, nothing is left to do.
    pub fn finish(&self) -> Result<(), LogError> {
        if self.options.durability == Durability::None { Ok(()) } else { self.sync() }
    }

    /// Writes an encoded line, which has a newline in front for the case that the tail is torn.
    fn store(&self, inner: &mut Inner, line: &[u8]) -> Result<Receipt, LogError> {
        let bytes = line.len() - 1;
        let mut size = self.lock_current(inner)?;
        let mut torn = self.ends_torn(inner, size)?;
        let mut rotated = None;
        if rotate::is_due(size, (bytes + usize::from(torn)) as u64, self.options.rotate_bytes) {
            rotated = Some(self.rotate(inner)?);
            size = self.lock_current(inner)?;
            torn = self.ends_torn(inner, size)?;
        }
        let Some(active) = &mut inner.active else { unreachable!("lock_current leaves an active file") };
        let line = if torn { line } else { &line[1..] };
        let written = append::append_once(&*active.file, &self.path.full(), size, line);
        if written.is_err() {
            // The file may end in a fragment now, and the reason may be that it is not our log any more.
            active.looked = None;
        }
        written?;
        let offset = size + u64::from(torn);
        active.clean_to = offset + bytes as u64;
        if self.options.sharing == Sharing::Sole {
            active.looked.get_or_insert_with(Instant::now);
        }
        inner.stored += 1;
        if self.options.durability != Durability::None {
            self.commit.wrote(inner.stored, &active.file);
        }
        Ok(Receipt { offset, bytes, sealed_torn_line: torn, rotated })
    }

    /// True when somebody left a torn record at the end. Only a size that we did not leave behind ourselves can hide
    /// one.
    fn ends_torn(&self, inner: &Inner, size: u64) -> Result<bool, LogError> {
        match &inner.active {
            Some(active) if size != active.clean_to => {
                append::ends_torn(&*active.file, size).map_err(|e| self.failed("read", e))
            }
            _ => Ok(false),
        }
    }

    // ANCHOR: lock-current
    /// Locks the file that the path names now, opening it where needed, and gives its size.
    fn lock_current(&self, inner: &mut Inner) -> Result<u64, LogError> {
        for _ in 0..REOPENS_MAX {
            let active = match &mut inner.active {
                Some(active) => active,
                none => none.insert(self.open_active(&mut inner.dir)?),
            };
            if !active.locked {
                let wait = Duration::from_millis(self.options.lock_wait_ms);
                active.locked = active.file.lock(wait).map_err(|e| self.failed("lock", e))?;
                if !active.locked {
                    return Err(self.busy());
                }
            }
            if active.looked.is_some_and(|looked| looked.elapsed() < SOLE_LOOK_MAX) {
                return Ok(active.clean_to);
            }
            if let Some(size) = self.size_if_current(&inner.dir, active.file.id())? {
                active.looked = None;
                return Ok(size);
            }
            self.let_go(inner)?;
        }
        Err(self.busy())
    }
    // ANCHOR_END: lock-current

    /// The size of the active file, provided that the log's name still leads to it. A file that has been rotated
    /// away, or deleted, takes no more records, even though it is open and locked.
    fn size_if_current(&self, dir: &OwnedFd, ours: FileId) -> Result<Option<u64>, LogError> {
        // lab:hole logger.follow-the-name
        match store::lookup(dir, self.path.name()).map_err(|e| self.failed("look up", e))? {
            Some((id, size)) if id == ours => Ok(Some(size)),
            _ => Ok(None),
        }
        // lab:stub todo!("logger.follow-the-name: compare what the name leads to now with the file that is locked")
        // lab:end
    }

    /// Opens the active file; where its directory was removed and made again, in the new one.
    fn open_active(&self, dir: &mut OwnedFd) -> Result<Active, LogError> {
        let open = |dir: &OwnedFd| LogFile::open(dir, self.path.name(), Arc::clone(&self.syncs));
        let file = match open(dir) {
            Err(rustix::io::Errno::NOENT) => {
                *dir = store::open_dir(self.path.parent()).map_err(|e| self.failed("open", e))?;
                open(dir)
            }
            opened => opened,
        };
        let file = file.map_err(|e| self.failed("open", e.into()))?;
        if self.options.durability != Durability::None {
            // A synced record in a file whose name is not on the device would be lost with the name.
            rustix::fs::fsync(&*dir).map_err(|e| self.sync_failed(e.into()))?;
        }
        Ok(Active { file: Arc::new(file), locked: false, clean_to: 0, looked: None })
    }

    /// Archives the full active file, which is locked, and forgets it.
    fn rotate(&self, inner: &mut Inner) -> Result<u32, LogError> {
        let number = rotate::rotate(&inner.dir, self.path.name(), self.options.keep)
            .map_err(|source| LogError::RotateFailed { path: self.path.full(), source })?;
        self.let_go(inner)?;
        Ok(number)
    }

    /// Unlocks the active file and forgets it. No record is left behind in it that still waits for a sync.
    fn let_go(&self, inner: &mut Inner) -> Result<(), LogError> {
        let outcome = match self.options.durability {
            Durability::None => Ok(()),
            _ => self.commit.wait_for_all().map_err(|source| self.sync_failed(source)),
        };
        if let Some(active) = inner.active.take() {
            // Not left to the closing of the file: the syncing side may hold it open for longer.
            let _ = active.file.unlock();
        }
        outcome
    }

    /// Ends an append: a shared log is unlocked, a solely owned one stays locked.
    fn release(&self, inner: &mut Inner) {
        if self.options.sharing == Sharing::Sole {
            return;
        }
        if let Some(active) = inner.active.as_mut().filter(|active| active.locked) {
            active.locked = false;
            if active.file.unlock().is_err() {
                // A file that cannot be unlocked is closed, which unlocks it as well.
                inner.active = None;
            }
        }
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> LogError {
        LogError::file(doing, &self.path.full(), source)
    }

    fn sync_failed(&self, source: std::io::Error) -> LogError {
        LogError::SyncFailed { path: self.path.full(), source }
    }

    fn busy(&self) -> LogError {
        LogError::Busy { path: self.path.full(), waited_ms: self.options.lock_wait_ms }
    }
}

const SOLE_LOOK_MAX: Duration = Duration::from_millis(SOLE_LOOK_MS_MAX);

/// How often an append follows the name to a new file before it gives up; each time, somebody else has rotated a
/// whole file in between.
const REOPENS_MAX: u32 = 64;

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.commit.close();
        if let Some(thread) = self.batch_thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
