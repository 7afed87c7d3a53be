//! A server's periodic check of itself: few questions, each of which it can answer truthfully and at once.

use std::time::{Duration, Instant};

use logger::LogProbe;
use serde_json::{Value, json};

/// How often a server checks itself.
pub const CHECK_PERIOD: Duration = Duration::from_secs(1);

/// How late a check may be. The loop promises a turn of bounded work, so one that comes later than this was not run (the
/// machine was busy, the process stopped) or broke that promise.
pub const LAG_MAX: Duration = Duration::from_millis(250);

// ANCHOR: verdict
/// What the last check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How late the check came.
    pub lag: Duration,
    /// Records that the log did not take since the last one that it took.
    pub log_missing: u64,
    /// Connections open, and how many may be.
    pub connections: (u64, u64),
}
// ANCHOR_END: verdict

impl Verdict {
    /// The checks that failed, by name; empty where the server is fit for work.
    pub fn failed(&self) -> Vec<&'static str> {
        // lab:hole epoll-http.verdict
        let (open, max) = self.connections;
        let checks = [("lag", self.lag <= LAG_MAX), ("log", self.log_missing == 0), ("room", open < max)];
        checks.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name).collect()
        // lab:stub todo!("epoll-http.verdict: a late loop, a log with gaps, no room for one connection more")
        // lab:end
    }

    /// The numbers behind it, for `/ready`.
    pub fn to_json(&self) -> Value {
        let (open, max) = self.connections;
        json!({
            "lag_ms": self.lag.as_secs_f64() * 1e3,
            "log_missing": self.log_missing,
            "connections": { "open": open, "max": max },
        })
    }
}

/// Checks once a period, driven by the loop's own timer ([`event_loop::Service::wake_at`]). That timer is part of what is
/// checked: a loop that is stuck comes late to its own check.
#[derive(Debug, Clone)]
pub struct SelfCheck {
    due: Instant,
    connections_max: u64,
    log: Option<LogProbe>,
    last: Option<Verdict>,
}

impl SelfCheck {
    /// The first check is due one period from now.
    pub fn new(now: Instant, connections_max: u64, log: Option<LogProbe>) -> Self {
        SelfCheck { due: now + CHECK_PERIOD, connections_max, log, last: None }
    }

    /// When the next check is due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// What the last check found; `None` before the first one, when nothing speaks against the server yet.
    pub fn last(&self) -> Option<Verdict> {
        self.last
    }

    /// Checks, if it is time, and says what was found. The next one is due whole periods after this one was, so that
    /// lateness does not add up; those that a sleeping server has missed are skipped.
    pub fn run(&mut self, now: Instant, open: u64) -> Option<Verdict> {
        // lab:hole epoll-http.self-check
        if now < self.due {
            return None;
        }
        let verdict = Verdict {
            lag: now - self.due,
            log_missing: self.log.as_ref().map_or(0, LogProbe::missing),
            connections: (open, self.connections_max),
        };
        let missed = u32::try_from(verdict.lag.as_nanos() / CHECK_PERIOD.as_nanos()).unwrap_or(u32::MAX - 1);
        self.due += CHECK_PERIOD * (missed + 1);
        self.last = Some(verdict);
        self.last
        // lab:stub todo!("epoll-http.self-check: not before it is due; note how late it is; due again on the next beat")
        // lab:end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(lag: Duration, log_missing: u64, open: u64) -> Verdict {
        Verdict { lag, log_missing, connections: (open, 10) }
    }

    #[test]
    fn each_check_fails_one_step_beyond_its_bound_and_is_named() {
        let tick = Duration::from_nanos(1);
        assert!(verdict(LAG_MAX, 0, 9).failed().is_empty());
        assert_eq!(verdict(LAG_MAX + tick, 0, 9).failed(), ["lag"]);
        assert_eq!(verdict(LAG_MAX, 1, 9).failed(), ["log"]);
        assert_eq!(verdict(LAG_MAX, 0, 10).failed(), ["room"]);
        assert_eq!(verdict(LAG_MAX + tick, 1, 10).failed(), ["lag", "log", "room"]);
    }

    #[test]
    fn a_check_runs_when_it_is_due_and_never_before() {
        let start = Instant::now();
        let mut check = SelfCheck::new(start, 10, None);
        assert_eq!(check.run(start + CHECK_PERIOD - Duration::from_nanos(1), 0), None);
        assert_eq!(check.last(), None);
        assert_eq!(check.run(start + CHECK_PERIOD, 3).map(|found| found.connections), Some((3, 10)));
        assert_eq!(check.run(start + CHECK_PERIOD, 3), None, "once for each period");
    }

    #[test]
    fn lateness_does_not_add_up() {
        let start = Instant::now();
        let mut check = SelfCheck::new(start, 10, None);
        for beat in 1..10 {
            let found = check.run(start + CHECK_PERIOD * beat + LAG_MAX, 0);
            assert_eq!(found.map(|found| found.lag), Some(LAG_MAX), "beat {beat}");
        }
    }

    #[test]
    fn a_server_that_slept_is_late_once_and_does_not_catch_up() {
        let start = Instant::now();
        let mut check = SelfCheck::new(start, 10, None);
        let woke = start + CHECK_PERIOD * 5;
        assert_eq!(check.run(woke, 0).map(|found| found.failed()), Some(vec!["lag"]));
        assert_eq!(
            check.due(),
            woke + CHECK_PERIOD,
            "four checks were missed, and none of them is made up for"
        );
        assert_eq!(check.run(check.due(), 0).map(|found| found.failed()), Some(vec![]));
    }
}
