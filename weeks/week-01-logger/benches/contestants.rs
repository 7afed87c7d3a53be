//! Who is measured, and what each of them promises.
//!
//! | contestant | the call returns when | a killed process loses | a power cut loses |
//! | --- | --- | --- | --- |
//! | `none`, `none-sole` | the kernel has the record | nothing that was acknowledged | no promise |
//! | `batch` | the kernel has the record | nothing that was acknowledged | the last 20 ms and the time of one sync, at most 4096 records |
//! | `always` | the device has the record | nothing that was acknowledged | nothing that was acknowledged |
//! | `appender-rolling` | the kernel has the record | nothing that was acknowledged | no promise |
//! | `appender-queue` | the record is in a queue of this process | what is queued, up to 128,000 records | no promise |

use std::io;
use std::path::Path;

use logger::layer::LogLayer;
use logger::{ClockSpec, Durability, LogPath, LogWriter, Options, Sharing};
use tracing::Dispatch;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_appender::rolling;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::slice::Outcome;

/// One way to log.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) peer: bool,
    pub(crate) start: fn(&Path) -> io::Result<Running>,
}

/// A subscriber that logs to a file, and what has to be dropped before the file is complete.
pub(crate) struct Running {
    pub(crate) dispatch: Dispatch,
    pub(crate) finish: Box<dyn FnOnce() + Send>,
}

/// The file that every contestant writes.
pub(crate) const FILE: &str = "bench.log";

pub(crate) const ALL: &[Contestant] = &[
    Contestant { name: "none", peer: false, start: |dir| ours(dir, Durability::None, Sharing::Shared) },
    Contestant { name: "none-sole", peer: false, start: |dir| ours(dir, Durability::None, Sharing::Sole) },
    Contestant { name: "batch", peer: false, start: |dir| ours(dir, Durability::Batch, Sharing::Shared) },
    Contestant { name: "always", peer: false, start: |dir| ours(dir, Durability::Always, Sharing::Shared) },
    Contestant { name: "appender-rolling", peer: true, start: rolling_peer },
    Contestant { name: "appender-queue", peer: true, start: queueing_peer },
];

/// Ours, theirs, id, claim, how two turns of one round compare (above 1, ours is better), and the bar for the median.
/// A bar stands only where both sides promise the same.
type Comparison =
    (&'static str, &'static str, &'static str, &'static str, fn(&Outcome, &Outcome) -> f64, Option<f64>);

/// Which comparisons are reported. Where both contestants return at the same point, it is the median call that is
/// compared: it is what a logging thread feels, and a pause of the machine does not move it. A queue has to be judged
/// by when its records arrive.
pub(crate) const COMPARED: &[Comparison] = &[
    (
        "none-sole",
        "appender-rolling",
        "sole-vs-rolling",
        "The median call of a process that owns its log; both return once the kernel has the record.",
        by_median_call,
        Some(1.0),
    ),
    (
        "none",
        "appender-rolling",
        "shared-vs-rolling",
        "The median call where ours shares its log safely with other processes, at a lock and a look for each record.",
        by_median_call,
        None,
    ),
    (
        "batch",
        "appender-rolling",
        "batch-vs-rolling",
        "The median call where ours shares its log and also bounds what a power cut can take.",
        by_median_call,
        None,
    ),
    (
        "none-sole",
        "appender-queue",
        "sole-vs-queue",
        "Records a second until all are in the file; the peer's call returns earlier and promises less.",
        by_throughput,
        None,
    ),
];

fn by_median_call(ours: &Outcome, theirs: &Outcome) -> f64 {
    theirs.latency.value_at_quantile(0.5) as f64 / ours.latency.value_at_quantile(0.5) as f64
}

fn by_throughput(ours: &Outcome, theirs: &Outcome) -> f64 {
    ours.records_per_second() / theirs.records_per_second()
}

fn ours(dir: &Path, durability: Durability, sharing: Sharing) -> io::Result<Running> {
    let path = LogPath::new(dir.join(FILE)).map_err(io::Error::other)?;
    let options = Options { durability, sharing, ..Options::default() };
    let writer = std::sync::Arc::new(LogWriter::open(&path, options).map_err(io::Error::other)?);
    let layer = LogLayer::new("bench", ClockSpec::System.build(), std::sync::Arc::clone(&writer));
    let finish = Box::new(move || {
        if let Err(error) = writer.finish() {
            eprintln!("warning: {error}");
        }
    });
    Ok(Running { dispatch: Dispatch::new(registry().with(layer)), finish })
}

/// The plain appender: one write for each record, from the thread that logs.
fn rolling_peer(dir: &Path) -> io::Result<Running> {
    let appender = rolling::never(dir, FILE);
    // A rolling appender writes through a shared reference, so threads need no lock around it.
    let dispatch = json_lines(appender);
    Ok(Running { dispatch, finish: Box::new(|| ()) })
}

/// The same file behind a queue and a thread. Not lossy: with its default, a full queue drops records silently.
fn queueing_peer(dir: &Path) -> io::Result<Running> {
    let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(rolling::never(dir, FILE));
    // Dropping the guard waits until the queue is written, but not longer than a second: slices are shorter.
    Ok(Running { dispatch: json_lines(writer), finish: Box::new(move || drop(guard)) })
}

/// The peer's records hold what ours hold: time, level, and the event's fields side by side.
fn json_lines<W>(writer: W) -> Dispatch
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(writer);
    Dispatch::new(registry().with(layer))
}
