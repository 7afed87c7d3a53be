//! Reads a small file that somebody named, up to a bound.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The system could not.
    #[error("cannot read `{}`: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said. Text that is not UTF-8 is `InvalidData`.
        error: io::Error,
    },
    /// It is longer than its bound.
    #[error("`{}` is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The bound.
        bytes_max: u64,
    },
}

/// The text of the file, of `bytes_max` bytes at most. One byte more is read to know, and no other.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<String, Unread> {
    let io = |error| Unread::Io { path: path.to_owned(), error };
    let mut text = String::new();
    let read = File::open(path).map_err(io)?.take(bytes_max + 1).read_to_string(&mut text).map_err(io)?;
    if read as u64 > bytes_max {
        return Err(Unread::TooLong { path: path.to_owned(), bytes_max });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_exactly_the_bound_is_read_and_one_byte_more_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (bytes, fits) in [(0, true), (10, true), (11, false), (5_000, false)] {
            std::fs::write(&path, "x".repeat(bytes)).unwrap();
            assert_eq!(read(&path, 10).is_ok(), fits, "{bytes} bytes");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("/no/such/policy.yaml"), 10).unwrap_err();
        assert!(error.to_string().starts_with("cannot read `/no/such/policy.yaml`"), "{error}");
    }
}
