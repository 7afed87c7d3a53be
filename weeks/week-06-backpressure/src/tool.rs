//! What a guarded server accepts on its command line, and how it starts and ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_loop::Framed;
use event_loop::tool::{ServeArgs, say};
use framing::arguments;
use logger::{Coded, ErrorCode, Logging};
use worker_pool::tool::health::HealthArgs;
use worker_pool::tool::{PoolArgs, ToolError};

use crate::bucket::{EGRESS_BURST_BYTES_DEFAULT, EGRESS_BYTES_PER_SECOND_DEFAULT, EgressRate};
use crate::budget::Budget;
use crate::overload::{Mode, Overload, Settings};
use crate::policy::Policy;
use crate::policy_error::PolicyError;
use crate::progress::Pace;
use crate::quota::{
    CONNECTIONS_PER_SOURCE_DEFAULT, IN_FLIGHT_PER_SOURCE_DEFAULT, Quotas, SOURCES_MAX_DEFAULT,
};
use crate::range::{OutOfRange, within};
use crate::reading::{BODY_BYTES_PER_SECOND_MIN_DEFAULT, ReadRules};
use crate::shaper::{BACKLOG_BYTES_MAX_DEFAULT, EgressLimits, FRAME_COST_BYTES};
use crate::{Guarded, Tempered, queue_load};

/// The most that may wait for one client's tokens: 1 GiB.
pub const BACKLOG_BYTES_MAX_HARD: usize = 1 << 30;

/// The arguments of the policy; add them with `#[command(flatten)]`.
#[derive(Debug, Clone, clap::Args)]
pub struct GuardArgs {
    /// The thresholds of the ladder; those that are compiled in otherwise
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// How much of the ladder is used
    #[arg(long, value_enum, default_value = "on")]
    pub ladder: Mode,
    /// From the first byte of a frame to the last byte of its header
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = arguments::timeout)]
    pub header_timeout: Duration,
    /// What a frame's payload has in any case, from its header on
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::timeout)]
    pub body_grace: Duration,
    /// And beyond that the time that its size takes at this rate, in bytes a second
    #[arg(long, value_name = "BYTES", default_value_t = BODY_BYTES_PER_SECOND_MIN_DEFAULT, value_parser = clap::value_parser!(u32).range(1..))]
    pub body_rate: u32,
    /// The least that a peer sends or takes in a window, while it owes that
    #[arg(long, value_name = "BYTES", default_value_t = 4096)]
    pub progress_bytes: u64,
    /// The window
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = arguments::timeout)]
    pub progress_window: Duration,
    /// Connections of one source
    #[arg(long, value_name = "COUNT", default_value_t = CONNECTIONS_PER_SOURCE_DEFAULT, value_parser = clap::value_parser!(u32).range(1..))]
    pub source_connections: u32,
    /// Requests of one source that may be under way
    #[arg(long, value_name = "COUNT", default_value_t = IN_FLIGHT_PER_SOURCE_DEFAULT, value_parser = clap::value_parser!(u32).range(1..))]
    pub source_in_flight: u32,
    /// What one connection is sent, in bytes a second
    #[arg(long, value_name = "BYTES", default_value_t = EGRESS_BYTES_PER_SECOND_DEFAULT)]
    pub egress_rate: u64,
    /// What it is sent at once after a quiet time
    #[arg(long, value_name = "BYTES", default_value_t = EGRESS_BURST_BYTES_DEFAULT)]
    pub egress_burst: u64,
    /// What may wait for that rate before the connection is closed
    #[arg(long, value_name = "BYTES", default_value_t = BACKLOG_BYTES_MAX_DEFAULT)]
    pub egress_backlog: usize,
    /// How long something may wait for it without a break
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = arguments::timeout)]
    pub throttled_max: Duration,
    /// The budget of a request that brings none; no deadline otherwise
    #[arg(long, value_name = "TIME", value_parser = arguments::timeout)]
    pub default_budget: Option<Duration>,
    /// How often the counts are put on record; at the end in any case
    #[arg(long, value_name = "TIME", value_parser = arguments::timeout)]
    pub metrics_every: Option<Duration>,
}

/// Why a guarded server did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The server or its pool.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A number.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

impl From<logger::LogError> for GuardError {
    fn from(error: logger::LogError) -> Self {
        GuardError::Tool(error.into())
    }
}

impl From<event_loop::tool::ServeError> for GuardError {
    fn from(error: event_loop::tool::ServeError) -> Self {
        GuardError::Tool(error.into())
    }
}

impl Coded for GuardError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            GuardError::Tool(error) => error.code(),
            GuardError::Policy(error) => error.code(),
            GuardError::Range(error) => error.code(),
        }
    }
}

/// A budget on a command line, in whole milliseconds.
///
/// # Errors
/// [`OutOfRange`].
pub fn budget(time: Duration) -> Result<Budget, OutOfRange> {
    Budget::from_millis(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
}

impl GuardArgs {
    /// The rules for whoever sends.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn reading(&self) -> Result<ReadRules, OutOfRange> {
        Ok(ReadRules {
            header: self.header_timeout,
            body_grace: self.body_grace,
            body_bytes_per_second_min: self.body_rate,
            pace: self.pace()?,
        })
    }

    /// The least progress, of whoever sends and of whoever takes.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn pace(&self) -> Result<Pace, OutOfRange> {
        let window_ms = u64::try_from(self.progress_window.as_millis()).unwrap_or(u64::MAX);
        Pace::new(self.progress_bytes, window_ms)
    }

    /// What one connection is sent. The largest frame has to fit into what may wait.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn egress(&self, frame_bytes_max: usize) -> Result<EgressLimits, OutOfRange> {
        let least = (frame_bytes_max + FRAME_COST_BYTES) as u64;
        let name = "the egress backlog in bytes, at this limit on frames,";
        within(name, self.egress_backlog as u64, least..=BACKLOG_BYTES_MAX_HARD as u64)?;
        Ok(EgressLimits {
            rate: EgressRate::new(self.egress_rate, self.egress_burst)?,
            backlog_bytes_max: self.egress_backlog,
            throttled_max: self.throttled_max,
        })
    }

    fn settings(&self, workers: usize) -> Result<Settings, GuardError> {
        let policy = self.policy.as_deref().map_or_else(|| Ok(Policy::default()), Policy::load)?;
        let quotas = Quotas {
            connections: self.source_connections,
            in_flight: self.source_in_flight,
            sources: SOURCES_MAX_DEFAULT,
        };
        Ok(Settings { mode: self.ladder, policy, quotas, workers, metrics_every: self.metrics_every })
    }

    /// Runs the server until a signal ends it: the pool, the service with its policy, the connections with their rules, the
    /// loop; then finishes what was accepted, and says on standard output and in the log what was done about the load.
    ///
    /// # Errors
    /// [`GuardError`]. Every number and the policy are judged before anything starts.
    pub fn run(
        &self,
        pool_args: &PoolArgs,
        health: &HealthArgs,
        serve: &ServeArgs,
        logging: &Logging,
    ) -> Result<(), GuardError> {
        let settings = self.settings(pool_args.workers as usize)?;
        let (reading, pace) = (self.reading()?, self.pace()?);
        let egress = self.egress(framing::HEADER_BYTES + serve.limit.bytes() as usize)?;
        let budget_default = self.default_budget.map(budget).transpose()?;
        let (pool, mailbox) = pool_args.start()?;
        let asked = pool.handle();
        let overload = Overload::new(settings, move || queue_load(&asked), Instant::now()).shared();
        let tempered = Tempered::new(
            pool_args.job(),
            pool.handle(),
            Arc::clone(&mailbox),
            serve.limit,
            overload.clone(),
        );
        let tempered = tempered.egress(egress).budget_default(budget_default);
        let framed = Framed::new(tempered, serve.limit, serve.deadlines());
        let guarded = Guarded::new(framed, overload.clone(), reading, pace);
        let served = health.serve(serve, logging, guarded, |waker| {
            // There is one loop, so nobody else has hung up a bell.
            let _ = mailbox.bell().set(waker);
        });
        let finished = pool_args.finish(pool, serve.json);
        let tally = overload.borrow().tally_at(Instant::now());
        tally.log();
        say(serve.json, &serde_json::json!({ "overload": tally.to_json() }), || tally.to_line())?;
        served?;
        Ok(finished?)
    }
}
