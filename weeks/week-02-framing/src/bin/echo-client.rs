//! `echo-client`: sends requests, waits for the same bytes, and tries again where that makes sense.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Parser};
use framing::client::{Client, Config};
use framing::retry::{ATTEMPTS_MAX_HARD, Done, GaveUp, RetryPolicy};
use framing::rng::SplitMix64;
use framing::{FrameLimit, PAYLOAD_BYTES_MAX_HARD, RequestId, RequestIds, any_seed, arguments};
use logger::{Coded, ErrorCode, LogArgs, LogError};

/// The most requests that one run sends.
const COUNT_MAX: u64 = 1_000_000;

/// Sends requests to an echo server and checks that the same bytes come back
///
/// Failures that may heal are tried again, with pauses that double and are drawn at random, at most --attempts times
/// and for at most --budget. The log has the timeline.
#[derive(Debug, Parser)]
#[command(name = "echo-client", version, group(ArgGroup::new("body").required(true)))]
struct Args {
    /// Whom to ask
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7002")]
    server: SocketAddr,
    /// Send this text
    #[arg(long, value_name = "TEXT", group = "body")]
    message: Option<String>,
    /// Send this many bytes of a pattern
    #[arg(long, value_name = "BYTES", group = "body", value_parser = clap::value_parser!(u32).range(0..=i64::from(PAYLOAD_BYTES_MAX_HARD)))]
    size: Option<u32>,
    /// How many requests to send, one after the other
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=COUNT_MAX))]
    count: u64,
    /// The id of the request, where one is sent; made from --seed otherwise
    #[arg(long, value_name = "ID", conflicts_with = "count")]
    request_id: Option<RequestId>,
    /// Makes ids, pattern and pauses repeatable
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Largest payload of a frame, in bytes
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = arguments::limit)]
    limit: FrameLimit,
    /// How long one connect may take
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    connect_timeout: Duration,
    /// How long one request may take, there and back
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = arguments::timeout)]
    reply_timeout: Duration,
    /// Attempts for each request, the first one included
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=i64::from(ATTEMPTS_MAX_HARD)))]
    attempts: u32,
    /// The longest first pause; each further one may be twice as long
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = arguments::timeout)]
    backoff: Duration,
    /// The longest pause of all
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    backoff_cap: Duration,
    /// Time for one request with all its attempts and pauses
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::timeout)]
    budget: Duration,
    /// Speak JSON on standard output, one line a request
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("request {id}: {what}, {attempts} attempts in {elapsed_ms:.0} ms, ended by {cause}",
            what = .gave_up.last, attempts = .gave_up.attempts, cause = .gave_up.cause.class(),
            elapsed_ms = .gave_up.elapsed.as_secs_f64() * 1e3)]
    GaveUp { id: RequestId, gave_up: GaveUp },
}

impl Coded for AskError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            AskError::Log(error) => error.code(),
            AskError::GaveUp { gave_up, .. } => gave_up.last.code(),
        }
    }
}

fn main() -> ExitCode {
    logger::usage::run(ask)
}

fn ask(args: Args) -> Result<(), AskError> {
    let _logging = args.log.setup("echo-client").install()?;
    let seed = args.seed.unwrap_or_else(any_seed);
    let body = match (&args.message, args.size) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, size) => pattern(size.unwrap_or(0) as usize, seed),
    };
    let retry = RetryPolicy {
        attempts_max: args.attempts,
        base: args.backoff,
        cap: args.backoff_cap,
        budget: args.budget,
    };
    let mut client = Client::new(Config {
        server: args.server,
        limit: args.limit,
        connect_timeout: args.connect_timeout,
        reply_timeout: args.reply_timeout,
        retry,
        seed,
    });
    let ids = args.request_id.clone().into_iter().chain(RequestIds::seeded(seed));
    for id in ids.take(args.count as usize) {
        match client.echo(&id, &body) {
            Ok(done) => report(&args, &id, body.len(), &done)?,
            Err(gave_up) => return Err(AskError::GaveUp { id, gave_up }),
        }
    }
    Ok(())
}

/// One line a request: the text that came back, or how it went.
fn report(args: &Args, id: &RequestId, bytes: usize, done: &Done<Duration>) -> Result<(), LogError> {
    let latency_ms = done.value.as_secs_f64() * 1e3;
    let line = match (&args.message, args.json) {
        (_, true) => serde_json::json!({
            "request_id": id.as_str(), "result": "ok", "bytes": bytes, "attempts": done.attempts,
            "latency_ms": latency_ms, "reply": args.message,
        })
        .to_string(),
        // The bytes that came back were compared with the ones that went out, so they can be shown from here.
        (Some(text), false) => text.clone(),
        (None, false) => format!("{id}: {bytes} bytes came back, attempt {}", done.attempts),
    };
    writeln!(std::io::stdout().lock(), "{line}").map_err(|source| LogError::Output { source })
}

/// Bytes in which a lost, doubled or swapped piece would show.
fn pattern(bytes: usize, seed: u64) -> Vec<u8> {
    let mut rng = SplitMix64::new(seed);
    let mut pattern = Vec::with_capacity(bytes + 8);
    while pattern.len() < bytes {
        pattern.extend(rng.next_u64().to_le_bytes());
    }
    pattern.truncate(bytes);
    pattern
}
