//! One cell of a comparison: so many connections, this deep, this much payload.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::Running;
use crate::{Dialect, Group, Load, LoadError, Pace, Plan, cpu};

/// What is asked of every contestant.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// Payload bytes of a request.
    pub payload_bytes: usize,
    /// Connections to each contestant.
    pub connections: usize,
    /// Requests in flight on each; ignored where `requests_per_second` is set.
    pub depth: u32,
    /// An open loop at this rate instead of a closed one.
    pub requests_per_second: Option<u64>,
    /// How long a turn takes.
    pub turn: Duration,
    /// Turns of each contestant that are counted.
    pub rounds: u32,
}

/// One turn of one contestant.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Right replies a second.
    pub throughput: f64,
    /// Median latency in nanoseconds.
    pub p50_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
}

/// All turns of one contestant in a cell.
#[derive(Debug, Clone)]
pub struct Turns {
    /// The contestant's name.
    pub name: String,
    /// True for what we are compared with.
    pub peer: bool,
    /// One by one, in the order of the rounds.
    pub rounds: Vec<Round>,
    /// Latencies of all rounds, in nanoseconds.
    pub latency: Histogram<u64>,
    /// Right replies.
    pub replies: u64,
    /// Requests that were not answered, or answered wrongly.
    pub failed: u64,
    /// Processor time that the server used for them.
    pub server_time: Duration,
}

impl Cell {
    /// A closed loop.
    pub fn closed(payload_bytes: usize, connections: usize, depth: u32) -> Self {
        Cell {
            payload_bytes,
            connections,
            depth,
            requests_per_second: None,
            turn: Duration::from_millis(100),
            rounds: 5,
        }
    }

    /// The same cell with turns of this length.
    #[must_use]
    pub fn turns(self, rounds: u32, turn: Duration) -> Self {
        Cell { rounds, turn, ..self }
    }

    /// A word for tables: `64-50-16` is 64 B on 50 connections at depth 16; `64-50-open` an open loop.
    pub fn word(&self) -> String {
        let Cell { payload_bytes, connections, depth, .. } = self;
        match self.requests_per_second {
            None => format!("{payload_bytes}-{connections}-{depth}"),
            Some(_) => format!("{payload_bytes}-{connections}-open"),
        }
    }

    fn plan(&self, server: &Running, seed: u64) -> Plan {
        let group = Group {
            pace: match self.requests_per_second {
                None => Pace::Closed,
                Some(requests_per_second) => Pace::Open { requests_per_second },
            },
            ..Group::closed("all", self.connections, self.depth, self.payload_bytes)
        };
        Plan { seed, ..Plan::to(server.address(), Dialect::Frames).group(group) }
    }
}

/// Lets contestants take turns at one cell: those whose names `takes_part` admits.
///
/// # Errors
/// [`LoadError`] when a contestant cannot be connected to, or the machine does not let us.
pub fn compare(
    cell: &Cell,
    contestants: &[Running],
    takes_part: impl Fn(&str) -> bool,
    seed: u64,
) -> Result<Vec<Turns>, LoadError> {
    let contestants: Vec<&Running> =
        contestants.iter().filter(|contestant| takes_part(contestant.name())).collect();
    let mut loads = Vec::new();
    let mut turns = Vec::new();
    for contestant in &contestants {
        loads.push(Load::connect(cell.plan(contestant, seed))?);
        turns.push(Turns {
            name: contestant.name().to_owned(),
            peer: contestant.is_peer(),
            rounds: Vec::new(),
            latency: Histogram::new_with_bounds(1, crate::LATENCY_NS_MAX, 2)
                .map_err(|e| LoadError::plan("the histogram".into(), e, "1 ns to a minute"))?,
            replies: 0,
            failed: 0,
            server_time: Duration::ZERO,
        });
    }
    let contestants_len = contestants.len();
    for round in 0..=cell.rounds as usize {
        for offset in 0..contestants_len {
            let at = (round + offset) % contestants_len;
            let (load, turn) = (&mut loads[at], &mut turns[at]);
            let before = cpu::time_of(contestants[at].pid())?;
            load.reset();
            load.run_for(cell.turn)?;
            if round > 0 {
                turn.add(load.outcome(), cpu::time_of(contestants[at].pid())?.saturating_sub(before));
            }
        }
    }
    Ok(turns)
}

impl Turns {
    fn add(&mut self, outcome: crate::Outcome, server_time: Duration) {
        for group in outcome.groups {
            self.rounds.push(Round {
                throughput: group.throughput(),
                p50_ns: group.latency.value_at_quantile(0.5),
                p99_ns: group.latency.value_at_quantile(0.99),
            });
            self.replies += group.replies;
            self.failed += group.errors_total() + group.corrupt_total();
            // Both have the same bounds, so nothing can be out of range.
            let _ = self.latency.add(&group.latency);
        }
        self.server_time += server_time;
    }

    /// The median of something over the rounds.
    pub fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    }
}
