//! `epoll-server`: the loop of week 3 under epoll and a timer wheel, with its health beside it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use epoll_http::health::{Beside, Health, SelfCheck, Tally};
use epoll_http::{Epoll, Wheel};
use event_loop::tool::{ServeArgs, ServeError, serve};
use event_loop::{Echo, Feed, FrameService, Framed, Poll, Poller};
use framing::any_seed;
use framing::server::{listen, write_port_file};
use logger::Logging;

/// Sends every request back, for many clients on one thread, and says how it is over HTTP
///
/// The first line on standard output is the address that it listens on. SIGTERM and SIGINT end it in order: no new
/// connections, frames that were begun are answered, the rest is told. Exit code 0 then.
#[derive(Debug, Parser)]
#[command(name = "epoll-server", version)]
struct Args {
    /// How to wait for readiness; `poll` is there to be compared with
    #[arg(long, value_enum, default_value = "epoll")]
    poller: Wait,
    /// What to serve
    #[arg(long, value_enum, default_value = "echo")]
    service: Application,
    /// Where to answer /health and /ready over HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    health: Option<SocketAddr>,
    /// Also write that address into this file, before the other one's
    #[arg(long, value_name = "PATH", requires = "health")]
    health_port_file: Option<PathBuf>,
    /// Makes the ids of requests that bring none repeatable
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wait {
    /// The kernel keeps the list
    Epoll,
    /// The list travels with each call
    Poll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Application {
    /// Every request comes back
    Echo,
    /// The same, and whoever sends `follow` is sent a copy of everybody's replies
    Feed,
}

fn main() -> ExitCode {
    logger::usage::run(run)
}

fn run(args: Args) -> Result<(), ServeError> {
    let logging = args.serve.log.setup("epoll-server").queued().install()?;
    match args.service {
        Application::Echo => with_poller(&args, &logging, Echo::new(args.serve.limit)),
        Application::Feed => with_poller(&args, &logging, Feed::new(args.serve.limit)),
    }
}

fn with_poller(args: &Args, logging: &Logging, application: impl FrameService) -> Result<(), ServeError> {
    match args.poller {
        Wait::Epoll => run_on::<Epoll>(args, logging, application),
        Wait::Poll => run_on::<Poll>(args, logging, application),
    }
}

fn run_on<P: Poller>(
    args: &Args,
    logging: &Logging,
    application: impl FrameService,
) -> Result<(), ServeError> {
    let (now, deadlines) = (Instant::now(), args.serve.deadlines());
    let framed = Framed::new(application, args.serve.limit, deadlines);
    let Some(address) = args.health else {
        return serve::<P, _, _>(&args.serve, Wheel::new(now), framed, |_| Ok(()));
    };
    let check = SelfCheck::new(now, args.serve.connections, Some(logging.probe()));
    let health = Health::new(Tally::new(now), check, deadlines, args.seed.unwrap_or_else(any_seed));
    serve::<P, _, _>(&args.serve, Wheel::new(now), Beside::new(framed, health), |event_loop| {
        let (listener, address) = listen(address)?;
        event_loop
            .listen(listener)
            .map_err(|source| ServeError::System { doing: "watching the health listener", source })?;
        tracing::info!(result = "ok", "health on {address}");
        match &args.health_port_file {
            Some(path) => Ok(write_port_file(path, address)?),
            None => Ok(()),
        }
    })
}
