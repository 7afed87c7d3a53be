//! What really happened in a proxy. A drill may only count faults that are counted here.

use super::Direction;

/// What happened in one direction, over all connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneCounts {
    /// Bytes that were taken from the sender.
    pub bytes_in: u64,
    /// Bytes that were handed to the receiver's side.
    pub bytes_out: u64,
    /// Reads whose bytes were delayed by latency.
    pub delayed: u64,
    /// Pieces that the slicer cut.
    pub sliced: u64,
    /// Writes that had to wait for bandwidth.
    pub throttled: u64,
    /// Connections that were closed by a data limit.
    pub limited: u64,
    /// Connections that were reset by a toxic.
    pub resets: u64,
    /// Times that a blackhole began to hold something back.
    pub blackholed: u64,
}

/// What happened in a proxy since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were accepted and carried on to the server.
    pub accepted: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Connections that were closed at once because the proxy was full.
    pub refused: u64,
    /// Connections that the server did not take; the client saw a reset.
    pub unreachable: u64,
    /// Connections that were cut because they reached the longest life allowed.
    pub expired: u64,
    /// Connections that ended because one of the peers reset them.
    pub peer_resets: u64,
    /// Connections that were reset by [`super::Proxy::cut_all`].
    pub cut: u64,
    /// From client to server.
    pub upstream: LaneCounts,
    /// From server to client.
    pub downstream: LaneCounts,
}

impl LaneCounts {
    /// How often a toxic really did something in this direction.
    pub fn faults(&self) -> u64 {
        self.delayed + self.sliced + self.throttled + self.limited + self.resets + self.blackholed
    }
}

impl Counts {
    /// How often the proxy really broke something. What the peers did themselves and what the proxy's own bounds
    /// did is not counted.
    pub fn faults(&self) -> u64 {
        self.cut + self.upstream.faults() + self.downstream.faults()
    }

    /// One direction.
    pub fn lane(&self, direction: Direction) -> &LaneCounts {
        match direction {
            Direction::Upstream => &self.upstream,
            Direction::Downstream => &self.downstream,
        }
    }

    pub(super) fn lane_mut(&mut self, direction: Direction) -> &mut LaneCounts {
        match direction {
            Direction::Upstream => &mut self.upstream,
            Direction::Downstream => &mut self.downstream,
        }
    }
}
