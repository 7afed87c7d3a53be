//! A place for a connection: it may stand, be on its way, or be due later.

use std::os::fd::OwnedFd;

use super::link::Link;

/// One place of a group.
pub(super) struct Slot {
    /// Which group it belongs to.
    pub(super) group: usize,
    /// Since when a connection is wanted that does not stand yet.
    pub(super) wanted_ns: Option<u64>,
    pub(super) state: State,
}

/// What is in a place.
pub(super) enum State {
    /// Nothing, and a connection is to be begun from then on; never at `u64::MAX`.
    Empty { due_ns: u64 },
    /// A connection that was begun and does not stand yet.
    Connecting { socket: OwnedFd, since_ns: u64 },
    /// A connection that stands, since then.
    Standing { link: Link, since_ns: u64 },
}

impl State {
    /// Nothing, for good.
    pub(super) const OVER: State = State::Empty { due_ns: u64::MAX };
}
