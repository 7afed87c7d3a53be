//! One record, one write, all or nothing: the core of the write path.
//!
//! The caller holds the file's lock, so the file does not grow under it. What can still go wrong is the disk, and a
//! writer that died here before us:
//!
//! ```text
//!             +-----------+-----------+
//!  clean      | record \n | record \n |                     last byte is a newline
//!             +-----------+-----------+-----+
//!  torn       | record \n | record \n | rec               a writer died inside its write
//!             +-----------+-----------+-----+-----------+
//!  sealed     | record \n | record \n | rec\n | record \n   the fragment becomes a line of its own
//!             +-----------+-----------+-----+-----------+
//! ```
//!
//! A torn tail is sealed and never cut away: those bytes are evidence of what happened, and the reader knows how to
//! pass over them. A fragment of *our own* record, left by a write that ran out of space, is cut away at once: we
//! hold the lock, so nobody has written behind it.

use std::io;
use std::path::Path;

use crate::LogError;
use crate::store::Store;

/// True when the file ends inside a record, given its size.
pub fn ends_torn(store: &impl Store, size: u64) -> io::Result<bool> {
    // lab:hole logger.detect-torn-tail
    match size.checked_sub(1) {
        None => Ok(false),
        Some(last) => Ok(store.byte_at(last)? != Some(b'\n')),
    }
    // lab:stub todo!("logger.detect-torn-tail: look at the last byte; an empty file is clean")
    // lab:end
}

/// Appends `bytes` to a file of this size with a single write, or leaves the file as it was.
///
/// A second write for the rest would be no repair: a kill between the two leaves half a record behind, and the rest
/// will not fit either. So what was taken is given back, and the record is reported as not written.
pub fn append_once(store: &impl Store, path: &Path, size: u64, bytes: &[u8]) -> Result<(), LogError> {
    // lab:hole logger.append-once
    let failure = match store.write_once(bytes) {
        Ok(taken) if taken == bytes.len() => return Ok(()),
        Ok(taken) => LogError::ShortWrite { path: path.to_path_buf(), taken, bytes: bytes.len() },
        Err(source) => LogError::file("append to", path, source),
    };
    // Where cutting fails too, the tail stays torn, and the next writer seals it.
    let _ = store.cut(size);
    Err(failure)
    // lab:stub todo!("logger.append-once: one write; a part that was taken is given back")
    // lab:end
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::Coded;

    /// A disk that follows a script: how many bytes each write takes, and whether cutting works.
    struct ScriptedDisk {
        held: RefCell<Vec<u8>>,
        takes: RefCell<Vec<io::Result<usize>>>,
        cuts: bool,
    }

    impl ScriptedDisk {
        fn holding(held: &[u8], takes: Vec<io::Result<usize>>) -> Self {
            ScriptedDisk { held: RefCell::new(held.to_vec()), takes: RefCell::new(takes), cuts: true }
        }

        fn append(&self, bytes: &[u8]) -> Result<(), LogError> {
            let size = self.held.borrow().len() as u64;
            append_once(self, Path::new("app.log"), size, bytes)
        }

        fn text(&self) -> String {
            String::from_utf8(self.held.borrow().clone()).unwrap()
        }
    }

    impl Store for ScriptedDisk {
        fn write_once(&self, bytes: &[u8]) -> io::Result<usize> {
            assert!(!self.takes.borrow().is_empty(), "a second write: the record is no longer atomic");
            let taken = self.takes.borrow_mut().remove(0)?.min(bytes.len());
            self.held.borrow_mut().extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn byte_at(&self, offset: u64) -> io::Result<Option<u8>> {
            Ok(self.held.borrow().get(offset as usize).copied())
        }

        fn cut(&self, size: u64) -> io::Result<()> {
            if !self.cuts {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            self.held.borrow_mut().truncate(size as usize);
            Ok(())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    const ALL: usize = usize::MAX;

    #[test]
    fn a_record_is_written_by_a_single_write() {
        let disk = ScriptedDisk::holding(b"one\n", vec![Ok(ALL)]);
        disk.append(b"two\n").unwrap();
        assert_eq!(disk.text(), "one\ntwo\n");
    }

    // ANCHOR: given-back
    #[test]
    fn a_record_that_was_taken_in_part_is_given_back_whole() {
        for taken in 0..4 {
            let disk = ScriptedDisk::holding(b"one\n", vec![Ok(taken)]);
            let refused = disk.append(b"two\n").unwrap_err();
            assert_eq!(refused.code().code, "LOG-SHORT-WRITE");
            assert_eq!(refused.to_string(), format!("`app.log` took {taken} of 4 bytes"));
            assert_eq!(disk.text(), "one\n");
        }
    }
    // ANCHOR_END: given-back

    #[test]
    fn a_full_disk_is_told_apart_from_a_file_size_limit() {
        for (kind, code) in [
            (io::ErrorKind::StorageFull, "LOG-STORAGE-FULL"),
            (io::ErrorKind::FileTooLarge, "LOG-FILE-SIZE-LIMIT"),
        ] {
            let disk = ScriptedDisk::holding(b"one\n", vec![Err(kind.into())]);
            assert_eq!(disk.append(b"two\n").unwrap_err().code().code, code);
            assert_eq!(disk.text(), "one\n");
        }
    }

    #[test]
    fn a_fragment_that_cannot_be_given_back_is_reported_all_the_same() {
        let mut disk = ScriptedDisk::holding(b"one\n", vec![Ok(2)]);
        disk.cuts = false;
        assert_eq!(disk.append(b"two\n").unwrap_err().code().code, "LOG-SHORT-WRITE");
        assert_eq!(disk.text(), "one\ntw");
        assert!(ends_torn(&disk, 6).unwrap());
    }

    #[test]
    fn a_file_is_torn_when_its_last_byte_is_no_newline() {
        for (held, torn) in
            [(&b""[..], false), (b"one\n", false), (b"one", true), (b"one\ntw", true), (b"\n", false)]
        {
            let disk = ScriptedDisk::holding(held, vec![]);
            assert_eq!(ends_torn(&disk, held.len() as u64).unwrap(), torn, "{held:?}");
        }
    }
}
