//! One request, through every process that it touched: its records out of any number of logs, in the order of time.
//!
//! ```text
//!   client.log, client.log.000001 ──┐
//!   server.log ─────────────────────┼─▶ records with this request id ─▶ by time ─▶ a line each, a lane each process
//!   health.log ─────────────────────┘
//! ```
//!
//! Nothing is asked of a log but week 1's format: a client chose the id, the protocol carried it, and both sides logged
//! it, so the same word stands in both files.
//!
//! # Invariants
//!
//! - A log that cannot be read is a failure, and never a log without records: what is missing from a trace must be
//!   missing from the logs.
//! - What is not a record is counted and named, and reading goes on behind it, as `eventlog read` does.
//! - Memory does not grow with the logs: at most [`RECORDS_MAX`] records are kept, the earliest, and the rest counted.
//!
//! # What it cannot show
//!
//! Times are those of each process's own clock. Within one machine that is one clock; between two, an answer may seem
//! to come before its question by as much as their clocks differ. Order within one process is never in doubt: records
//! of one log with the same time stay as they lie there.

mod render;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use logger::{Coded, Entry, Item, LogPath, Reader, rotate};

pub use render::{Lanes, line, record};

use crate::error::Failure;

/// Records of one trace that are kept. A record is at most [`logger::limits::RECORD_BYTES_MAX`] long, so a trace takes
/// at most 16 MiB.
pub const RECORDS_MAX: usize = 1024;

/// Damaged places of one log that are named; the rest is counted.
pub const DAMAGE_NAMED_MAX: u64 = 16;

/// Which records belong to a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Those of this request.
    Request(String),
    /// Those of every request whose id begins so.
    Prefix(String),
}

impl Wanted {
    fn accepts(&self, entry: &Entry<'_>) -> bool {
        match (self, entry.request_id.as_deref()) {
            (_, None) => false,
            (Wanted::Request(id), Some(found)) => found == id,
            (Wanted::Prefix(beginning), Some(found)) => found.starts_with(beginning.as_str()),
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wanted::Request(id) => f.write_str(id),
            Wanted::Prefix(beginning) => write!(f, "{beginning}…"),
        }
    }
}

/// A record of the trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The record.
    pub entry: Entry<'static>,
    /// Which log it lies in, by its place in [`Trace::logs`].
    pub log: usize,
    /// How many records of the trace lie before it in that log.
    place: u64,
}

impl Found {
    fn key(&self) -> (jiff::Timestamp, usize, u64) {
        (self.entry.ts, self.log, self.place)
    }
}

/// The latest of the kept records is the first to go.
struct ByTime(Found);

impl PartialEq for ByTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ByTime {}

impl PartialOrd for ByTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key().cmp(&other.0.key())
    }
}

/// One log that was searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// Its path.
    pub path: PathBuf,
    /// How many of its records belong to the trace.
    pub records: u64,
    /// How many places of it are not records.
    pub damaged: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The records, by time; of one time, as they lie in their logs.
    pub records: Vec<Found>,
    /// Records that are later than these and were not kept.
    pub left_out: u64,
    /// The logs that were searched.
    pub logs: Vec<Searched>,
}

/// Reads logs, rotated files included, and collects the records that are wanted. `on_damage` is told of damaged places
/// as they are met.
///
/// # Errors
/// A path that cannot name a log and a log that cannot be read, with the code that `eventlog` gives them.
pub fn collect(wanted: &Wanted, logs: &[PathBuf], on_damage: &mut dyn FnMut(&str)) -> Result<Trace, Failure> {
    let mut kept = BinaryHeap::new();
    let mut left_out = 0;
    let mut searched = Vec::new();
    for path in distinct(logs)? {
        let log = searched.len();
        let mut seen = Searched { path: path.full(), records: 0, damaged: 0 };
        let mut reader = Reader::open(&path).map_err(coded)?;
        loop {
            match reader.next_item().map_err(coded)? {
                Item::Record(entry, _) if wanted.accepts(&entry) => {
                    kept.push(ByTime(Found { entry: entry.into_owned(), log, place: seen.records }));
                    seen.records += 1;
                    if kept.len() > RECORDS_MAX {
                        kept.pop();
                        left_out += 1;
                    }
                }
                Item::Record(..) => {}
                Item::Damage(damage) => {
                    seen.damaged += 1;
                    if seen.damaged <= DAMAGE_NAMED_MAX {
                        on_damage(&damage.warning());
                    }
                }
                Item::Idle | Item::End => break,
            }
        }
        searched.push(seen);
    }
    let records = kept.into_sorted_vec().into_iter().map(|ByTime(found)| found).collect();
    Ok(Trace { records, left_out, logs: searched })
}

/// Each log once. `logs/*` names a log beside its rotated files, which are read with it.
fn distinct(logs: &[PathBuf]) -> Result<Vec<LogPath>, Failure> {
    let mut all: Vec<LogPath> = Vec::new();
    for path in logs {
        let path = LogPath::new(path).map_err(coded)?;
        if !all.contains(&path) {
            all.push(path);
        }
    }
    let is_part_of = |part: &LogPath, log: &LogPath| {
        part.parent() == log.parent() && rotate::archive_number(log.name(), part.name()).is_some()
    };
    let whole = all.iter().filter(|path| !all.iter().any(|log| is_part_of(path, log)));
    Ok(whole.cloned().collect())
}

fn coded(error: logger::LogError) -> Failure {
    Failure::new(error.code(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_named_twice_or_beside_its_rotated_files_is_read_once() {
        let named = ["a/app.log.000001", "a/app.log", "./a//app.log", "b/app.log.000001", "a/app.log.1"];
        let paths: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
        let read: Vec<_> = distinct(&paths).unwrap().iter().map(|path| path.full()).collect();
        let expected = ["a/app.log", "b/app.log.000001", "a/app.log.1"].map(PathBuf::from);
        assert_eq!(read, expected);
    }

    #[test]
    fn a_path_that_cannot_name_a_log_is_refused_with_the_code_of_its_tool() {
        let failure = distinct(&[PathBuf::from("a/../b.log")]).unwrap_err();
        assert!(failure.code.code.starts_with("LOG-PATH"), "{failure:?}");
    }

    #[test]
    fn only_the_same_id_is_wanted_unless_a_beginning_was_asked_for() {
        let mut entry = Entry::new(jiff::Timestamp::UNIX_EPOCH, logger::Level::Info, "n", "m");
        let id = Wanted::Request("r-1".into());
        let beginning = Wanted::Prefix("r-1".into());
        assert!(!id.accepts(&entry) && !Wanted::Prefix(String::new()).accepts(&entry));
        entry.request_id = Some("r-1".into());
        assert!(id.accepts(&entry) && beginning.accepts(&entry));
        entry.request_id = Some("r-17".into());
        assert!(!id.accepts(&entry) && beginning.accepts(&entry));
    }
}
