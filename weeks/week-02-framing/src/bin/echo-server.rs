//! `echo-server`: sends every request back, until a signal asks it to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use framing::server::{
    CONNECTIONS_MAX_DEFAULT, CONNECTIONS_MAX_HARD, Config, Server, StartError, write_port_file,
};
use framing::{Deadlines, FrameLimit, arguments, catalog};
use logger::{Coded, ErrorCode, LogArgs, LogError};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Sends every request back, one frame for one frame
///
/// The first line on standard output is the address that it listens on. SIGTERM and SIGINT end it in order: no new
/// connections, frames that were begun are answered, the rest is told. Exit code 0 then.
#[derive(Debug, Parser)]
#[command(name = "echo-server", version)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7002")]
    listen: SocketAddr,
    /// Also write the address into this file, whole or not at all
    #[arg(long, value_name = "PATH")]
    port_file: Option<PathBuf>,
    /// Largest payload of a frame, in bytes
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = arguments::limit)]
    limit: FrameLimit,
    /// How long a connection may be silent between two frames
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = arguments::timeout)]
    idle_timeout: Duration,
    /// How long one frame may take, from its first byte to its last
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::timeout)]
    read_timeout: Duration,
    /// How long a peer may take to accept one answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::timeout)]
    write_timeout: Duration,
    /// Connections served at once
    #[arg(long, value_name = "COUNT", default_value_t = CONNECTIONS_MAX_DEFAULT as u64,
          value_parser = clap::value_parser!(u64).range(1..=CONNECTIONS_MAX_HARD as u64))]
    connections: u64,
    /// How long begun frames may take to finish after a signal
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = arguments::timeout)]
    drain: Duration,
    /// Speak JSON on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("signals cannot be heard: {0}")]
    Signals(std::io::Error),
    #[error("the listening socket failed: {0}")]
    Accept(std::io::Error),
    #[error("{0} connections did not end after the drain")]
    Abandoned(usize),
}

impl Coded for ServeError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            ServeError::Start(error) => error.code(),
            ServeError::Log(error) => error.code(),
            ServeError::Signals(_) | ServeError::Accept(_) => &catalog::ECHO_SOCKET,
            ServeError::Abandoned(_) => &catalog::ECHO_BUG,
        }
    }
}

fn main() -> ExitCode {
    logger::usage::run(serve)
}

fn serve(args: Args) -> Result<(), ServeError> {
    let _logging = args.log.setup("echo-server").install()?;
    // Signals are heard before anybody can learn the address, so that no stop can come too early.
    let signals = signals().map_err(ServeError::Signals)?;
    let outcome = listen_and_run(&args, &signals);
    if let Err(error) = &outcome {
        tracing::error!(error_code = error.code().code, result = "failed", "{error}");
    }
    outcome
}

fn listen_and_run(args: &Args, signals: &UnixStream) -> Result<(), ServeError> {
    let deadlines = Deadlines { idle: args.idle_timeout, read: args.read_timeout, write: args.write_timeout };
    let connections_max = args.connections as usize;
    let config = Config { limit: args.limit, deadlines, connections_max, drain: args.drain };
    let server = Server::bind(args.listen, config)?;
    let address = server.address();
    tracing::info!(result = "ok", "listening on {address}");
    say(args.json, &serde_json::json!({ "listening": address.to_string() }), || {
        format!("listening on {address}")
    })?;
    if let Some(path) = &args.port_file {
        write_port_file(path, address)?;
    }
    let stopped = server.run(signals).map_err(ServeError::Accept)?;
    if stopped.abandoned > 0 {
        return Err(ServeError::Abandoned(stopped.abandoned));
    }
    say(args.json, &serde_json::json!({ "stopped": true, "accepted": stopped.accepted }), || {
        format!("stopped after {} connections", stopped.accepted)
    })
}

/// A socket that becomes readable on the first signal.
fn signals() -> std::io::Result<UnixStream> {
    let (heard, told) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(SIGTERM, told.try_clone()?)?;
    signal_hook::low_level::pipe::register(SIGINT, told)?;
    Ok(heard)
}

/// One line on standard output, at once: whoever reads it waits for it.
fn say(
    json: bool,
    for_machines: &serde_json::Value,
    for_people: impl Fn() -> String,
) -> Result<(), ServeError> {
    let mut out = std::io::stdout().lock();
    let written = if json { writeln!(out, "{for_machines}") } else { writeln!(out, "{}", for_people()) };
    written.and_then(|()| out.flush()).map_err(|source| LogError::Output { source }.into())
}
