//! What to offer: whom, and by which clients.

use std::net::SocketAddr;
use std::time::Duration;

use super::group::Group;
use crate::LoadError;
use crate::bounds::{within, within_times};
use crate::plan::CONNECTIONS_MAX;

/// Body bytes of all sizes of a plan, which are made once and kept.
pub const BODIES_BYTES_MAX: usize = 64 << 20;

/// A whole crowd of clients.
#[derive(Clone)]
pub struct Plan {
    /// Whom they ask.
    pub server: SocketAddr,
    /// The clients. All of them share one thread.
    pub groups: Vec<Group>,
    /// Where bodies, arrivals and the seeds of policies come from.
    pub seed: u64,
    /// A connection that does not stand by then has failed.
    pub connect_deadline: Duration,
    /// How often a point of the series over time is written down; at most [`INTERVALS_MAX`](crate::INTERVALS_MAX)
    /// times.
    pub interval: Option<Duration>,
    /// After which pause a connection that ended is made again; `None`: never.
    pub reconnect: Option<Duration>,
}

impl Plan {
    /// A plan for this server: no clients yet, five seconds to connect, no series, no second connection.
    pub fn to(server: SocketAddr) -> Self {
        let connect_deadline = Duration::from_secs(5);
        Plan { server, groups: Vec::new(), seed: 1, connect_deadline, interval: None, reconnect: None }
    }

    /// With these clients too.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// The plan itself, when it can be carried out.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for the first setting outside its bounds.
    pub fn check(&self) -> Result<(), LoadError> {
        let connections =
            self.groups.iter().fold(0_usize, |sum, group| sum.saturating_add(group.connections));
        within("the number of connections".into(), connections, 1, CONNECTIONS_MAX)?;
        let bytes = self.groups.iter().flat_map(|group| &group.sizes).map(|size| size.body_bytes);
        let bytes = bytes.fold(0_usize, usize::saturating_add);
        within("the sum of body bytes".into(), bytes, 0, BODIES_BYTES_MAX)?;
        for (what, time) in [
            ("the connect deadline", self.connect_deadline),
            ("the interval", self.interval.unwrap_or(Duration::MAX)),
        ] {
            within_times(what.into(), time, Duration::MAX)?;
        }
        self.groups.iter().try_for_each(|group| group.check(self.server))
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
