//! Clients of one kind: when they ask, what they expect, and what they do when they do not get it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::retry::{NoRetry, Retry};
use crate::LoadError;
use crate::bounds::{within, within_times};
use crate::plan::{CONNECTIONS_MAX, DEPTH_MAX, PAYLOAD_BYTES_MAX, REQUESTS_PER_SECOND_MAX};

/// Attempts on one connection that have no answer yet.
pub const IN_FLIGHT_MAX: u32 = 1 << 16;
/// Body bytes of one request: what a payload holds beside the longest head.
pub const BODY_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - 128;
/// Different sizes of one group.
pub const SIZES_MAX: usize = 64;
/// The weight of one size.
pub const WEIGHT_MAX: u32 = 1_000_000;
/// The longest deadline: the longest latency that is told apart.
pub const DEADLINE_MAX: Duration = Duration::from_secs(60);

/// The right reply to a body; computed once for each size.
pub type Expected = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;
/// Makes a group's policy from a seed.
pub type RetryFactory = Arc<dyn Fn(u64) -> Box<dyn Retry> + Send + Sync>;

/// Clients of one kind.
#[derive(Clone)]
pub struct Group {
    /// Its name in the outcome.
    pub name: String,
    /// How many connections: 1 and more.
    pub connections: usize,
    /// The address that they come from. On Linux all of 127.0.0.0/8 is ours, so each may be a tenant.
    pub source: Option<IpAddr>,
    /// When requests are due.
    pub arrivals: Arrivals,
    /// What they carry: 1 to [`SIZES_MAX`] sizes.
    pub sizes: Vec<Size>,
    /// What they expect; the body itself by default.
    pub expected: Expected,
    /// In which form they ask.
    pub form: Form,
    /// An attempt that has no answer by then is given up, counted from when it was due; up to [`DEADLINE_MAX`]. The
    /// connection goes on.
    pub deadline: Duration,
    /// What happens to an attempt that failed.
    pub retry: RetryFactory,
    /// Attempts on one connection that have no answer and were not given up: 1 to [`IN_FLIGHT_MAX`]. What is due on top
    /// of that is [`ErrorClass::Unsent`](crate::ErrorClass::Unsent).
    pub in_flight_max: u32,
    /// The kernel's receive buffer of each connection, where its own choice is not wanted.
    pub receive_buffer_bytes: Option<usize>,
}

/// When requests are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// When the one before is settled, so many at a time on each connection: 1 to [`DEPTH_MAX`].
    Closed {
        /// Requests that are not settled; one that waits for its retry is one of them.
        depth: u32,
    },
    /// When the clock says so, whatever the server does; over the whole group, dealt to its connections in turn.
    Open {
        /// Requests a second of the whole group, up to [`REQUESTS_PER_SECOND_MAX`].
        requests_per_second: u64,
        /// How they lie in time.
        spacing: Spacing,
    },
}

/// How arrivals lie in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Each as long after the one before.
    Even,
    /// As independent clients come: a Poisson process, which is harder on queues.
    Poisson,
}

/// One size of body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of the body, up to [`BODY_BYTES_MAX`].
    pub body_bytes: usize,
    /// How often, against the other sizes of the group: 1 to [`WEIGHT_MAX`].
    pub weight: u32,
}

/// The form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Kind 1: an id and a body.
    Request,
    /// Kind 4: an id, a budget, an importance and a body.
    Call {
        /// How long the answer is of use, in whole milliseconds: 1 to 2^32 - 1. Each attempt says the same.
        budget: Duration,
        /// Whether it may be shed first.
        importance: Importance,
    },
}

/// Whether a request is among the first to be shed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// It is not.
    Ordinary,
    /// It is.
    Optional,
}

impl Group {
    /// A closed loop: each connection keeps `depth` requests going.
    pub fn closed(name: impl Into<String>, connections: usize, depth: u32, body_bytes: usize) -> Self {
        Group {
            name: name.into(),
            connections,
            source: None,
            arrivals: Arrivals::Closed { depth },
            sizes: vec![Size { body_bytes, weight: 1 }],
            expected: Arc::new(<[u8]>::to_vec),
            form: Form::Request,
            deadline: Duration::from_secs(5),
            retry: Arc::new(|_| Box::new(NoRetry)),
            in_flight_max: IN_FLIGHT_MAX,
            receive_buffer_bytes: None,
        }
    }

    /// An open loop with even arrivals.
    pub fn open(
        name: impl Into<String>,
        connections: usize,
        requests_per_second: u64,
        body_bytes: usize,
    ) -> Self {
        let arrivals = Arrivals::Open { requests_per_second, spacing: Spacing::Even };
        Group { arrivals, ..Group::closed(name, connections, 1, body_bytes) }
    }

    /// The same rate, with the arrivals of a Poisson process. A closed loop has no rate, and stays as it is.
    #[must_use]
    pub fn poisson(mut self) -> Self {
        if let Arrivals::Open { spacing, .. } = &mut self.arrivals {
            *spacing = Spacing::Poisson;
        }
        self
    }

    /// From this address.
    #[must_use]
    pub fn source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// With bodies of these sizes: (bytes, weight).
    #[must_use]
    pub fn sizes(mut self, sizes: impl IntoIterator<Item = (usize, u32)>) -> Self {
        self.sizes = sizes.into_iter().map(|(body_bytes, weight)| Size { body_bytes, weight }).collect();
        self
    }

    /// With another right reply than the body itself.
    #[must_use]
    pub fn expecting(mut self, reply: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.expected = Arc::new(reply);
        self
    }

    /// Each request says how long its answer is of use, and whether it may be shed first.
    #[must_use]
    pub fn calls(mut self, budget: Duration, importance: Importance) -> Self {
        self.form = Form::Call { budget, importance };
        self
    }

    /// With another deadline of an attempt than five seconds.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// With a policy for what failed, made from a seed.
    #[must_use]
    pub fn retry<R: Retry + 'static>(mut self, make: impl Fn(u64) -> R + Send + Sync + 'static) -> Self {
        self.retry = Arc::new(move |seed| Box::new(make(seed)));
        self
    }

    pub(super) fn check(&self, server: SocketAddr) -> Result<(), LoadError> {
        let of = |what: &str| format!("the {what} of `{}`", self.name);
        within(of("number of connections"), self.connections, 1, CONNECTIONS_MAX)?;
        within(of("number of sizes"), self.sizes.len(), 1, SIZES_MAX)?;
        for size in &self.sizes {
            within(of("body bytes"), size.body_bytes, 0, BODY_BYTES_MAX)?;
            within(of("weight of a size"), size.weight, 1, WEIGHT_MAX)?;
        }
        within(of("bound in flight"), self.in_flight_max, 1, IN_FLIGHT_MAX)?;
        match self.arrivals {
            Arrivals::Closed { depth } => within(of("depth"), depth, 1, DEPTH_MAX.min(self.in_flight_max))?,
            Arrivals::Open { requests_per_second, .. } => {
                within(of("requests a second"), requests_per_second, 1, REQUESTS_PER_SECOND_MAX)?;
            }
        }
        within_times(of("deadline"), self.deadline, DEADLINE_MAX)?;
        if let Form::Call { budget, .. } = self.form {
            within_times(of("budget"), budget, Duration::from_millis(u32::MAX.into()))?;
        }
        if let Some(source) = self.source.filter(|source| source.is_ipv4() != server.is_ipv4()) {
            return Err(LoadError::plan(of("source address"), source, "an address of the server's family"));
        }
        Ok(())
    }
}
