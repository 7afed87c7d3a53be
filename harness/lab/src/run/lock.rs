//! One writer of evidence at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::{BUSY, EVIDENCE_FILE, Failure};

/// Held while evidence is written. The kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a workspace, or says that another process has it.
    pub fn take(root: &Path) -> Result<Self, Failure> {
        let folder = root.join("target");
        let path = folder.join("lab.lock");
        let refused = |e: std::io::Error| Failure::new(&EVIDENCE_FILE, format!("{}: {e}", path.display()));
        std::fs::create_dir_all(&folder).map_err(refused)?;
        let file = File::options().create(true).write(true).truncate(false).open(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::new(&BUSY, format!("{} is held by another process", path.display())))
            }
            Err(TryLockError::Error(e)) => Err(refused(e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_refused_until_the_first_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        assert_eq!(Lock::take(dir.path()).unwrap_err().code.code, "LAB-BUSY");
        drop(first);
        Lock::take(dir.path()).unwrap();
    }
}
