//! The few file operations that an append is made of, and the real file behind them.
//!
//! The trait exists so that a test can be the disk: one that takes half a record, fills up, forgets everything that
//! was not synced. It has exactly the calls that matter for the promises of the log, at the size of a system call.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

// ANCHOR: store
/// What an append needs of a file.
pub trait Store {
    /// Writes at the end, in one system call, and says how many bytes were taken.
    fn write_once(&self, bytes: &[u8]) -> io::Result<usize>;
    /// The byte at this offset; `None` at the end of the file.
    fn byte_at(&self, offset: u64) -> io::Result<Option<u8>>;
    /// Cuts the file to this size.
    fn cut(&self, size: u64) -> io::Result<()>;
    /// Returns once the device holds every byte that was written before the call.
    fn sync(&self) -> io::Result<()>;
}
// ANCHOR_END: store

/// Which file this is, whatever its name is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl From<&Stat> for FileId {
    fn from(stat: &Stat) -> Self {
        FileId { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// A log file that is open for appending.
#[derive(Debug)]
pub struct LogFile {
    fd: OwnedFd,
    id: FileId,
    syncs: Arc<AtomicU64>,
}

impl LogFile {
    // ANCHOR: open
    /// Opens, and creates where it is missing, the file of this name in this directory.
    ///
    /// `O_APPEND` makes "go to the end and write" one step; `O_NOFOLLOW` and the check of the type keep the log
    /// from ending up in a device or behind somebody's symbolic link; `O_NONBLOCK` keeps a FIFO from hanging us.
    ///
    /// `syncs` counts the syncs that succeeded, over all files of one writer.
    pub fn open(dir: &OwnedFd, name: &str, syncs: Arc<AtomicU64>) -> Result<Self, Errno> {
        let flags = OFlags::RDWR
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::CLOEXEC
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK;
        let opened = fs::openat(dir, name, flags, Mode::from_raw_mode(0o640));
        // A socket cannot be opened at all, which is no more use than a directory.
        let fd = opened.map_err(|errno| if errno == Errno::NXIO { Errno::ISDIR } else { errno })?;
        let stat = fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Errno::ISDIR);
        }
        Ok(LogFile { fd, id: FileId::from(&stat), syncs })
    }
    // ANCHOR_END: open

    /// Which file this is.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Takes the file's advisory lock, waiting at most this long; false when somebody else kept it.
    ///
    /// The lock belongs to the open file, so the kernel releases it when its holder dies, however it dies. There is
    /// no system call that waits for it with a deadline, so this one asks again: at once, then ever less often.
    pub fn lock(&self, wait: Duration) -> io::Result<bool> {
        let start = Instant::now();
        let mut pause = LOCK_PAUSE_MIN;
        for attempt in 0u32.. {
            match fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(true),
                Err(Errno::WOULDBLOCK) if start.elapsed() >= wait => return Ok(false),
                Err(Errno::WOULDBLOCK) if attempt < LOCK_YIELDS => std::thread::yield_now(),
                Err(Errno::WOULDBLOCK) => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LOCK_PAUSE_MAX);
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(false)
    }

    /// Releases the lock.
    pub fn unlock(&self) -> io::Result<()> {
        Ok(fs::flock(&self.fd, FlockOperation::Unlock)?)
    }
}

/// How often a writer asks for the lock before it sleeps in between: a record takes about as long as a few yields.
const LOCK_YIELDS: u32 = 4;
const LOCK_PAUSE_MIN: Duration = Duration::from_micros(20);
const LOCK_PAUSE_MAX: Duration = Duration::from_micros(640);

impl Store for LogFile {
    fn write_once(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::write(&self.fd, bytes))?)
    }

    fn byte_at(&self, offset: u64) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let read = rustix::io::retry_on_intr(|| rustix::io::pread(&self.fd, &mut byte, offset))?;
        Ok((read == 1).then_some(byte[0]))
    }

    fn cut(&self, size: u64) -> io::Result<()> {
        Ok(rustix::io::retry_on_intr(|| fs::ftruncate(&self.fd, size))?)
    }

    fn sync(&self) -> io::Result<()> {
        fs::fdatasync(&self.fd)?;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// What lies under this name in this directory now: its identity and size, or nothing.
pub fn lookup(dir: &OwnedFd, name: &str) -> io::Result<Option<(FileId, u64)>> {
    match fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some((FileId::from(&stat), stat.st_size.unsigned_abs()))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Opens a directory to work in.
pub fn open_dir(path: &std::path::Path) -> io::Result<OwnedFd> {
    Ok(fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}
