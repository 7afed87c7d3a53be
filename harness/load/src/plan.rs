//! What to pull with: which clients, how fast, for how long.

use std::net::SocketAddr;
use std::time::Duration;

use crate::{Dialect, LoadError};

/// Connections of one plan.
pub const CONNECTIONS_MAX: usize = 65_536;
/// Requests in flight on one connection of a closed loop.
pub const DEPTH_MAX: u32 = 4096;
/// Payload bytes of one request.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// Requests a second of one group in an open loop.
pub const REQUESTS_PER_SECOND_MAX: u64 = 10_000_000;
/// Requests that one connection of an open loop may have waiting. What would come on top is counted as
/// [`ErrorClass::Unsent`](crate::ErrorClass::Unsent).
pub const OPEN_IN_FLIGHT_MAX: u64 = 1 << 20;
/// Intervals that are kept of one group: an hour of seconds. What comes later is in the totals only.
pub const INTERVALS_MAX: usize = 3600;
/// Bytes that a slow reader may send as its first message.
pub const OPENING_BYTES_MAX: usize = 1 << 20;

/// A whole run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whom to pull at.
    pub server: SocketAddr,
    /// What the payloads are.
    pub dialect: Dialect,
    /// The clients. All of them share one thread.
    pub groups: Vec<Group>,
    /// Pulled first and not counted: buffers open, cores wake up.
    pub warm_up: Duration,
    /// Pulled and counted, by [`run`](crate::run); [`Load::run_for`](crate::Load::run_for) is told its own time.
    pub duration: Duration,
    /// Where the payloads come from.
    pub seed: u64,
    /// A request that has no reply by then has failed, and its connection with it.
    pub request_deadline: Duration,
    /// A connection that does not stand by then has failed.
    pub connect_deadline: Duration,
    /// How often a point of the series over time is written down.
    pub interval: Option<Duration>,
    /// After which pause a connection that ended is made again; `None`: never.
    pub reconnect: Option<Duration>,
}

/// Clients of one kind.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name in the outcome.
    pub name: String,
    /// How many connections.
    pub connections: usize,
    /// Requests in flight on a connection; 0 for connections that are only held. Used by the closed loop.
    pub depth: u32,
    /// Payload bytes of a request; in [`Dialect::Echo`] the bytes of its body.
    pub payload_bytes: usize,
    /// When the next request leaves.
    pub pace: Pace,
    /// How the clients behave.
    pub role: Role,
    /// The kernel's receive buffer of each connection, where its own choice is not wanted: a slow reader with a small
    /// one is felt sooner.
    pub receive_buffer_bytes: Option<usize>,
}

/// When a request leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// When a reply has come. A slow server is asked less.
    Closed,
    /// When the clock says so, whatever the server does; over the whole group, dealt to its connections in turn. `depth`
    /// does not limit it.
    Open {
        /// Requests a second of the whole group.
        requests_per_second: u64,
    },
}

/// How a client behaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// As `pace` says, and it reads what it is sent.
    Polite,
    /// It reads, but keeps its send buffer full, whatever `pace` and `depth` say.
    Greedy,
    /// It stops reading.
    SlowReader {
        /// How long after its connection stands. Until then it is polite; from then on it writes whenever the socket
        /// takes bytes, and reads nothing.
        after: Duration,
        /// Sent instead of requests, once and at the beginning; it then reads nothing at all.
        opening: Option<Vec<u8>>,
    },
}

impl Plan {
    /// A plan for this server: no clients yet, a second counted after a tenth of warm-up, deadlines of five seconds.
    pub fn to(server: SocketAddr, dialect: Dialect) -> Self {
        Plan {
            server,
            dialect,
            groups: Vec::new(),
            warm_up: Duration::from_millis(100),
            duration: Duration::from_secs(1),
            seed: 1,
            request_deadline: Duration::from_secs(5),
            connect_deadline: Duration::from_secs(5),
            interval: None,
            reconnect: None,
        }
    }

    /// With these clients too.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// The plan itself, when it can be carried out.
    pub(crate) fn check(&self) -> Result<(), LoadError> {
        let connections: usize = self.groups.iter().map(|group| group.connections).sum();
        if !(1..=CONNECTIONS_MAX).contains(&connections) {
            let allowed = format!("1 to {CONNECTIONS_MAX}");
            return Err(LoadError::plan("the number of connections".into(), connections, allowed));
        }
        for (what, time) in [
            ("the request deadline", self.request_deadline),
            ("the connect deadline", self.connect_deadline),
            ("the interval", self.interval.unwrap_or(Duration::MAX)),
        ] {
            if time < Duration::from_millis(1) {
                return Err(LoadError::plan(what.into(), format!("{time:?}"), "1 ms and more"));
            }
        }
        self.groups.iter().try_for_each(|group| group.check(self.dialect))
    }
}

impl Group {
    /// Polite clients in a closed loop.
    pub fn closed(name: impl Into<String>, connections: usize, depth: u32, payload_bytes: usize) -> Self {
        Group {
            name: name.into(),
            connections,
            depth,
            payload_bytes,
            pace: Pace::Closed,
            role: Role::Polite,
            receive_buffer_bytes: None,
        }
    }

    /// Polite clients in an open loop.
    pub fn open(
        name: impl Into<String>,
        connections: usize,
        requests_per_second: u64,
        payload_bytes: usize,
    ) -> Self {
        let pace = Pace::Open { requests_per_second };
        Group { pace, ..Group::closed(name, connections, 0, payload_bytes) }
    }

    /// Connections that stand and are silent.
    pub fn idle(name: impl Into<String>, connections: usize) -> Self {
        Group::closed(name, connections, 0, 64)
    }

    /// The same clients in another role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    fn check(&self, dialect: Dialect) -> Result<(), LoadError> {
        let of = |what: &str| format!("the {what} of `{}`", self.name);
        let least = dialect.payload_bytes_min();
        if !(least..=PAYLOAD_BYTES_MAX).contains(&self.payload_bytes) {
            let allowed = format!("{least} to {PAYLOAD_BYTES_MAX}");
            return Err(LoadError::plan(of("payload bytes"), self.payload_bytes, allowed));
        }
        if self.depth > DEPTH_MAX {
            return Err(LoadError::plan(of("depth"), self.depth, format!("0 to {DEPTH_MAX}")));
        }
        if let Pace::Open { requests_per_second: rate } = self.pace
            && !(1..=REQUESTS_PER_SECOND_MAX).contains(&rate)
        {
            let allowed = format!("1 to {REQUESTS_PER_SECOND_MAX}");
            return Err(LoadError::plan(of("requests a second"), rate, allowed));
        }
        if let Role::SlowReader { opening: Some(opening), .. } = &self.role
            && opening.len() > OPENING_BYTES_MAX
        {
            let allowed = format!("0 to {OPENING_BYTES_MAX}");
            return Err(LoadError::plan(of("opening bytes"), opening.len(), allowed));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(dialect: Dialect, group: Group) -> Result<(), LoadError> {
        Plan::to(([127, 0, 0, 1], 9).into(), dialect).group(group).check()
    }

    #[test]
    fn a_bound_is_allowed_and_one_past_it_is_refused_by_name() {
        let slow = |bytes| Role::SlowReader { after: Duration::ZERO, opening: Some(vec![0; bytes]) };
        for (allowed, refused, name) in [
            (
                Group::closed("g", CONNECTIONS_MAX, 1, 8),
                Group::closed("g", CONNECTIONS_MAX + 1, 1, 8),
                "connections",
            ),
            (Group::closed("g", 1, DEPTH_MAX, 8), Group::closed("g", 1, DEPTH_MAX + 1, 8), "depth"),
            (
                Group::closed("g", 1, 1, PAYLOAD_BYTES_MAX),
                Group::closed("g", 1, 1, PAYLOAD_BYTES_MAX + 1),
                "payload",
            ),
            (Group::closed("g", 1, 1, 8), Group::closed("g", 1, 1, 7), "payload"),
            (
                Group::open("g", 1, REQUESTS_PER_SECOND_MAX, 8),
                Group::open("g", 1, REQUESTS_PER_SECOND_MAX + 1, 8),
                "second",
            ),
            (Group::open("g", 1, 1, 8), Group::open("g", 1, 0, 8), "second"),
            (
                Group::idle("g", 1).role(slow(OPENING_BYTES_MAX)),
                Group::idle("g", 1).role(slow(OPENING_BYTES_MAX + 1)),
                "opening",
            ),
        ] {
            with(Dialect::Frames, allowed).unwrap();
            let error = with(Dialect::Frames, refused).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        with(Dialect::Echo, Group::closed("g", 1, 1, 0)).unwrap();
        assert!(with(Dialect::Frames, Group::idle("g", 0)).is_err());
    }
}
