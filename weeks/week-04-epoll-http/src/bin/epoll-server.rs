//! `epoll-server`: the echo of weeks 2 and 3 for ten thousand clients, with deadlines that cost nothing while they wait.

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use epoll_http::{Epoll, Wheel};
use event_loop::tool::{ServeArgs, ServeError, serve};
use event_loop::{Echo, Framed, Poll, Poller};

/// Sends every request back, for ten thousand clients on one thread
///
/// The first line on standard output is the address that it listens on. SIGTERM and SIGINT end it in order: no new
/// connections, frames that were begun are answered, the rest is told. Exit code 0 then.
#[derive(Debug, Parser)]
#[command(name = "epoll-server", version)]
struct Args {
    /// How to wait for readiness; `poll` is there to be compared with
    #[arg(long, value_enum, default_value = "epoll")]
    poller: Wait,
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

fn main() -> ExitCode {
    logger::usage::run(run)
}

fn run(args: Args) -> Result<(), ServeError> {
    let _logging = args.serve.log.setup("epoll-server").queued().install()?;
    match args.poller {
        Wait::Epoll => run_on::<Epoll>(&args),
        Wait::Poll => run_on::<Poll>(&args),
    }
}

fn run_on<P: Poller>(args: &Args) -> Result<(), ServeError> {
    let service = Framed::new(Echo::new(args.serve.limit), args.serve.limit, args.serve.deadlines());
    serve::<P, _, _>(&args.serve, Wheel::new(Instant::now()), service, |_| Ok(()))
}
