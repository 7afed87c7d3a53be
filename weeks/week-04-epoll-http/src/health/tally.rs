//! What a server has counted about itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The counts of one listener since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted, without those that were turned away.
    pub accepted: u64,
    /// Connections whose end was decided.
    pub closed: u64,
    /// Connections that were turned away.
    pub turned_away: u64,
    /// Messages answered.
    pub answered: u64,
}

impl Counts {
    /// Connections that are open now.
    pub fn open(&self) -> u64 {
        self.accepted - self.closed
    }

    fn plus(self, other: Counts) -> Counts {
        Counts {
            accepted: self.accepted + other.accepted,
            closed: self.closed + other.closed,
            turned_away: self.turned_away + other.turned_away,
            answered: self.answered + other.answered,
        }
    }

    fn to_json(self) -> Value {
        let Counts { accepted, closed, turned_away, answered } = self;
        json!({
            "connections": { "open": self.open(), "accepted": accepted, "closed": closed, "turned_away": turned_away },
            "answered": answered,
        })
    }
}

/// The counts of a server with an application and a health endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    since: Instant,
    /// The application's listener.
    pub application: Counts,
    /// The health endpoint's own listener.
    pub health: Counts,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(since: Instant) -> Self {
        Tally { since, application: Counts::default(), health: Counts::default() }
    }

    /// The counts of a listener by its number: 0 is the application's.
    pub fn of(&mut self, listener: usize) -> &mut Counts {
        if listener == 0 { &mut self.application } else { &mut self.health }
    }

    /// Both listeners together.
    pub fn total(&self) -> Counts {
        self.application.plus(self.health)
    }

    /// Time since the start.
    pub fn uptime(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// The account for `/health`. `status` is the word for the whole.
    pub fn to_json(&self, now: Instant) -> Value {
        let uptime_ms = u64::try_from(self.uptime(now).as_millis()).unwrap_or(u64::MAX);
        let mut account = self.total().to_json();
        account["status"] = "ok".into();
        account["uptime_ms"] = uptime_ms.into();
        account["listeners"] =
            json!({ "application": self.application.to_json(), "health": self.health.to_json() });
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_adds_up_over_both_listeners() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        *tally.of(0) = Counts { accepted: 5, closed: 2, turned_away: 1, answered: 40 };
        *tally.of(1) = Counts { accepted: 3, closed: 3, turned_away: 0, answered: 6 };
        let account = tally.to_json(start + Duration::from_millis(1500));
        assert_eq!(account["uptime_ms"], 1500);
        assert_eq!(account["answered"], 46);
        assert_eq!(account["connections"]["open"], 3);
        assert_eq!(account["listeners"]["application"]["connections"]["accepted"], 5);
        assert_eq!(account["listeners"]["health"]["connections"]["open"], 0);
    }
}
