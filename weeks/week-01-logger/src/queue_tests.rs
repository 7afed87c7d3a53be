//! The claims of the queue, with pipes that nobody reads and real files.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, pipe};
use std::time::Instant;

use jiff::Timestamp;
use tracing::{Dispatch, info};
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::layer::LogLayer;
use crate::limits::RECORD_BYTES_MAX;
use crate::sink::Stream;
use crate::{FixedClock, Level, LogPath, LogWriter, Options};

/// Records into a pipe that is full: the thread's next write waits for as long as nobody reads.
fn stuck() -> (PipeReader, LogLayer, Queue) {
    let (reader, writer) = pipe().unwrap();
    fill(&writer);
    let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
    let (layer, queue) = LogLayer::queued("node-1", clock, Stream(Mutex::new(writer))).unwrap();
    (reader, layer, queue)
}

/// Spaces, until not one more fits.
fn fill(pipe: &PipeWriter) {
    rustix::fs::fcntl_setfl(pipe, rustix::fs::OFlags::NONBLOCK).unwrap();
    for piece in [4096, 1] {
        while rustix::io::write(pipe, &b" ".repeat(piece)).is_ok() {}
    }
    rustix::fs::fcntl_setfl(pipe, rustix::fs::OFlags::empty()).unwrap();
}

fn entry(msg: String) -> Entry<'static> {
    Entry::new(Timestamp::UNIX_EPOCH, Level::Info, "node-1", msg)
}

fn line_of(bytes: usize) -> Vec<u8> {
    let mut line = Vec::new();
    entry("m".into()).encode(&mut line).unwrap();
    let msg = "m".repeat(bytes + 1 - line.len());
    line.clear();
    entry(msg).encode(&mut line).unwrap();
    assert_eq!(line.len(), bytes);
    line
}

fn code(result: Result<(), LogError>) -> &'static str {
    result.err().map_or("ok", |error| error.code().code)
}

/// The messages that come out of the pipe, up to and including `last`.
fn messages_until(pipe: PipeReader, last: &str) -> Vec<String> {
    let mut messages = Vec::new();
    for line in BufReader::new(pipe).lines().map(Result::unwrap) {
        let entry = Entry::decode(line.trim_start().as_bytes()).unwrap().into_owned();
        messages.push(entry.msg.into_owned());
        if messages.last().is_some_and(|msg| msg == last) {
            break;
        }
    }
    messages
}

#[test]
fn a_sink_that_is_stuck_takes_as_many_records_as_the_bound_and_refuses_the_next() {
    let (_reader, _layer, queue) = stuck();
    for number in 0..QUEUE_RECORDS_MAX {
        assert_eq!(code(queue.put(&entry(format!("record {number}")))), "ok", "{number}");
    }
    assert_eq!(code(queue.put(&entry("one too many".into()))), "LOG-QUEUE-FULL");
}

#[test]
fn a_sink_that_is_stuck_takes_as_many_bytes_as_the_bound_and_refuses_one_more() {
    let (_reader, _layer, queue) = stuck();
    let line = line_of(QUEUE_BYTES_MAX / 256);
    assert!(line.len() < RECORD_BYTES_MAX);
    for number in 0..255 {
        assert_eq!(code(queue.put_line(&line)), "ok", "{number}");
    }
    assert_eq!(code(queue.put_line(&line_of(line.len() + 1))), "LOG-QUEUE-FULL", "a byte above the bound");
    assert_eq!(code(queue.put_line(&line)), "ok", "exactly at the bound");
    assert_eq!(code(queue.put_line(b"\n")), "LOG-QUEUE-FULL");
}

#[test]
fn what_a_stuck_sink_missed_is_reported_by_the_next_record_that_it_takes() {
    let (reader, layer, queue) = stuck();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || {
        for number in 0..QUEUE_RECORDS_MAX + 3 {
            info!("record {number}");
        }
        // Somebody reads at last.
        let reading = std::thread::spawn(move || messages_until(reader, "after"));
        settle(&queue);
        info!("after");
        let messages = reading.join().unwrap();
        let expected: Vec<_> = (0..QUEUE_RECORDS_MAX).map(|number| format!("record {number}")).collect();
        assert_eq!(messages[..QUEUE_RECORDS_MAX], expected);
        let report = "the log refused 3 records before this one";
        assert_eq!(messages[QUEUE_RECORDS_MAX..], [report, "after"]);
    });
    assert_eq!(code(queue.flush()), "ok");
}

/// Returns once the thread has dealt with everything that it was given.
fn settle(queue: &Queue) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while queue.0.lock().records > 0 {
        assert!(Instant::now() < deadline, "the thread does not get on");
        std::thread::yield_now();
    }
}

#[test]
fn a_flush_of_a_stuck_sink_ends_at_its_deadline_and_says_how_many_are_missing() {
    let (_reader, layer, queue) = stuck();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || {
        (0..QUEUE_RECORDS_MAX + 5).for_each(|n| info!("record {n}"))
    });
    let missing = |result: Result<(), LogError>| match result {
        Err(LogError::Unwritten { records, .. }) => records as usize,
        other => panic!("{other:?}"),
    };
    let asked = Instant::now();
    assert_eq!(missing(queue.flush_within(Duration::from_millis(10))), QUEUE_RECORDS_MAX + 5);
    assert!(asked.elapsed() >= Duration::from_millis(10), "it gave up before its deadline");
    assert_eq!(code(queue.put(&entry("late".into()))), "LOG-QUEUE-FULL");
}

#[test]
fn below_the_bound_every_record_of_every_thread_is_in_the_file_in_order() {
    let temp = tempfile::tempdir().unwrap();
    let path = LogPath::unchecked(temp.path(), "app.log");
    let writer = Arc::new(LogWriter::open(&path, Options::default()).unwrap());
    let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
    let (_layer, queue) = LogLayer::queued("node-1", clock, writer).unwrap();
    let each = QUEUE_RECORDS_MAX / 4;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let queue = queue.clone();
            scope.spawn(move || {
                for number in 0..each {
                    queue.put(&entry(format!("{thread} {number}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(code(queue.flush()), "ok");
    let stored = std::fs::read_to_string(temp.path().join("app.log")).unwrap();
    for thread in 0..4 {
        let own = stored.lines().map(|line| Entry::decode(line.as_bytes()).unwrap().msg.into_owned());
        let own: Vec<_> = own.filter(|msg| msg.starts_with(&format!("{thread} "))).collect();
        assert_eq!(own, (0..each).map(|number| format!("{thread} {number}")).collect::<Vec<_>>());
    }
}

#[test]
fn a_record_after_the_flush_goes_to_the_log_without_a_queue() {
    let (reader, writer) = pipe().unwrap();
    let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
    let (_layer, queue) = LogLayer::queued("node-1", clock, Stream(Mutex::new(writer))).unwrap();
    queue.put(&entry("before".into())).unwrap();
    assert_eq!(code(queue.flush()), "ok");
    queue.put(&entry("after".into())).unwrap();
    assert_eq!(messages_until(reader, "after"), ["before", "after"]);
}

/// Refuses what it is told to refuse, long after the caller has gone on.
struct Refusing {
    lines: Mutex<Vec<String>>,
    refused: &'static [&'static str],
}

impl Sink for Refusing {
    fn put_line(&self, line: &[u8]) -> Result<(), LogError> {
        let msg = Entry::decode(line).unwrap().msg.into_owned();
        let refused = self.refused.iter().any(|text| msg.contains(text));
        self.lines.lock().unwrap().push(msg);
        if refused { Err(LogError::MsgEmpty) } else { Ok(()) }
    }
}

#[test]
fn a_report_of_a_loss_that_is_lost_itself_is_made_again_with_the_full_count() {
    let sink = Arc::new(Refusing { lines: Mutex::default(), refused: &["lost", "refused 2 records"] });
    let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
    let (layer, queue) = LogLayer::queued("node-1", clock, Arc::clone(&sink)).unwrap();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || {
        for msg in ["lost one", "lost two"] {
            info!("{msg}");
        }
        settle(&queue);
        info!("taken");
        settle(&queue);
        info!("lost three");
        settle(&queue);
        info!("last");
        settle(&queue);
    });
    let lines = sink.lines.lock().unwrap().clone();
    assert_eq!(
        lines,
        [
            "lost one",
            "lost two",
            "the log refused 2 records before this one",
            "taken",
            "the log refused 2 records before this one",
            "lost three",
            "the log refused 3 records before this one",
            "last",
        ]
    );
    assert_eq!(code(queue.flush()), "ok");
}
