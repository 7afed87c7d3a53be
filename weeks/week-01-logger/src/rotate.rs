//! Rotation: where a full log goes, what it is called there, and how many of it are kept.
//!
//! ```text
//!  app.log          <- writers append here, and only here
//!  app.log.000018   <- the newest archive
//!  app.log.000017
//!  app.log.000016   <- the oldest that is kept; 000015 was removed when 000018 was named
//! ```
//!
//! An archive keeps its name for as long as it exists. (The older custom, shifting `.1` to `.2` and so on, renames
//! every file at every rotation, so a position that somebody noted down means another file a minute later.)
//!
//! Rotation happens under the lock of the active file, which is held by every append too. So nobody writes to a file
//! that has been renamed, and no two processes rotate at once. A crash between the steps leaves an archive more than
//! is wanted, or no active file; both are put right by whoever comes next.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, Dir, RenameFlags};
use rustix::io::Errno;

/// True when a record of this size must go into a new file. A file always takes its first record, so no setting can
/// make a log that takes none: a file holds at most the larger of `bytes_max` and one record.
pub fn is_due(size: u64, record_bytes: u64, bytes_max: u64) -> bool {
    // lab:hole logger.rotation-due
    size > 0 && size.checked_add(record_bytes).is_none_or(|after| after > bytes_max)
    // lab:stub todo!("logger.rotation-due: before the record that would not fit, but never before the first")
    // lab:end
}

// ANCHOR: archive-name
/// The name of an archive.
pub fn archive_name(log: &str, number: u32) -> String {
    format!("{log}.{number:06}")
}
// ANCHOR_END: archive-name

/// The number in an archive's name; `None` for every other name.
pub fn archive_number(log: &str, name: &str) -> Option<u32> {
    let digits = name.strip_prefix(log)?.strip_prefix('.')?;
    let number: u32 = digits.parse().ok()?;
    (archive_name(log, number) == name).then_some(number)
}

/// The numbers of the archives in this directory, oldest first.
pub fn archives(dir: &OwnedFd, log: &str) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for item in Dir::read_from(dir)? {
        let item = item?;
        if let Some(number) = item.file_name().to_str().ok().and_then(|name| archive_number(log, name)) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Moves the active file aside and removes the archives that are too many; gives the new archive's number. The
/// caller holds the active file's lock.
///
/// First the rename, then the removals: a crash in between leaves too much, never too little. `NOREPLACE` turns a
/// name that is already taken into an error instead of a lost file.
pub fn rotate(dir: &OwnedFd, log: &str, keep: u32) -> io::Result<u32> {
    // lab:hole logger.rotate
    let mut numbers = archives(dir, log)?;
    let next = match numbers.last() {
        Some(newest) => newest.checked_add(1).ok_or(Errno::OVERFLOW)?,
        None => 1,
    };
    fs::renameat_with(dir, log, dir, archive_name(log, next), RenameFlags::NOREPLACE)?;
    numbers.push(next);
    let too_many = numbers.len().saturating_sub(keep as usize);
    for oldest in &numbers[..too_many] {
        match fs::unlinkat(dir, archive_name(log, *oldest), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(next)
    // lab:stub todo!("logger.rotate: name the archive after the newest, then remove the oldest beyond `keep`")
    // lab:end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open_dir;

    /// A directory with these files, each holding its own name.
    fn holding(names: &[&str]) -> (tempfile::TempDir, OwnedFd) {
        let temp = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(temp.path().join(name), name).unwrap();
        }
        let dir = open_dir(temp.path()).unwrap();
        (temp, dir)
    }

    fn names_in(temp: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(temp.path())
            .unwrap()
            .map(|item| item.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn rotation_is_due_only_when_the_record_would_pass_the_limit() {
        assert!(!is_due(60, 40, 100), "exactly full is not too full");
        assert!(is_due(61, 40, 100));
        assert!(!is_due(0, 400, 100), "an empty file takes a record of any size");
        assert!(is_due(1, u64::MAX, u64::MAX));
    }

    #[test]
    fn the_full_log_becomes_the_newest_archive_and_the_oldest_goes() {
        let (temp, dir) = holding(&["app.log", "app.log.000016", "app.log.000017", "app.log.000018"]);
        assert_eq!(rotate(&dir, "app.log", 3).unwrap(), 19);
        assert_eq!(names_in(&temp), ["app.log.000017", "app.log.000018", "app.log.000019"]);
        assert_eq!(std::fs::read_to_string(temp.path().join("app.log.000019")).unwrap(), "app.log");
    }

    #[test]
    fn archives_left_over_by_a_crash_are_removed_by_the_next_rotation() {
        let (temp, dir) = holding(&["app.log", "app.log.000001", "app.log.000002", "app.log.000003"]);
        rotate(&dir, "app.log", 1).unwrap();
        assert_eq!(names_in(&temp), ["app.log.000004"]);
    }

    #[test]
    fn files_that_only_look_like_archives_are_left_alone() {
        let others = [
            "app.log.1",
            "app.log.gz",
            "app.log.-00001",
            "app.log.0000001",
            "other.log.000001",
            "app.log.+00001",
        ];
        let (temp, dir) = holding(&[&["app.log"], &others[..]].concat());
        rotate(&dir, "app.log", 1).unwrap();
        for other in others {
            assert!(names_in(&temp).contains(&other.to_string()), "{other}");
        }
    }

    #[test]
    fn a_number_is_never_given_twice_even_past_six_digits() {
        let (temp, dir) = holding(&["app.log", "app.log.999999"]);
        assert_eq!(rotate(&dir, "app.log", 2).unwrap(), 1_000_000);
        assert_eq!(names_in(&temp), ["app.log.1000000", "app.log.999999"]);
        assert_eq!(archives(&dir, "app.log").unwrap(), [999_999, 1_000_000]);
    }

    #[test]
    fn a_log_that_used_up_its_numbers_is_refused_and_left_as_it_was() {
        let (temp, dir) = holding(&["app.log", "app.log.4294967295"]);
        assert!(rotate(&dir, "app.log", 2).is_err());
        assert_eq!(names_in(&temp), ["app.log", "app.log.4294967295"]);
    }
}
