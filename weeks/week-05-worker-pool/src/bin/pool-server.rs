//! `pool-server`: the loop of week 4, and beside it threads that compute.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use event_loop::Framed;
use event_loop::tool::ServeArgs;
use worker_pool::tool::health::HealthArgs;
use worker_pool::tool::{PoolArgs, ToolError};
use worker_pool::{Inline, Pooled};

/// Hashes what it is sent, for many clients: one thread reads and writes, others compute
///
/// The first line on standard output is the address that it listens on. SIGTERM and SIGINT end it in order: no new
/// connections, frames that were begun are answered, accepted requests are finished. Exit code 0 then; 5 with the names
/// of the requests that were not.
#[derive(Debug, Parser)]
#[command(name = "pool-server", version)]
struct Args {
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

fn run(args: Args) -> Result<(), ToolError> {
    let Args { pool: pool_args, health, serve } = args;
    let logging = serve.log.setup("pool-server").queued().install()?;
    let job = pool_args.job();
    if pool_args.workers == 0 {
        let inline = Inline::new(job, pool_args.classes()?, serve.limit);
        let framed = Framed::new(inline, serve.limit, serve.deadlines());
        return Ok(health.serve(&serve, &logging, framed, |_| {})?);
    }
    let (pool, mailbox) = pool_args.start()?;
    let pooled = Pooled::new(job, pool.handle(), Arc::clone(&mailbox), serve.limit);
    let framed = Framed::new(pooled, serve.limit, serve.deadlines());
    let served = health.serve(&serve, &logging, framed, |waker| {
        // There is one loop, so nobody else has hung up a bell.
        let _ = mailbox.bell().set(waker);
    });
    // Whatever became of the loop: what was accepted is finished, or named.
    let finished = pool_args.finish(pool, serve.json);
    served?;
    finished
}
