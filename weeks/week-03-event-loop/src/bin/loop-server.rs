//! `loop-server`: the echo of week 2 for many clients, on one thread.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use event_loop::poller::{Poll, Select};
use event_loop::tool::{ServeArgs, ServeError, serve};
use event_loop::{Echo, Feed, FrameService, Framed, Poller, Scan};

/// Sends every request back, for many clients on one thread
///
/// The first line on standard output is the address that it listens on. SIGTERM and SIGINT end it in order: no new
/// connections, frames that were begun are answered, the rest is told. Exit code 0 then.
#[derive(Debug, Parser)]
#[command(name = "loop-server", version)]
struct Args {
    /// How to wait for readiness
    #[arg(long, value_enum, default_value = "poll")]
    poller: Wait,
    /// What to serve
    #[arg(long, value_enum, default_value = "echo")]
    service: Application,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wait {
    /// Bitmaps of 1,024 descriptors
    Select,
    /// A list of any length
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
    let _logging = args.serve.log.setup("loop-server").queued().install()?;
    match args.service {
        Application::Echo => with_poller(&args, Echo::new(args.serve.limit)),
        Application::Feed => with_poller(&args, Feed::new(args.serve.limit)),
    }
}

fn with_poller(args: &Args, application: impl FrameService) -> Result<(), ServeError> {
    match args.poller {
        Wait::Select => run_on::<Select>(args, application),
        Wait::Poll => run_on::<Poll>(args, application),
    }
}

fn run_on<P: Poller>(args: &Args, application: impl FrameService) -> Result<(), ServeError> {
    let service = Framed::new(application, args.serve.limit, args.serve.deadlines());
    serve::<P, _, _>(&args.serve, Scan::default(), service, |_| Ok(()))
}
