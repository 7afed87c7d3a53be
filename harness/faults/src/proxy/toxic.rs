//! What can be done to one direction of a connection.

use std::fmt;
use std::time::Duration;

/// A direction through the proxy, named as the field names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    Upstream,
    /// From the server to the client.
    Downstream,
}

impl Direction {
    pub(super) const BOTH: [Direction; 2] = [Direction::Upstream, Direction::Downstream];

    pub(super) fn index(self) -> usize {
        match self {
            Direction::Upstream => 0,
            Direction::Downstream => 1,
        }
    }
}

/// One way to make a direction worse. Byte counts are per connection and start with the connection, so that where a
/// cut falls never depends on when the toxic was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toxic {
    /// Every byte arrives later by `delay` plus a seeded share of `jitter`; the order is kept. Bytes under way are
    /// bounded by the proxy's buffer, so throughput is at most buffer over delay.
    Latency {
        /// The least delay.
        delay: Duration,
        /// The most that is added to it.
        jitter: Duration,
    },
    /// Not more than so many bytes a second, evenly; what does not fit holds the sender up.
    Bandwidth {
        /// At least 1.
        bytes_per_second: u64,
    },
    /// Bytes leave in pieces of 1 to `bytes_max` bytes, their sizes seeded, with a pause after each.
    Slicer {
        /// The largest piece, at least 1.
        bytes_max: usize,
        /// The pause; without one, a receiver may see pieces together.
        pause: Duration,
    },
    /// After exactly so many bytes, both sides are closed in order (FIN).
    LimitData {
        /// How many bytes still pass.
        bytes: u64,
    },
    /// After exactly so many bytes, both sides are reset (RST). What the receiver has not read by then it may lose.
    Reset {
        /// How many bytes still pass.
        after_bytes: u64,
    },
    /// Nothing passes, neither bytes nor an end nor a reset, until the toxic is taken away; then what was held back
    /// goes on. This is how TCP sees a network that is cut and heals.
    Blackhole,
}

impl fmt::Display for Toxic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Toxic::Latency { delay, jitter } => write!(f, "latency {delay:?} + up to {jitter:?}"),
            Toxic::Bandwidth { bytes_per_second } => write!(f, "bandwidth {bytes_per_second} bytes/s"),
            Toxic::Slicer { bytes_max, pause } => {
                write!(f, "pieces of 1 to {bytes_max} bytes, {pause:?} apart")
            }
            Toxic::LimitData { bytes } => write!(f, "close after {bytes} bytes"),
            Toxic::Reset { after_bytes } => write!(f, "reset after {after_bytes} bytes"),
            Toxic::Blackhole => f.write_str("blackhole"),
        }
    }
}

/// The toxics of one direction: at most one of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Toxics {
    pub(super) latency: Option<(Duration, Duration)>,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) slicer: Option<(usize, Duration)>,
    pub(super) limit_bytes: Option<u64>,
    pub(super) reset_after_bytes: Option<u64>,
    pub(super) blackhole: bool,
}

impl Toxics {
    /// Adds a toxic; one of the same kind is replaced.
    pub(super) fn add(&mut self, toxic: &Toxic) {
        match *toxic {
            Toxic::Latency { delay, jitter } => self.latency = Some((delay, jitter)),
            Toxic::Bandwidth { bytes_per_second } => self.bytes_per_second = Some(bytes_per_second.max(1)),
            Toxic::Slicer { bytes_max, pause } => self.slicer = Some((bytes_max.max(1), pause)),
            Toxic::LimitData { bytes } => self.limit_bytes = Some(bytes),
            Toxic::Reset { after_bytes } => self.reset_after_bytes = Some(after_bytes),
            Toxic::Blackhole => self.blackhole = true,
        }
    }
}
