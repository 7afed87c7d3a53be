//! `pool-server`: the loop of week 4, and beside it threads that compute.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use epoll_http::health::{Beside, Health, SelfCheck, Tally};
use epoll_http::{Epoll, Wheel};
use event_loop::tool::{ServeArgs, ServeError, serve};
use event_loop::{EventLoop, FrameService, Framed, Service};
use framing::any_seed;
use framing::server::{listen, write_port_file};
use logger::Logging;
use worker_pool::tool::{PoolArgs, ToolError};
use worker_pool::{Hash, Inline, Pooled};

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
    /// Where to answer /health and /ready over HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    health: Option<SocketAddr>,
    /// Also write that address into this file, before the other one's
    #[arg(long, value_name = "PATH", requires = "health")]
    health_port_file: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeArgs,
}

fn main() -> ExitCode {
    logger::usage::run(run)
}

fn run(args: Args) -> Result<(), ToolError> {
    let logging = args.serve.log.setup("pool-server").queued().install()?;
    let job = args.pool.job();
    if args.pool.workers == 0 {
        let inline = Inline::new(job, args.pool.classes()?, args.serve.limit);
        return Ok(run_with(&args, &logging, inline, |_| {})?);
    }
    let (pool, mailbox) = args.pool.start::<Hash>()?;
    let pooled = Pooled::new(job, pool.handle(), Arc::clone(&mailbox), args.serve.limit);
    let served = run_with(&args, &logging, pooled, |waker| {
        // There is one loop, so nobody else has hung up a bell.
        let _ = mailbox.bell().set(waker);
    });
    // Whatever became of the loop: what was accepted is finished, or named.
    let finished = args.pool.finish(pool, args.serve.json);
    served?;
    finished
}

fn run_with(
    args: &Args,
    logging: &Logging,
    application: impl FrameService,
    hang_bell: impl FnOnce(event_loop::Waker),
) -> Result<(), ServeError> {
    let (now, deadlines) = (Instant::now(), args.serve.deadlines());
    let framed = Framed::new(application, args.serve.limit, deadlines);
    let Some(address) = args.health else {
        return serve::<Epoll, _, _>(&args.serve, Wheel::new(now), framed, |event_loop| {
            hang_bell(event_loop.waker());
            Ok(())
        });
    };
    let check = SelfCheck::new(now, args.serve.connections, Some(logging.probe()));
    let beside = Beside::new(framed, Health::new(Tally::new(now), check, deadlines, any_seed()));
    serve::<Epoll, _, _>(&args.serve, Wheel::new(now), beside, |event_loop| {
        hang_bell(event_loop.waker());
        listen_for_health(args, event_loop, address)
    })
}

fn listen_for_health<S: Service>(
    args: &Args,
    event_loop: &mut EventLoop<Epoll, Wheel, S>,
    address: SocketAddr,
) -> Result<(), ServeError> {
    let (listener, address) = listen(address)?;
    event_loop
        .listen(listener)
        .map_err(|source| ServeError::System { doing: "watching the health listener", source })?;
    tracing::info!(result = "ok", "health on {address}");
    match &args.health_port_file {
        Some(path) => Ok(write_port_file(path, address)?),
        None => Ok(()),
    }
}
