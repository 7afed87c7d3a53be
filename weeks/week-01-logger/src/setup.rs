//! How a program sets up its logging: one call, and the arguments that every tool of the lab shares.

use std::sync::{Arc, Mutex};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::layer::LogLayer;
use crate::outage::LogProbe;
use crate::sink::{Sink, Stream};
use crate::{Clock, ClockSpec, Coded, Durability, Level, LogError, LogPath, LogWriter, Options, usage};

/// The logging arguments of a tool; add them with `#[command(flatten)]`.
#[derive(Debug, Clone, clap::Args)]
pub struct LogArgs {
    /// Where records go: a path, or `stderr`
    #[arg(long = "log", value_name = "PATH", default_value = "stderr", value_parser = parse_target)]
    pub target: LogTarget,
    /// The least level that is recorded: trace, debug, info, warn or error
    #[arg(long = "log-level", value_name = "LEVEL", default_value = "info")]
    pub level: Level,
    /// When a record counts as stored: none, batch or always
    #[arg(long = "log-durability", value_name = "MODE", default_value = "none")]
    pub durability: Durability,
    /// The name of this process in its records
    #[arg(long, value_name = "NAME")]
    pub node_id: Option<String>,
    /// Where time comes from: system, or fixed:2026-01-01T00:00:00Z with an optional ,step=1ms
    #[arg(long, value_name = "CLOCK", default_value = "system")]
    pub clock: ClockSpec,
}

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard error.
    Stderr,
    /// A file, rotated and shared.
    File(LogPath),
}

fn parse_target(text: &str) -> Result<LogTarget, String> {
    match text {
        "stderr" => Ok(LogTarget::Stderr),
        path => LogPath::new(path).map(LogTarget::File).map_err(|e| e.to_string()),
    }
}

impl LogArgs {
    /// The setup that these arguments ask for; `node_id` is the name where `--node-id` gives none.
    pub fn setup(&self, node_id: &str) -> Setup {
        let setup = Setup::new(self.node_id.as_deref().unwrap_or(node_id))
            .level(self.level)
            .clock(self.clock.build());
        match &self.target {
            LogTarget::Stderr => setup,
            LogTarget::File(path) => {
                setup.file(path.clone(), Options { durability: self.durability, ..Options::default() })
            }
        }
    }
}

/// How a program logs; [`Setup::install`] is the one call that a `main` makes.
pub struct Setup {
    node_id: String,
    level: Level,
    clock: Arc<dyn Clock>,
    file: Option<(LogPath, Options)>,
    queued: bool,
}

impl Setup {
    /// Records of `INFO` and above from `node_id`, with the machine's time, to standard error.
    pub fn new(node_id: impl Into<String>) -> Self {
        Setup {
            node_id: node_id.into(),
            level: Level::Info,
            clock: ClockSpec::System.build(),
            file: None,
            queued: false,
        }
    }

    /// Only records of at least this level.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Times from this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Into a file instead of standard error.
    pub fn file(mut self, path: LogPath, options: Options) -> Self {
        self.file = Some((path, options));
        self
    }

    /// No logging call waits for the log: records go through a [`Queue`](crate::queue::Queue), for programs whose threads may never block,
    /// such as an event loop. What is queued is lost when the process is killed.
    pub fn queued(mut self) -> Self {
        self.queued = true;
        self
    }

    /// The layer, for a program that composes its own subscriber.
    pub fn layer(self) -> Result<(LogLayer, Logging), LogError> {
        let Some((path, options)) = &self.file else {
            return self.onto(Arc::new(Stream(Mutex::new(std::io::stderr()))));
        };
        let writer = LogWriter::open(path, *options)?;
        self.onto(Arc::new(writer))
    }

    fn onto(self, sink: Arc<impl Sink>) -> Result<(LogLayer, Logging), LogError> {
        if self.queued {
            let (layer, queue) = LogLayer::queued(self.node_id, self.clock, sink)?;
            let probe = layer.probe();
            let (end, complain) = (Box::new(move || queue.flush()), usage::complain_at_once);
            return Ok((layer, Logging { end, complain, probe }));
        }
        let layer = LogLayer::new(self.node_id, self.clock, Arc::clone(&sink));
        let probe = layer.probe();
        Ok((layer, Logging { end: Box::new(move || sink.finish()), complain: usage::complain, probe }))
    }

    /// Makes this the logging of the whole process. Keep what it returns until the end of `main`.
    pub fn install(self) -> Result<Logging, LogError> {
        let filter = LevelFilter::from(tracing::Level::from(self.level));
        let (layer, logging) = self.layer()?;
        tracing_subscriber::registry()
            .with(layer.with_filter(filter))
            .try_init()
            .map_err(|_| LogError::InstalledTwice)?;
        Ok(logging)
    }
}

/// Logging that is set up. Dropping it syncs the log, as far as its durability mode promises; a queued log is written
/// out first, within [`QUEUE_FLUSH_MS_MAX`](crate::limits::QUEUE_FLUSH_MS_MAX).
#[must_use = "the log is synced when this is dropped, so keep it until the end of `main`"]
pub struct Logging {
    end: Box<dyn Fn() -> Result<(), LogError> + Send + Sync>,
    complain: fn(&str),
    probe: LogProbe,
}

impl Logging {
    /// A look at the log for as long as the program likes, from any thread.
    pub fn probe(&self) -> LogProbe {
        self.probe.clone()
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        if let Err(error) = (self.end)() {
            (self.complain)(&error.line());
        }
    }
}
