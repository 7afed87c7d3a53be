//! The HTTP client: one thread, one request at a time, a deadline for every phase, and a bounded number of attempts.
//!
//! ```text
//!   request --> attempt --> resolve, connect, write, first byte, body --> answer
//!                  ^                        |
//!                  |                        v
//!                  +---- pause ---- a failure: its phase, its class, and whether another attempt could succeed
//! ```
//!
//! Each attempt leaves one record under the request's id. A connection whose answer allows it is kept for the next request
//! to the same server; one that turns out to have died in between is replaced within the same attempt.

mod connection;
mod failure;
mod phase;
mod resolve;

use std::sync::Arc;
use std::time::{Duration, Instant};

use connection::{Connection, SEND_BUFFER_BYTES};
pub use failure::{Failure, FailureKind, RETRY_AFTER_MAX};
use framing::retry::{self, Done, GaveUp, RetryPolicy, Schedule, Step, WallPause};
pub use phase::{Deadlines, Phase, PhaseClock, Timings};
use resolve::Lookups;
pub use resolve::{ADDRESSES_MAX, LOOKUPS_MAX, Resolver, SystemResolver};

use crate::http::{Authority, Limits, Request, Response};

/// How a client behaves.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// How long each phase of an attempt may take.
    pub deadlines: Deadlines,
    /// How often to try, and the time for everything.
    pub retry: RetryPolicy,
    /// How much of an answer is taken.
    pub limits: Limits,
    /// The seed of the jitter.
    pub seed: u64,
    /// Bytes of a request that the kernel holds before the server has taken them; what the system chooses unless said
    /// otherwise. From 1 byte to 16 MiB, and the kernel rounds it up.
    pub send_buffer_bytes: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        // Three attempts; the budget has room for one that runs into every deadline.
        let retry =
            RetryPolicy { attempts_max: 3, budget: Duration::from_secs(30), ..RetryPolicy::default() };
        Config {
            deadlines: Deadlines::default(),
            retry,
            limits: Limits::default(),
            seed: 0,
            send_buffer_bytes: None,
        }
    }
}

/// An answer, and how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub response: Response,
    /// Time spent in each phase of the attempt that succeeded.
    pub timings: Timings,
    /// True where a connection of an earlier request was used.
    pub reused: bool,
}

/// A client. It keeps at most one idle connection.
#[derive(Debug)]
pub struct Client {
    config: Config,
    lookups: Lookups,
    idle: Option<(Authority, Connection)>,
    requests: u64,
}

impl Client {
    /// A client that asks the machine's resolver.
    pub fn new(config: Config) -> Self {
        Client::with_resolver(config, Arc::new(SystemResolver))
    }

    /// A client that asks this resolver.
    pub fn with_resolver(mut config: Config, resolver: Arc<dyn Resolver>) -> Self {
        let (least, most) = SEND_BUFFER_BYTES.into_inner();
        config.send_buffer_bytes = config.send_buffer_bytes.map(|bytes| bytes.clamp(least, most));
        Client { config, lookups: Lookups::new(resolver), idle: None, requests: 0 }
    }

    /// Sends a request until it is answered, for as many attempts and as much time as the policy has. A status of 400 or
    /// above is an answer, except for those that say "not now" (429, 502, 503, 504), which count as failed attempts.
    ///
    /// # Errors
    /// [`GaveUp`], with the cause and the last failure.
    pub fn fetch(&mut self, request: &Request) -> Result<Done<Answer>, GaveUp<Failure>> {
        let Config { retry: policy, seed, .. } = self.config;
        // Each request draws its own jitter, and all of them follow from one seed.
        let schedule = Schedule::new(policy, seed.wrapping_add(self.requests));
        self.requests += 1;
        let bytes = request.encode();
        let request_id = request.id().as_str();
        let outcome = retry::run(
            schedule,
            &mut WallPause::begin(),
            |_, left| self.attempt(request, &bytes, left),
            |attempt, elapsed, failure, step| {
                let decided = match step {
                    Step::Retry(delay) => format!("retry in {:.1} ms", delay.as_secs_f64() * 1e3),
                    Step::Stop(cause) => format!("stop: {}", cause.class()),
                };
                tracing::warn!(
                    request_id,
                    latency_ms = elapsed.as_secs_f64() * 1e3,
                    result = failure.kind.class(),
                    error_code = failure.kind.code().code,
                    phase = failure.phase.word(),
                    "attempt {attempt} of {} failed: {failure}; {decided}",
                    policy.attempts_max
                );
            },
        );
        if let Ok(done) = &outcome {
            log_answer(request_id, done);
        }
        outcome
    }

    /// One attempt, in at most `left`.
    fn attempt(&mut self, request: &Request, bytes: &[u8], left: Duration) -> Result<Answer, Failure> {
        let repeatable = request.method().is_idempotent();
        self.exchange(request, bytes, left).map_err(|failure| Failure { repeatable, ..failure }).and_then(
            |answer| match Failure::of_answer(&answer.response) {
                Some(unavailable) => Err(Failure { repeatable, ..unavailable }),
                None => Ok(answer),
            },
        )
    }

    /// One exchange: on the idle connection where there is one for this server, else, or when that one turns out to be
    /// dead, on a new one.
    fn exchange(&mut self, request: &Request, bytes: &[u8], left: Duration) -> Result<Answer, Failure> {
        let Config { deadlines, limits, send_buffer_bytes, .. } = self.config;
        let (method, authority) = (request.method(), request.authority());
        let mut clock = PhaseClock::begin(deadlines, left, Instant::now());
        let fits =
            |(known, connection): &(Authority, Connection)| known == authority && connection.is_quiet();
        if let Some((_, mut connection)) = self.idle.take().filter(fits) {
            match connection.exchange(bytes, method, limits, &mut clock) {
                Ok(answered) => return Ok(self.keep(authority, connection, answered, &clock, true)),
                Err(failure) if failure.is_stale() && method.is_idempotent() => {
                    let request_id = request.id().as_str();
                    tracing::info!(request_id, result = "stale", "a kept connection had died: {failure}");
                }
                Err(failure) => return Err(failure),
            }
        }
        clock.enter(Phase::Resolve, Instant::now());
        let addresses = self.lookups.resolve(authority, &clock)?;
        clock.enter(Phase::Connect, Instant::now());
        let mut connection = Connection::open(&addresses, send_buffer_bytes, &clock)?;
        let answered = connection.exchange(bytes, method, limits, &mut clock)?;
        Ok(self.keep(authority, connection, answered, &clock, false))
    }

    /// Keeps the connection where the answer allows it.
    fn keep(
        &mut self,
        authority: &Authority,
        connection: Connection,
        (response, clean): (Response, bool),
        clock: &PhaseClock,
        reused: bool,
    ) -> Answer {
        if response.keeps_alive && clean {
            self.idle = Some((authority.clone(), connection));
        }
        Answer { response, timings: clock.timings(Instant::now()), reused }
    }
}

/// The record of the attempt that was answered, with the time spent in each phase.
fn log_answer(request_id: &str, done: &Done<Answer>) {
    let Answer { response, timings, reused } = &done.value;
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    let phase_ms = |phase| format!("{:.3}", ms(timings.of(phase)));
    let status = response.head.status;
    let failed = status >= 400;
    tracing::info!(
        request_id,
        latency_ms = ms(timings.total()),
        result = if failed { "status" } else { "ok" },
        error_code = failed.then_some(crate::catalog::HTTP_STATUS.code),
        resolve_ms = phase_ms(Phase::Resolve),
        connect_ms = phase_ms(Phase::Connect),
        write_ms = phase_ms(Phase::Write),
        first_byte_ms = phase_ms(Phase::FirstByte),
        body_ms = phase_ms(Phase::Body),
        reused,
        "answered {status} with {} bytes, attempt {}",
        response.body.len(),
        done.attempts
    );
}
