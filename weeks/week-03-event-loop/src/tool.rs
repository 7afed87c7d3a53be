//! What a server on this loop accepts on its command line, and how it starts and ends; shared with week 4.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use framing::server::{StartError, listen, write_port_file};
use framing::{Deadlines, FrameLimit, HEADER_BYTES, arguments};
use logger::{Coded, ErrorCode, LogArgs, LogError};
use rustix::process::{Resource, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::event_loop::{CONNECTIONS_MAX_DEFAULT, CONNECTIONS_MAX_HARD};
use crate::{Config, EventLoop, Poller, Service, Stopped, Timers, catalog};

/// The arguments of a server on this loop; add them with `#[command(flatten)]`.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7003")]
    pub listen: SocketAddr,
    /// Also write the address into this file, whole or not at all
    #[arg(long, value_name = "PATH")]
    pub port_file: Option<PathBuf>,
    /// Largest payload of a frame, in bytes
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = arguments::limit)]
    pub limit: FrameLimit,
    /// How long a connection may be silent between two frames
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = arguments::timeout)]
    pub idle_timeout: Duration,
    /// How long one frame may take, from its first byte to its last
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::timeout)]
    pub read_timeout: Duration,
    /// How long a peer may take for the bytes that wait for it
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::timeout)]
    pub write_timeout: Duration,
    /// Connections served at once
    #[arg(long, value_name = "COUNT", default_value_t = CONNECTIONS_MAX_DEFAULT as u64,
          value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX_HARD as u64))]
    pub connections: u64,
    /// Bytes that may wait for a peer before nothing more is read from it
    #[arg(long, value_name = "BYTES", default_value_t = crate::OUTBOUND_PAUSE_BYTES_DEFAULT)]
    pub pause_at: usize,
    /// Bytes that may wait for a peer before it is given up
    #[arg(long, value_name = "BYTES", default_value_t = crate::OUTBOUND_CAP_BYTES_DEFAULT)]
    pub outbound_cap: usize,
    /// How long begun frames may take to finish after a signal
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = arguments::timeout)]
    pub drain: Duration,
    /// Speak JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Where records go, and which
    #[command(flatten)]
    pub log: LogArgs,
}

/// Why a server did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be had.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The log cannot be had.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The bounds contradict each other.
    #[error("an outbound cap of {cap} bytes does not hold the pause mark of {pause} and a frame of {frame}")]
    Bounds {
        /// The cap asked for.
        cap: usize,
        /// The pause mark asked for.
        pause: usize,
        /// The largest frame, header included.
        frame: usize,
    },
    /// The loop cannot run.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Connections were left at the end of all patience.
    #[error("{0} connections did not end after the drain")]
    Abandoned(usize),
}

impl Coded for ServeError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            ServeError::Start(error) => error.code(),
            ServeError::Log(error) => error.code(),
            ServeError::Bounds { .. } => &catalog::LOOP_BOUNDS,
            ServeError::System { .. } => &catalog::LOOP_SYSTEM,
            ServeError::Abandoned(_) => &catalog::LOOP_ABANDONED,
        }
    }
}

impl ServeArgs {
    /// The deadlines of a connection.
    pub fn deadlines(&self) -> Deadlines {
        Deadlines { idle: self.idle_timeout, read: self.read_timeout, write: self.write_timeout }
    }

    /// The bounds of the loop.
    ///
    /// # Errors
    /// [`ServeError::Bounds`]: a peer within its pause mark must be able to receive the largest answer.
    pub fn config(&self) -> Result<Config, ServeError> {
        let frame = HEADER_BYTES + self.limit.bytes() as usize;
        if self.outbound_cap < self.pause_at.saturating_add(frame) {
            return Err(ServeError::Bounds { cap: self.outbound_cap, pause: self.pause_at, frame });
        }
        Ok(Config {
            connections_max: self.connections as usize,
            pause_bytes: self.pause_at.max(1),
            cap_bytes: self.outbound_cap,
            write: self.write_timeout,
            drain: self.drain,
        })
    }
}

/// Runs a server until a signal ends it: logging that does not wait, the listener, the loop, the words on standard
/// output that scripts wait for.
///
/// `prepare` may add to the loop before it runs, such as a second listener.
///
/// # Errors
/// [`ServeError`]; each is on record as well where there is a log.
pub fn serve<P: Poller, T: Timers, S: Service>(
    args: &ServeArgs,
    timers: T,
    service: S,
    prepare: impl FnOnce(&mut EventLoop<P, T, S>) -> Result<(), ServeError>,
) -> Result<(), ServeError> {
    let outcome = listen_and_run(args, timers, service, prepare);
    if let Err(error) = &outcome {
        tracing::error!(error_code = error.code().code, result = "failed", "{error}");
    }
    outcome
}

fn listen_and_run<P: Poller, T: Timers, S: Service>(
    args: &ServeArgs,
    timers: T,
    service: S,
    prepare: impl FnOnce(&mut EventLoop<P, T, S>) -> Result<(), ServeError>,
) -> Result<(), ServeError> {
    let config = args.config()?;
    raise_descriptor_limit();
    // Signals are heard before anybody can learn the address, so that no stop can come too early.
    let signals = signals().map_err(|source| ServeError::System { doing: "hearing signals", source })?;
    let (listener, address) = listen(args.listen)?;
    let system = |doing| move |source| ServeError::System { doing, source };
    let mut event_loop =
        EventLoop::<P, T, S>::new(config, timers, service).map_err(system("starting the loop"))?;
    event_loop.listen(listener).map_err(system("watching the listener"))?;
    prepare(&mut event_loop)?;
    tracing::info!(result = "ok", poller = P::NAME, "listening on {address}");
    say(args.json, &serde_json::json!({ "listening": address.to_string(), "poller": P::NAME }), || {
        format!("listening on {address}")
    })?;
    if let Some(path) = &args.port_file {
        write_port_file(path, address)?;
    }
    let stopped = event_loop.run(&signals).map_err(system("waiting for events"))?;
    let Stopped { accepted, turned_away, abandoned, turns } = stopped;
    tracing::info!(result = "ok", turns, "stopped: {accepted} connections accepted, {abandoned} abandoned");
    if abandoned > 0 {
        return Err(ServeError::Abandoned(abandoned));
    }
    let summary = serde_json::json!({ "stopped": true, "accepted": accepted, "turned_away": turned_away });
    say(args.json, &summary, || format!("stopped after {accepted} connections"))
}

/// A socket that becomes readable on the first signal.
fn signals() -> std::io::Result<UnixStream> {
    let (heard, told) = UnixStream::pair()?;
    heard.set_nonblocking(true)?;
    told.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(SIGTERM, told.try_clone()?)?;
    signal_hook::low_level::pipe::register(SIGINT, told)?;
    Ok(heard)
}

/// The soft limit on descriptors is a default for programs that use `select`; up to the hard one it is ours to raise.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised, accepting rests when descriptors run out, and says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// One line on standard output, at once: whoever reads it waits for it.
pub fn say(
    json: bool,
    for_machines: &serde_json::Value,
    for_people: impl Fn() -> String,
) -> Result<(), ServeError> {
    let mut out = std::io::stdout().lock();
    let written = if json { writeln!(out, "{for_machines}") } else { writeln!(out, "{}", for_people()) };
    written.and_then(|()| out.flush()).map_err(|source| LogError::Output { source }.into())
}
