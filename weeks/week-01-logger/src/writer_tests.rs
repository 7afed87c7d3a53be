//! The claims of the writer that need a real file, but neither an entry nor a second process.

use std::fs;
use std::path::Path;

use super::*;

/// A writer on `app.log` in a directory of its own.
fn writer(options: Options) -> (tempfile::TempDir, LogWriter) {
    let temp = tempfile::tempdir().unwrap();
    let writer = LogWriter::open(&LogPath::unchecked(temp.path(), "app.log"), options).unwrap();
    (temp, writer)
}

/// The size that the writer finds when it locks a file to append to, which must be the one that has the name.
fn locked_size(writer: &LogWriter) -> u64 {
    let mut inner = writer.inner.lock().unwrap();
    let size = writer.lock_current(&mut inner).unwrap();
    let locked = inner.active.as_ref().unwrap().file.id();
    let (named, _) =
        store::lookup(&inner.dir, "app.log").unwrap().expect("the writer leaves a file of that name");
    assert_eq!(locked, named, "it would append to a file that is not the log any more");
    writer.release(&mut inner);
    size
}

fn log_in(dir: &Path) -> std::path::PathBuf {
    dir.join("app.log")
}

#[test]
fn a_writer_finds_what_others_appended() {
    let (temp, writer) = writer(Options::default());
    fs::write(log_in(temp.path()), "one\n").unwrap();
    assert_eq!(locked_size(&writer), 4);
}

#[test]
fn a_writer_leaves_a_file_that_was_renamed_under_it() {
    let (temp, writer) = writer(Options::default());
    fs::write(log_in(temp.path()), "one\n").unwrap();
    assert_eq!(locked_size(&writer), 4);
    fs::rename(log_in(temp.path()), temp.path().join("app.log.000001")).unwrap();
    assert_eq!(locked_size(&writer), 0);
    assert!(log_in(temp.path()).exists());
}

#[test]
fn a_writer_leaves_a_file_that_was_replaced_or_removed_under_it() {
    let (temp, writer) = writer(Options::default());
    fs::write(temp.path().join("new"), "three\n").unwrap();
    fs::rename(temp.path().join("new"), log_in(temp.path())).unwrap();
    assert_eq!(locked_size(&writer), 6);
    fs::remove_file(log_in(temp.path())).unwrap();
    assert_eq!(locked_size(&writer), 0);
}

#[test]
fn a_writer_finds_its_directory_again_after_it_was_made_anew() {
    let temp = tempfile::tempdir().unwrap();
    let logs = temp.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let writer = LogWriter::open(&LogPath::unchecked(&logs, "app.log"), Options::default()).unwrap();
    fs::remove_dir_all(&logs).unwrap();
    fs::create_dir(&logs).unwrap();
    assert_eq!(locked_size(&writer), 0);
    assert!(log_in(&logs).exists());
}

#[test]
fn settings_that_could_store_nothing_are_refused_at_the_start() {
    let temp = tempfile::tempdir().unwrap();
    let path = LogPath::unchecked(temp.path(), "app.log");
    for (options, part) in [
        (Options { keep: 0, ..Options::default() }, "keep"),
        (Options { keep: ARCHIVES_MAX + 1, ..Options::default() }, "keep"),
        (Options { rotate_bytes: 0, ..Options::default() }, "rotate-bytes"),
    ] {
        let Err(LogError::Usage { what }) = LogWriter::open(&path, options) else { panic!("{options:?}") };
        assert!(what.starts_with(part), "{what}");
    }
    assert!(!log_in(temp.path()).exists(), "a refused setting must not create the file");
}
