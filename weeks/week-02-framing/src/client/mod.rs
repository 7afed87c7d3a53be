//! The echo client: one connection, requests one after the other, each with its retries.

mod connection;

use std::net::SocketAddr;
use std::time::Duration;

pub use connection::Connection;

use crate::retry::{self, Done, GaveUp, RetryPolicy, Schedule, Step, WallPause};
use crate::{FrameLimit, RequestId};

/// How a client behaves.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Whom to ask.
    pub server: SocketAddr,
    /// The frame limit, for what is sent and for what comes back.
    pub limit: FrameLimit,
    /// How long one connect may take.
    pub connect_timeout: Duration,
    /// How long one request may take, from its first byte out to its last byte back.
    pub reply_timeout: Duration,
    /// How often and how long to try.
    pub retry: RetryPolicy,
    /// The seed of the jitter.
    pub seed: u64,
}

impl Config {
    /// The defaults, for this server.
    pub fn to(server: SocketAddr) -> Self {
        Config {
            server,
            limit: FrameLimit::default(),
            connect_timeout: Duration::from_secs(2),
            reply_timeout: Duration::from_secs(5),
            retry: RetryPolicy::default(),
            seed: 0,
        }
    }
}

/// A client. It connects when the first request needs it, and again after a failure.
#[derive(Debug)]
pub struct Client {
    config: Config,
    connection: Option<Connection>,
    requests: u64,
}

impl Client {
    /// A client that has not connected yet.
    pub fn new(config: Config) -> Self {
        Client { config, connection: None, requests: 0 }
    }

    /// Sends `body` and waits for it to come back, with retries. The latency is that of the attempt that succeeded.
    ///
    /// The retry timeline goes to the log, each line under the request's id.
    ///
    /// # Errors
    /// [`GaveUp`], with the cause and the last failure.
    pub fn echo(&mut self, id: &RequestId, body: &[u8]) -> Result<Done<Duration>, GaveUp> {
        let Config { retry: policy, seed, .. } = self.config;
        // Each request draws its own jitter, and all of them follow from one seed.
        let schedule = Schedule::new(policy, seed.wrapping_add(self.requests));
        self.requests += 1;
        let request_id = id.as_str();
        let outcome = retry::run(
            schedule,
            &mut WallPause::begin(),
            |_, left| self.attempt(id, body, left),
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
                    "attempt {attempt} of {} failed: {failure}; {decided}",
                    policy.attempts_max
                );
            },
        );
        if let Ok(done) = &outcome {
            let latency_ms = done.value.as_secs_f64() * 1e3;
            let (attempts, bytes) = (done.attempts, body.len());
            tracing::info!(
                request_id,
                latency_ms,
                result = "ok",
                "{bytes} bytes came back, attempt {attempts}"
            );
        }
        outcome
    }

    /// One attempt, in at most `left`: on the open connection if there is one, else on a new one.
    fn attempt(&mut self, id: &RequestId, body: &[u8], left: Duration) -> Result<Duration, retry::Failure> {
        let Config { server, limit, connect_timeout, reply_timeout, .. } = self.config;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(server, limit, connect_timeout.min(left))?,
        };
        let latency = connection.exchange(id, body, reply_timeout.min(left))?;
        // Only a connection whose exchange succeeded is in a known state and worth keeping.
        self.connection = Some(connection);
        Ok(latency)
    }
}
