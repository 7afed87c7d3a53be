//! When what happened.

use std::time::{Duration, Instant};

use logger::{Clock, SystemClock};

use crate::Outcome;

/// A time from and to.
pub(crate) type Span = (Instant, Instant);

/// The moments that the account and the charts refer to.
pub(crate) struct Marks {
    pub(crate) start: Instant,
    /// The same moment on the clock of the logs, in milliseconds since 1970.
    start_ms: i64,
    pub(crate) client_frozen: Span,
    pub(crate) server_frozen: Span,
    /// From the kill until the next server listens.
    pub(crate) outage: Span,
    /// Every client has had an answer again.
    pub(crate) recovered: Instant,
    pub(crate) end: Instant,
}

impl Marks {
    pub(crate) fn begin() -> Self {
        let now = Instant::now();
        let start_ms = SystemClock.now().as_millisecond();
        let (span, recovered) = ((now, now), now);
        Marks {
            start: now,
            start_ms,
            client_frozen: span,
            server_frozen: span,
            outage: span,
            recovered,
            end: now,
        }
    }

    /// Does something and says from when to when.
    pub(crate) fn during(&self, act: impl FnOnce() -> Outcome<()>) -> Outcome<Span> {
        let from = Instant::now();
        act()?;
        Ok((from, Instant::now()))
    }

    /// Seconds since the start.
    pub(crate) fn at(&self, moment: Instant) -> f64 {
        moment.saturating_duration_since(self.start).as_secs_f64()
    }

    /// Seconds since the start of a moment on the clock of the logs.
    pub(crate) fn at_log_time(&self, ms: i64) -> f64 {
        (ms - self.start_ms) as f64 / 1e3
    }

    /// How long the whole script took.
    pub(crate) fn length(&self) -> Duration {
        self.end.duration_since(self.start)
    }
}

/// True where a request that began then and took that long was under way at any time of the span.
pub(crate) fn overlaps(began: Instant, took: Duration, span: Span) -> bool {
    began <= span.1 && began + took >= span.0
}
