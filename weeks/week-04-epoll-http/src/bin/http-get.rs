//! `http-get`: asks an HTTP server for something, strictly, in bounded time, and says exactly what went wrong.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use epoll_http::catalog;
use epoll_http::client::{Answer, Client, Config, Deadlines, Failure, Phase};
use epoll_http::http::{BODY_BYTES_MAX, Limits, Method, Request, RequestError, Url, UrlError};
use framing::retry::{ATTEMPTS_MAX_HARD, Done, GaveUp, RetryPolicy};
use framing::{RequestId, RequestIds, any_seed, arguments};
use logger::{Coded, ErrorCode, LogArgs, LogError};

/// The most requests that one run sends.
const COUNT_MAX: u64 = 1_000_000;

/// The largest body that can be asked for: 1 GiB. It is held in memory.
const BODY_LIMIT_MAX: u64 = 1 << 30;

/// Asks an HTTP/1.1 server for a URL and writes the body to standard output
///
/// Every phase of a request has a deadline and a code of its own. Failures that may heal are tried again, with pauses that
/// double and are drawn at random, at most --attempts times and for at most --budget. The log has the timeline.
#[derive(Debug, Parser)]
#[command(name = "http-get", version)]
struct Args {
    /// What to ask for: http://host[:port][/path][?query]
    url: String,
    /// Ask for the head alone, and write it instead of a body
    #[arg(long)]
    head: bool,
    /// Add a field to the request, written as `Name: value`
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// The id of the request, where one is sent; made from --seed otherwise
    #[arg(long, value_name = "ID", conflicts_with = "count")]
    request_id: Option<RequestId>,
    /// How many requests to send, one after the other, on one connection where the server keeps it
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=COUNT_MAX))]
    count: u64,
    /// Makes ids and pauses repeatable
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How long it may take to find the host's addresses
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    resolve_timeout: Duration,
    /// How long one connect may take
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    connect_timeout: Duration,
    /// How long the server may take to take the request
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    write_timeout: Duration,
    /// How long the server may take until the first byte of its answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = arguments::timeout)]
    first_byte_timeout: Duration,
    /// How long the answer may take from its first byte to its last
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::timeout)]
    body_timeout: Duration,
    /// Largest body, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = BODY_BYTES_MAX, value_parser = clap::value_parser!(u64).range(0..=BODY_LIMIT_MAX))]
    body_limit: u64,
    /// Attempts for each request, the first one included
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=i64::from(ATTEMPTS_MAX_HARD)))]
    attempts: u32,
    /// The longest first pause; each further one may be twice as long
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = arguments::timeout)]
    backoff: Duration,
    /// The longest pause of all, unless the server asks for a longer one
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    backoff_cap: Duration,
    /// Time for one request with all its attempts and pauses
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = arguments::timeout)]
    budget: Duration,
    /// Write one line of JSON about each answer instead of its body
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    log: LogArgs,
}

/// Why the tool ends without success.
#[derive(Debug, thiserror::Error)]
enum GetError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error(transparent)]
    Field(#[from] RequestError),
    #[error("request {id}: {what}, {attempts} attempts in {elapsed_ms:.0} ms, ended by {cause}",
            what = .gave_up.last, attempts = .gave_up.attempts, cause = .gave_up.cause.class(),
            elapsed_ms = .gave_up.elapsed.as_secs_f64() * 1e3)]
    GaveUp { id: RequestId, gave_up: Box<GaveUp<Failure>> },
    #[error("request {id}: the server answered {status}")]
    Status { id: RequestId, status: u16 },
    #[error("writing to standard output: {source}")]
    Output { source: std::io::Error },
}

impl Coded for GetError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            GetError::Log(error) => error.code(),
            GetError::Url(error) => error.code(),
            GetError::Field(error) => error.code(),
            GetError::GaveUp { gave_up, .. } => gave_up.last.code(),
            GetError::Status { .. } => &catalog::HTTP_STATUS,
            GetError::Output { .. } => &catalog::HTTP_OUTPUT,
        }
    }
}

fn main() -> ExitCode {
    logger::usage::run(get)
}

fn get(args: Args) -> Result<(), GetError> {
    let _logging = args.log.setup("http-get").install()?;
    let url: Url = args.url.parse()?;
    let seed = args.seed.unwrap_or_else(any_seed);
    let method = if args.head { Method::Head } else { Method::Get };
    let mut client = Client::new(config(&args, seed));
    let ids = args.request_id.clone().into_iter().chain(RequestIds::seeded(seed));
    for id in ids.take(usize::try_from(args.count).unwrap_or(usize::MAX)) {
        let mut request = Request::new(method, url.clone(), id.clone());
        for field in &args.fields {
            let (name, value) = field.split_once(':').ok_or(RequestError { why: "it has no colon" })?;
            request = request.field(name, value)?;
        }
        let done = client.fetch(&request);
        let done = done.map_err(|gave_up| GetError::GaveUp { id: id.clone(), gave_up: Box::new(gave_up) })?;
        write_out(&args, &id, &done).map_err(|source| GetError::Output { source })?;
        let status = done.value.response.head.status;
        if status >= 400 {
            return Err(GetError::Status { id, status });
        }
    }
    Ok(())
}

fn config(args: &Args, seed: u64) -> Config {
    Config {
        deadlines: Deadlines {
            resolve: args.resolve_timeout,
            connect: args.connect_timeout,
            write: args.write_timeout,
            first_byte: args.first_byte_timeout,
            body: args.body_timeout,
        },
        retry: RetryPolicy {
            attempts_max: args.attempts,
            base: args.backoff,
            cap: args.backoff_cap,
            budget: args.budget,
        },
        limits: Limits { body_bytes_max: args.body_limit, ..Limits::default() },
        seed,
        ..Config::default()
    }
}

/// The body, or the head where that was asked for, or one line of JSON.
fn write_out(args: &Args, id: &RequestId, done: &Done<Answer>) -> std::io::Result<()> {
    let Answer { response, timings, reused } = &done.value;
    let mut out = std::io::stdout().lock();
    if args.json {
        let ms = |phase| timings.of(phase).as_secs_f64() * 1e3;
        let phases: serde_json::Map<_, _> =
            Phase::ALL.iter().map(|phase| (phase.word().to_owned(), ms(*phase).into())).collect();
        let line = serde_json::json!({
            "request_id": id.as_str(), "status": response.head.status, "bytes": response.body.len(),
            "attempts": done.attempts, "reused": reused, "latency_ms": timings.total().as_secs_f64() * 1e3,
            "phase_ms": phases,
        });
        writeln!(out, "{line}")?;
    } else if args.head {
        writeln!(out, "{}", response.head.status)?;
        for (name, value) in response.head.fields.iter() {
            writeln!(out, "{name}: {}", String::from_utf8_lossy(value))?;
        }
    } else {
        out.write_all(&response.body)?;
    }
    out.flush()
}
