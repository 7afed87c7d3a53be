//! A follower beside a writer, in one process and as fast as both can go.
//!
//! A reader that asks for the size of a file, then reads, then compares the two has three moments and not one. Between
//! them the file grows, a record may be half visible, and a directory may change while it is listed. None of that is a
//! gap, and a follower that takes it for one starts again and shows records twice.

#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use logger::reader::{Item, Reader};
use logger::{Entry, LogPath};

/// Against hangs only: a run takes a fraction of a second.
const DEADLINE: Duration = Duration::from_secs(30);

const RECORDS: usize = 1_000;

fn line(number: usize) -> String {
    let ts = "2026-01-01T00:00:00.000000Z";
    format!(r#"{{"ts":"{ts}","level":"INFO","node_id":"local","msg":"record {number}"}}"#) + "\n"
}

/// How many records the writer may be ahead. A follower that lags reads old files, where nothing happens any more.
const AHEAD_MAX: usize = 3;

/// Waits until the follower is near, or has had all the time that it gets.
fn stay_near(number: usize, seen: &AtomicUsize, start: Instant) {
    while number > seen.load(Ordering::Relaxed) + AHEAD_MAX && start.elapsed() < DEADLINE {
        std::hint::spin_loop();
    }
}

/// Follows a log beside a writer that adds record after record to it, until the last one was seen. Every record must
/// come once, in order, with no damage in between.
fn follows_without_a_gap(mut write: impl FnMut(&Path, usize) + Send) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    fs::write(&log, "").unwrap();
    let mut reader = Reader::follow(&LogPath::new(log.clone()).unwrap()).unwrap();
    let (seen, start) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..RECORDS {
                stay_near(number, &seen, start);
                write(&log, number);
            }
        });
        let mut next = 0;
        while next < RECORDS {
            match reader.next_item().unwrap() {
                Item::Record(Entry { msg, .. }, _) => {
                    assert_eq!(msg, format!("record {next}"));
                    next += 1;
                    seen.store(next, Ordering::Relaxed);
                }
                Item::Damage(damage) => panic!("after {next} records: {damage}"),
                Item::Idle | Item::End => assert!(start.elapsed() < DEADLINE, "stuck after {next} records"),
            }
        }
    });
}

fn appending(log: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(log).unwrap()
}

#[test]
fn a_half_visible_record_is_not_taken_for_an_emptied_file() {
    follows_without_a_gap(|log, number| {
        let mut log = appending(log);
        for byte in line(number).as_bytes().chunks(1) {
            log.write_all(byte).unwrap();
        }
    });
}

#[test]
fn a_file_that_is_renamed_while_the_directory_is_listed_is_not_missed() {
    // A rotation a record, and as it is done for real: rename first, then a new file of the old name.
    follows_without_a_gap(|log, number| {
        appending(log).write_all(line(number).as_bytes()).unwrap();
        fs::rename(log, log.with_file_name(format!("app.log.{:06}", number + 1))).unwrap();
    });
}
