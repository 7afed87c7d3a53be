//! What the server did about its load, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::budget::Stage;
use crate::ladder::Step;

/// The counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that went into the queue.
    pub accepted: u64,
    /// Replies that left for their sockets.
    pub answered: u64,
    /// Optional requests that were shed.
    pub shed: u64,
    /// Requests that were rejected by the ladder.
    pub rejected: u64,
    /// Requests that found the queue of their class full.
    pub pool_full: u64,
    /// Requests above their source's quota.
    pub over_quota: u64,
    /// Connections that were refused: by the ladder, or above their source's quota.
    pub refused_connections: u64,
    /// Requests that expired, by the stage that noticed, in the order of [`Stage::ALL`].
    pub expired: [u64; 3],
    /// How often a client began to be throttled.
    pub throttled: u64,
    /// Connections closed by each rule. There are as many rules as the program has, so this is bounded.
    pub closed: BTreeMap<&'static str, u64>,
    /// How often the ladder moved.
    pub changes: u64,
    /// How long it stood at each step, in the order of [`Step::ALL`].
    pub in_step: [Duration; 4],
}

impl Tally {
    /// A request expired at this stage.
    pub fn expire(&mut self, stage: Stage) {
        self.expired[stage as usize] += 1;
    }

    /// Requests that were turned away before they went into the queue.
    pub fn turned_away(&self) -> u64 {
        self.shed + self.rejected + self.pool_full + self.over_quota
    }

    /// The account, for machines.
    pub fn to_json(&self) -> Value {
        let expired: BTreeMap<_, _> =
            Stage::ALL.map(|stage| stage.name()).into_iter().zip(self.expired).collect();
        let in_step_ms: BTreeMap<_, _> =
            Step::ALL.into_iter().map(|step| (step.name(), millis(self.in_step[step as usize]))).collect();
        json!({
            "accepted": self.accepted, "answered": self.answered, "shed": self.shed, "rejected": self.rejected, "pool_full": self.pool_full,
            "over_quota": self.over_quota, "refused_connections": self.refused_connections, "expired": expired,
            "throttled": self.throttled, "closed": self.closed, "changes": self.changes, "in_step_ms": in_step_ms,
        })
    }

    /// The account in one line, for people.
    pub fn to_line(&self) -> String {
        let [queue, work, reply] = self.expired;
        let closed: u64 = self.closed.values().sum();
        format!(
            "overload: {} accepted, {} answered, {} shed, {} rejected, {} pool-full, {} over quota, \
             {} expired (queue {queue}, work {work}, reply {reply}), {} connections refused, {closed} closed by rule, \
             {} ladder changes",
            self.accepted,
            self.answered,
            self.shed,
            self.rejected,
            self.pool_full,
            self.over_quota,
            queue + work + reply,
            self.refused_connections,
            self.changes
        )
    }

    /// Puts the account on record.
    pub fn log(&self) {
        let [expired_queue, expired_work, expired_reply] = self.expired;
        let [normal_ms, shed_ms, reject_ms, refuse_ms] = self.in_step.map(millis);
        tracing::info!(
            accepted = self.accepted,
            answered = self.answered,
            shed = self.shed,
            rejected = self.rejected,
            pool_full = self.pool_full,
            over_quota = self.over_quota,
            expired_queue,
            expired_work,
            expired_reply,
            refused_connections = self.refused_connections,
            closed_by_rule = self.closed.values().sum::<u64>(),
            throttled = self.throttled,
            changes = self.changes,
            normal_ms,
            shed_ms,
            reject_ms,
            refuse_ms,
            "overload"
        );
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_its_own_place_in_both_accounts() {
        let mut tally = Tally {
            accepted: 1,
            answered: 13,
            shed: 2,
            rejected: 3,
            pool_full: 4,
            over_quota: 5,
            refused_connections: 6,
            throttled: 7,
            changes: 8,
            in_step: [9, 10, 11, 12].map(Duration::from_millis),
            ..Tally::default()
        };
        Stage::ALL
            .into_iter()
            .zip(1..)
            .for_each(|(stage, times)| (0..times).for_each(|_| tally.expire(stage)));
        tally.closed.insert("slow-read", 9);
        assert_eq!(
            tally.to_line(),
            "overload: 1 accepted, 13 answered, 2 shed, 3 rejected, 4 pool-full, 5 over quota, 6 expired (queue 1, work 2, reply 3), \
             6 connections refused, 9 closed by rule, 8 ladder changes"
        );
        let account = tally.to_json();
        assert_eq!(account["expired"], json!({ "queue": 1, "work": 2, "reply": 3 }));
        assert_eq!(account["in_step_ms"], json!({ "normal": 9, "shed": 10, "reject": 11, "refuse": 12 }));
        assert_eq!((&account["closed"]["slow-read"], &account["throttled"]), (&json!(9), &json!(7)));
        assert_eq!(tally.turned_away(), 14);
    }
}
