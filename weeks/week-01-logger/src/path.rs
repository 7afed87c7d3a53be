//! The path of a log, judged once and then trusted.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::LogError;
use crate::limits::{FILE_NAME_BYTES_MAX, PATH_BYTES_MAX};

// ANCHOR: log-path
/// A path that can name a log: normalized, within its limits, printable, and with a file name.
///
/// Two spellings of one file must not pass two different checks, so the path is normalized first: `./a//b.log` is
/// `a/b.log`. `..` is refused instead of resolved, because what it means depends on symbolic links that nobody has
/// looked at yet. Control characters are refused because the path appears in lines on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPath {
    parent: PathBuf,
    name: String,
}
// ANCHOR_END: log-path

impl LogPath {
    /// Normalizes and judges a path.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, LogError> {
        // lab:hole logger.normalize-path
        let path = path.as_ref();
        let invalid = |why| LogError::PathInvalid { path: path.to_path_buf(), why };
        let Some(text) = path.to_str() else { return Err(invalid("is not UTF-8")) };
        if text.chars().any(char::is_control) {
            return Err(invalid("contains a control character"));
        }
        if text.is_empty() || text.ends_with('/') || text.ends_with("/.") {
            return Err(invalid("has no file name"));
        }
        let mut normal = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir => return Err(invalid("contains `..`")),
                Component::CurDir => {}
                kept => normal.push(kept),
            }
        }
        let Some(name) = normal.file_name().and_then(|n| n.to_str()) else {
            return Err(invalid("has no file name"));
        };
        at_most("path", normal.as_os_str().len(), PATH_BYTES_MAX)?;
        at_most("file name", name.len(), FILE_NAME_BYTES_MAX)?;
        let parent = match normal.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        Ok(LogPath { name: name.to_string(), parent })
        // lab:stub todo!("logger.normalize-path: normalize first, then judge what is left")
        // lab:end
    }

    /// A path that nobody judged, for tests of what comes after judging.
    #[cfg(test)]
    pub(crate) fn unchecked(parent: &Path, name: &str) -> Self {
        LogPath { parent: parent.to_path_buf(), name: name.into() }
    }

    /// The directory that the log lies in.
    pub fn parent(&self) -> &Path {
        &self.parent
    }

    /// The file name of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole path.
    pub fn full(&self) -> PathBuf {
        match self.parent == Path::new(".") {
            true => PathBuf::from(&self.name),
            false => self.parent.join(&self.name),
        }
    }
}

/// Refuses a part of a path that is too long.
fn at_most(part: &'static str, bytes: usize, max: usize) -> Result<(), LogError> {
    if bytes > max { Err(LogError::PathTooLong { part, bytes, max }) } else { Ok(()) }
}

impl fmt::Display for LogPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.full().display().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Coded;

    fn refusal(path: &str) -> &'static str {
        LogPath::new(path).unwrap_err().code().code
    }

    #[test]
    fn spellings_of_one_file_become_one_path() {
        for spelling in ["logs/app.log", "./logs/app.log", "logs//app.log", "logs/./app.log"] {
            assert_eq!(LogPath::new(spelling).unwrap().full(), Path::new("logs/app.log"), "{spelling}");
        }
    }

    #[test]
    fn a_bare_name_lies_in_the_current_directory() {
        let path = LogPath::new("app.log").unwrap();
        assert_eq!((path.parent(), path.name()), (Path::new("."), "app.log"));
        assert_eq!(path.to_string(), "app.log");
    }

    #[test]
    fn paths_that_name_no_file_are_refused() {
        for path in ["", "/", ".", "..", "logs/", "logs/.", "../app.log", "logs/../app.log"] {
            assert_eq!(refusal(path), "LOG-PATH-INVALID", "{path:?}");
        }
    }

    #[test]
    fn control_characters_in_a_path_are_refused() {
        for path in ["a\nb.log", "a\u{7f}.log", "a\u{85}.log", "a\0b"] {
            assert_eq!(refusal(path), "LOG-PATH-INVALID", "{path:?}");
        }
    }

    #[test]
    fn a_file_name_is_taken_at_its_limit_and_refused_one_byte_above() {
        assert!(LogPath::new("n".repeat(FILE_NAME_BYTES_MAX)).is_ok());
        assert_eq!(refusal(&"n".repeat(FILE_NAME_BYTES_MAX + 1)), "LOG-PATH-TOO-LONG");
    }

    #[test]
    fn a_path_is_taken_at_its_limit_and_refused_one_byte_above() {
        let mut path = "/d".repeat(PATH_BYTES_MAX / 2);
        path.push_str(&"n".repeat(PATH_BYTES_MAX - path.len()));
        assert!(LogPath::new(&path).is_ok());
        path.push('n');
        assert_eq!(refusal(&path), "LOG-PATH-TOO-LONG");
    }

    #[test]
    fn the_limit_judges_the_normalized_path() {
        let path = format!("{}app.log", "./".repeat(PATH_BYTES_MAX));
        assert_eq!(LogPath::new(path).unwrap().full(), Path::new("app.log"));
    }
}
