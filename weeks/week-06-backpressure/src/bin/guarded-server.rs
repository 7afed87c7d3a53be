//! `guarded-server`: the server of week 5, degrading on purpose.

use std::process::ExitCode;

use backpressure::tool::{GuardArgs, GuardError};
use clap::Parser;
use event_loop::tool::ServeArgs;
use worker_pool::tool::PoolArgs;
use worker_pool::tool::health::HealthArgs;

/// Hashes what it is sent, as far as it can, and says in time what it cannot
///
/// The first line on standard output is the address that it listens on, the last one what was done about the load. SIGTERM
/// and SIGINT end it in order: no new connections, frames that were begun are answered, accepted requests are finished.
/// Exit code 0 then; 5 with the names of the requests that were not.
#[derive(Debug, Parser)]
#[command(name = "guarded-server", version)]
struct Args {
    #[command(flatten)]
    guard: GuardArgs,
    #[command(flatten)]
    pool: PoolArgs,
    #[command(flatten)]
    health: HealthArgs,
    #[command(flatten)]
    serve: ServeArgs,
}

fn main() -> ExitCode {
    logger::usage::run(run)
}

fn run(args: Args) -> Result<(), GuardError> {
    let logging = args.serve.log.setup("guarded-server").queued().install()?;
    args.guard.run(&args.pool, &args.health, &args.serve, &logging)
}
