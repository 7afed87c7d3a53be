//! From a place that wants a connection to a socket that stands, for many places at once.
//!
//! ```text
//!    want(place, due) ──► due ──► on the way ──► arrived: a socket, or why not
//!                          ▲          │ dropped by a full accept queue
//!                          └──────────┘
//! ```

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use crate::poller::{Poller, READING};
use crate::{LoadError, socket};

/// Connections begun and not standing yet.
const ON_THE_WAY_MAX: usize = 64;
/// Connections begun in one go. On a loopback they stand at once, long before the server has accepted them, and what
/// its accept queue (128 in the standard library) does not hold is dropped and tried again a second later.
const BEGUN_AT_ONCE_MAX: usize = 16;
/// A connection over a loopback that does not stand by then was dropped by a full queue. It is begun anew, since the
/// kernel would wait a second before the next attempt, then two, then four.
const DROPPED_NS: u64 = 10_000_000;
/// The time that a server gets to accept those that were begun in one go.
pub(crate) const ACCEPT_NS: u64 = 1_000_000;

/// Where a connection comes from, and how much it takes at once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Origin {
    pub(crate) source: Option<IpAddr>,
    pub(crate) receive_buffer_bytes: Option<usize>,
}

struct Wanted {
    origin: Origin,
    /// Since when it is tried; nothing before the first attempt.
    since_ns: Option<u64>,
}

struct OnTheWay {
    socket: OwnedFd,
    begun_ns: u64,
}

/// A connection that stands, or the reason why it does not.
pub(crate) type Arrival = (usize, Result<OwnedFd, Errno>);

/// Makes connections to one server.
pub(crate) struct Dialer {
    server: SocketAddr,
    deadline_ns: u64,
    due: BinaryHeap<Reverse<(u64, usize)>>,
    wanted: BTreeMap<usize, Wanted>,
    on_the_way: BTreeMap<usize, OnTheWay>,
    arrived: Vec<Arrival>,
}

impl Dialer {
    /// `deadline_ns`: a connection that does not stand by then, counted from its first attempt, has failed.
    pub(crate) fn to(server: SocketAddr, deadline_ns: u64) -> Self {
        Dialer {
            server,
            deadline_ns,
            due: BinaryHeap::new(),
            wanted: BTreeMap::new(),
            on_the_way: BTreeMap::new(),
            arrived: Vec::new(),
        }
    }

    /// This place wants a connection, from then on.
    pub(crate) fn want(&mut self, place: usize, due_ns: u64, origin: Origin) {
        self.wanted.insert(place, Wanted { origin, since_ns: None });
        self.due.push(Reverse((due_ns, place)));
    }

    /// True while this place's connection is on its way.
    pub(crate) fn is_on_the_way(&self, place: usize) -> bool {
        self.on_the_way.contains_key(&place)
    }

    /// What has arrived or failed since the last call.
    pub(crate) fn arrivals(&mut self) -> Vec<Arrival> {
        std::mem::take(&mut self.arrived)
    }

    /// Begins connections that are due, as many as may be on their way at once.
    pub(crate) fn begin_due(&mut self, poller: &Poller, now_ns: u64) -> Result<(), LoadError> {
        let room = BEGUN_AT_ONCE_MAX.min(ON_THE_WAY_MAX - self.on_the_way.len());
        for _ in 0..room {
            match self.due.peek() {
                Some(Reverse((due_ns, place))) if *due_ns <= now_ns => {
                    let place = *place;
                    self.due.pop();
                    self.begin(place, poller, now_ns)?;
                    // One that does not stand at once met a full accept queue: more would be dropped as well.
                    if self.server.ip().is_loopback() && self.is_on_the_way(place) {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn begin(&mut self, place: usize, poller: &Poller, now_ns: u64) -> Result<(), LoadError> {
        let Some(wanted) = self.wanted.get_mut(&place) else { return Ok(()) };
        wanted.since_ns.get_or_insert(now_ns);
        match socket::begin(self.server, wanted.origin.source, wanted.origin.receive_buffer_bytes) {
            Ok(begun) if begun.stands => {
                poller.add(&begun.socket, place, READING)?;
                self.arrive(place, Ok(begun.socket));
            }
            Ok(begun) => {
                poller.add(&begun.socket, place, EventFlags::OUT)?;
                self.on_the_way.insert(place, OnTheWay { socket: begun.socket, begun_ns: now_ns });
            }
            Err(error @ (Errno::MFILE | Errno::NFILE)) => {
                return Err(LoadError::system("opening one more connection (see `ulimit -n`)", error));
            }
            Err(error) => self.arrive(place, Err(error)),
        }
        Ok(())
    }

    /// The socket of a place on its way says that it is ready.
    pub(crate) fn ready(&mut self, place: usize, poller: &Poller) -> Result<(), LoadError> {
        let Some(OnTheWay { socket, .. }) = self.on_the_way.remove(&place) else { return Ok(()) };
        match socket::outcome(&socket) {
            Ok(()) => {
                poller.modify(&socket, place, READING)?;
                self.arrive(place, Ok(socket));
            }
            Err(error) => self.arrive(place, Err(error)),
        }
        Ok(())
    }

    /// Gives up what is late, and begins anew what a full accept queue has dropped.
    pub(crate) fn sweep(&mut self, now_ns: u64) {
        let over = |since_ns: u64, limit_ns| now_ns.saturating_sub(since_ns) > limit_ns;
        let loopback = self.server.ip().is_loopback();
        let places: Vec<(usize, u64)> = self.on_the_way.iter().map(|(at, way)| (*at, way.begun_ns)).collect();
        for (place, begun_ns) in places {
            let since_ns = self.wanted.get(&place).and_then(|wanted| wanted.since_ns).unwrap_or(begun_ns);
            if over(since_ns, self.deadline_ns) {
                self.on_the_way.remove(&place);
                self.arrive(place, Err(Errno::TIMEDOUT));
            } else if loopback && over(begun_ns, DROPPED_NS) {
                self.on_the_way.remove(&place);
                self.due.push(Reverse((now_ns, place)));
            }
        }
    }

    fn arrive(&mut self, place: usize, arrival: Result<OwnedFd, Errno>) {
        self.wanted.remove(&place);
        self.arrived.push((place, arrival));
    }
}
