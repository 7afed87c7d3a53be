//! What a server with a pool accepts on its command line, and how its pool starts and ends.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use event_loop::Waker;
use event_loop::tool::{ServeError, say};
use framing::arguments;
use logger::{Coded, ErrorCode};

pub mod health;

use crate::catalog;
use crate::class::{BUDGET_MAX, Class, ClassError, Classes};
use crate::job::{Answer, Hash};
use crate::mailbox::Mailbox;
use crate::meter::Metrics;
use crate::pool::{Config, Pool, PoolError, Report, WORKERS_MAX};
use crate::service::LoopMailbox;
use crate::task::Task;

/// Names of unfinished requests that an error line lists; the log has all.
const NAMES_TOLD_MAX: usize = 10;

/// The arguments of a pool; add them with `#[command(flatten)]`.
#[derive(Debug, Clone, clap::Args)]
pub struct PoolArgs {
    /// Threads that compute; 0 computes on the loop's own thread
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=WORKERS_MAX as u64))]
    pub workers: u64,
    /// What is answered after the hashing
    #[arg(long, value_enum, default_value = "hash")]
    pub service: Service,
    /// How often each body is hashed
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Short requests (bodies up to 64 KiB) that may wait
    #[arg(long, value_name = "COUNT", default_value_t = 256)]
    pub queue: usize,
    /// Long requests that may wait
    #[arg(long, value_name = "COUNT", default_value_t = 16)]
    pub long_queue: usize,
    /// How long a short request may compute; a long one may ten times as long, up to a minute
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = arguments::timeout)]
    pub budget: Duration,
    /// How long accepted requests may take to finish once the loop has ended
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = arguments::timeout)]
    pub finish: Duration,
}

/// A pool, and the mailbox that it posts to.
pub type Started<T> = (Pool<T>, Arc<LoopMailbox<T>>);

/// What a server answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Service {
    /// The SHA-256 digest of the body, 32 bytes
    Hash,
    /// The body itself, as the echo of week 2 does, after the same work
    Echo,
}

/// Why a server with a pool did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// Accepted requests were not finished.
    #[error("{count} of {accepted} accepted requests were not finished: {names}")]
    Unfinished {
        /// How many.
        count: usize,
        /// Of how many.
        accepted: u64,
        /// Their names, the first of them.
        names: String,
    },
}

impl From<logger::LogError> for ToolError {
    fn from(error: logger::LogError) -> Self {
        ToolError::Serve(error.into())
    }
}

impl From<ClassError> for ToolError {
    fn from(error: ClassError) -> Self {
        ToolError::Pool(error.into())
    }
}

impl Coded for ToolError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            ToolError::Serve(error) => error.code(),
            ToolError::Pool(error) => error.code(),
            ToolError::Unfinished { .. } => &catalog::POOL_UNFINISHED,
        }
    }
}

impl PoolArgs {
    /// The job that is asked for.
    pub fn job(&self) -> Arc<Hash> {
        let answer = match self.service {
            Service::Hash => Answer::Digest,
            Service::Echo => Answer::Body,
        };
        Arc::new(Hash { rounds: self.rounds, answer })
    }

    // ANCHOR: classes
    /// The classes that are asked for: short requests have four times the weight of long ones, and where there are several
    /// workers, long ones never have all of them.
    ///
    /// # Errors
    /// [`ClassError`], with the value that is out of its range.
    pub fn classes(&self) -> Result<Classes, ClassError> {
        let workers = self.workers.max(1) as usize;
        Classes::new(vec![
            Class {
                name: "short".into(),
                weight: 4,
                queue_max: self.queue,
                running_max: workers,
                budget: self.budget,
            },
            Class {
                name: "long".into(),
                weight: 1,
                queue_max: self.long_queue,
                running_max: (workers - 1).max(1),
                budget: self.budget.saturating_mul(10).min(BUDGET_MAX),
            },
        ])
    }
    // ANCHOR_END: classes

    /// Starts the pool, with a mailbox whose bell is hung up once there is a loop.
    ///
    /// # Errors
    /// [`ToolError::Pool`].
    pub fn start<T: Task>(&self) -> Result<Started<T>, ToolError> {
        let mailbox = Arc::new(Mailbox::new(OnceLock::<Waker>::new()));
        let config = Config { workers: self.workers as usize, classes: self.classes()?, measured: true };
        let sink = Arc::clone(&mailbox);
        let pool = Pool::start(config, move |done| sink.post(done))?;
        Ok((pool, mailbox))
    }

    /// Ends the pool, and says on standard output and in the log what it did in its life.
    ///
    /// # Errors
    /// [`ToolError::Unfinished`], with the names.
    pub fn finish<T: Task>(&self, pool: Pool<T>, json: bool) -> Result<(), ToolError> {
        let handle = pool.handle();
        let report = pool.shutdown(self.finish);
        log_metrics(&handle.metrics(), handle.classes());
        let Report { accepted, finished, cancelled, panicked, .. } = report;
        let mut unfinished: Vec<String> = report.unfinished().map(ToString::to_string).collect();
        for request_id in &unfinished {
            let error_code = catalog::POOL_UNFINISHED.code;
            tracing::error!(
                request_id,
                error_code,
                result = "unfinished",
                "{}",
                catalog::POOL_UNFINISHED.meaning
            );
        }
        let refused = handle.metrics().refused();
        let summary = serde_json::json!({
            "accepted": accepted, "finished": finished, "cancelled": cancelled, "panicked": panicked,
            "unfinished": unfinished.len(), "refused": refused,
        });
        say(json, &summary, || {
            format!(
                "pool: {accepted} accepted, {finished} finished, {cancelled} cancelled, {panicked} panicked, {refused} refused"
            )
        })?;
        if unfinished.is_empty() {
            return Ok(());
        }
        let count = unfinished.len();
        if count > NAMES_TOLD_MAX {
            unfinished.truncate(NAMES_TOLD_MAX);
            unfinished.push("…".into());
        }
        Err(ToolError::Unfinished { count, accepted, names: unfinished.join(", ") })
    }
}

/// Puts what a pool did on record, a line a class.
pub fn log_metrics(metrics: &Metrics, classes: &Classes) {
    let levels = metrics.levels.classes.iter();
    for ((class, meter), depth) in classes.as_slice().iter().zip(&metrics.classes).zip(levels) {
        let us = |ns: u64| ns as f64 / 1e3;
        tracing::info!(
            class = class.name,
            finished = meter.finished,
            waiting = depth.waiting,
            running = depth.running,
            refused = depth.refused,
            overran = meter.overran,
            wait_p50_us = us(meter.wait.value_at_quantile(0.5)),
            wait_p95_us = us(meter.wait.value_at_quantile(0.95)),
            wait_p99_us = us(meter.wait.value_at_quantile(0.99)),
            run_p50_us = us(meter.run.value_at_quantile(0.5)),
            run_p95_us = us(meter.run.value_at_quantile(0.95)),
            run_p99_us = us(meter.run.value_at_quantile(0.99)),
            "pool class"
        );
    }
    let lock = metrics.contention();
    tracing::info!(
        lock_taken = lock.taken,
        lock_contended = lock.contended,
        lock_waited_us = lock.waited_ns as f64 / 1e3,
        lock_longest_us = lock.longest_ns as f64 / 1e3,
        "pool lock"
    );
}
