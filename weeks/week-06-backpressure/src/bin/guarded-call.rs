//! `guarded-call`: asks a server with a deadline, and takes a no for an answer until it was told to come back.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use backpressure::caller::{Answered, CallFailed, Caller};
use backpressure::tool::budget;
use backpressure::{Budget, Importance, Patience, RetryBudget};
use clap::{ArgGroup, Parser, ValueEnum};
use framing::retry::{ATTEMPTS_MAX_HARD, RetryPolicy};
use framing::rng::SplitMix64;
use framing::{FrameLimit, PAYLOAD_BYTES_MAX_HARD, RequestId, RequestIds, any_seed, arguments};
use logger::LogError;

/// The most calls of one run.
const COUNT_MAX: u64 = 1_000_000;
/// Calls that are sent before the first answer is read: as many as the server lets be under way.
const AT_ONCE_MAX: usize = worker_pool::lanes::IN_FLIGHT_REQUESTS_MAX;

/// Sends calls to a guarded server, each with its budget, and says what became of it
///
/// A call that is deferred is asked again, not before the server said and with a random part of as much again, at most
/// --attempts times and for at most --patience. One line for each answer.
#[derive(Debug, Parser)]
#[command(name = "guarded-call", version, group(ArgGroup::new("body").required(true)))]
struct Args {
    /// Whom to ask
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7003")]
    server: SocketAddr,
    /// Send this text
    #[arg(long, value_name = "TEXT", group = "body")]
    message: Option<String>,
    /// Send this many zero bytes
    #[arg(long, value_name = "BYTES", group = "body", value_parser = clap::value_parser!(u32).range(0..=i64::from(PAYLOAD_BYTES_MAX_HARD)))]
    size: Option<u32>,
    /// How long each answer is of use
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = arguments::timeout)]
    budget: Duration,
    /// How much depends on it
    #[arg(long, value_enum, default_value = "ordinary")]
    importance: Weight,
    /// How many calls
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=COUNT_MAX))]
    count: u64,
    /// Send up to 64 calls before the first answer is read; none is asked again then
    #[arg(long)]
    at_once: bool,
    /// The id of the call, where one is sent; made from --seed otherwise
    #[arg(long, value_name = "ID", conflicts_with = "count")]
    request_id: Option<RequestId>,
    /// Makes ids and pauses repeatable
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Largest payload of a frame, in bytes
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = arguments::limit)]
    limit: FrameLimit,
    /// How long the connect may take
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    connect_timeout: Duration,
    /// How long the server may take for an answer of any kind
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = arguments::timeout)]
    reply_timeout: Duration,
    /// Attempts for each call, the first one included
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(ATTEMPTS_MAX_HARD)))]
    attempts: u32,
    /// Time for one call with all its attempts and pauses
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::timeout)]
    patience: Duration,
    /// Speak JSON on standard output, one line for each answer
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Weight {
    /// Somebody waits for the answer
    Ordinary,
    /// The client can do without
    Optional,
}

fn main() -> ExitCode {
    logger::usage::run(call)
}

fn call(args: Args) -> Result<(), CallFailed> {
    let budget = budget(args.budget)?;
    let seed = args.seed.unwrap_or_else(any_seed);
    let body = match (&args.message, args.size) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, size) => vec![0; size.unwrap_or(0) as usize],
    };
    let mut caller = Caller::connect(args.server, args.limit, args.connect_timeout, args.reply_timeout)?;
    let mut ids =
        args.request_id.clone().into_iter().chain(RequestIds::seeded(seed)).take(args.count as usize);
    let mut worst = Ok(());
    if args.at_once {
        loop {
            let batch: Vec<RequestId> = ids.by_ref().take(AT_ONCE_MAX).collect();
            if batch.is_empty() {
                return worst;
            }
            for id in &batch {
                caller.send(id, budget, importance(&args), &body)?;
            }
            for id in &batch {
                let answered = caller.receive(id)?;
                report(&args, id, &answered, 1)?;
                worst = worst.and(answered.into_result(id));
            }
        }
    }
    let (mut seeds, mut retries) = (SplitMix64::new(seed), RetryBudget::default());
    for id in ids {
        let patience = Patience::new(policy(&args), seeds.next_u64());
        let answered = persist(&args, &mut caller, (&id, budget, &body), patience, &mut retries)?;
        worst = worst.and(answered.into_result(&id));
    }
    worst
}

/// Asks until there is an answer, or no more patience.
fn persist(
    args: &Args,
    caller: &mut Caller,
    (id, budget, body): (&RequestId, Budget, &[u8]),
    mut patience: Patience,
    retries: &mut RetryBudget,
) -> Result<Answered, CallFailed> {
    let began = Instant::now();
    retries.first_attempt();
    for attempt in 1.. {
        caller.send(id, budget, importance(args), body)?;
        let answered = caller.receive(id)?;
        report(args, id, &answered, attempt)?;
        match patience.after(&answered, began.elapsed(), retries) {
            Ok(pause) => std::thread::sleep(pause),
            Err(_) => return Ok(answered),
        }
    }
    unreachable!("the schedule bounds the attempts")
}

fn policy(args: &Args) -> RetryPolicy {
    RetryPolicy { attempts_max: args.attempts, budget: args.patience, ..RetryPolicy::default() }
}

fn importance(args: &Args) -> Importance {
    match args.importance {
        Weight::Ordinary => Importance::Ordinary,
        Weight::Optional => Importance::Optional,
    }
}

/// One line for each answer.
fn report(args: &Args, id: &RequestId, answered: &Answered, attempt: u32) -> Result<(), LogError> {
    let line = match (answered, args.json) {
        (Answered::Reply { bytes }, true) => serde_json::json!({
            "request_id": id.as_str(), "result": "answered", "bytes": bytes, "attempt": attempt,
        })
        .to_string(),
        (Answered::Deferred { code, retry_after }, true) => serde_json::json!({
            "request_id": id.as_str(), "result": answered.word(), "error_code": code,
            "retry_after_ms": retry_after.as_millis() as u64, "attempt": attempt,
        })
        .to_string(),
        (Answered::Reply { bytes }, false) => format!("{id}: answered, {bytes} bytes, attempt {attempt}"),
        (Answered::Deferred { code, retry_after }, false) => {
            let (word, pause) = (answered.word(), retry_after.as_millis());
            format!("{id}: {word} {code}, retry after {pause} ms, attempt {attempt}")
        }
    };
    writeln!(std::io::stdout().lock(), "{line}").map_err(|source| LogError::Output { source })
}
