//! Who is slow, and how.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::LoadError;
use crate::bounds::{within, within_times};
use crate::dial::Origin;
use crate::plan::{CONNECTIONS_MAX, OPENING_BYTES_MAX};

/// Bytes that one client has to say, or that one repeated frame has.
pub const SAYS_BYTES_MAX: usize = OPENING_BYTES_MAX;
/// Bytes of one piece, sent or read.
pub const PIECE_BYTES_MAX: usize = 1 << 20;
/// How often a slow reader asks.
pub const REPEATS_MAX: u32 = 1 << 20;
/// The longest pause between two pieces.
pub const EVERY_MAX: Duration = Duration::from_secs(3600);
/// Connections of one group, one after the other and side by side.
pub const TOTAL_MAX: u64 = 10_000_000;
/// Addresses that one group comes from.
pub const SOURCES_MAX: usize = 256;

/// A whole crowd.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whom they visit.
    pub server: SocketAddr,
    /// The clients. All of them share one thread.
    pub groups: Vec<Group>,
    /// From which the phases follow: when, within its first pause, each one moves for the first time.
    pub seed: u64,
    /// A connection that does not stand by then has failed.
    pub connect_deadline: Duration,
}

/// Clients of one kind.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name in the tally.
    pub name: String,
    /// Connections at the same time.
    pub connections: usize,
    /// Connections in all: one that ended, or was not made, is made again at once, until so many were begun.
    pub connections_total: u64,
    /// The addresses that they come from, in turn; none for the system's choice. On Linux all of 127.0.0.0/8 is ours.
    pub sources: Vec<IpAddr>,
    /// How they are slow.
    pub behaviour: Behaviour,
    /// The kernel's receive buffer of each connection, where its own choice is not wanted: a slow reader with a small
    /// one is felt sooner.
    pub receive_buffer_bytes: Option<usize>,
}

/// How a client is slow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// It sends a piece, waits, sends the next one; when all is said it stays. It reads whatever comes.
    SlowSender {
        /// All that it has to say: 1 to [`SAYS_BYTES_MAX`] bytes.
        says: Vec<u8>,
        /// Bytes of a piece: 1 to [`PIECE_BYTES_MAX`].
        piece_bytes: usize,
        /// From one piece to the next: up to [`EVERY_MAX`].
        every: Duration,
    },
    /// It sends that at once, and then nothing. It reads whatever comes.
    Stalled {
        /// All that it has to say; nothing at all for a client that is silent.
        says: Vec<u8>,
    },
    /// It asks as fast as the socket takes it, and reads a piece, waits, reads the next one.
    SlowReader {
        /// One request, with its header: 1 to [`SAYS_BYTES_MAX`] bytes.
        frame: Vec<u8>,
        /// How often it asks that: 1 to [`REPEATS_MAX`].
        times: u32,
        /// Bytes of a piece: 1 to [`PIECE_BYTES_MAX`].
        read_bytes: usize,
        /// From one piece to the next: up to [`EVERY_MAX`].
        every: Duration,
    },
}

impl Plan {
    /// A plan for this server: nobody yet, and five seconds to connect.
    pub fn to(server: SocketAddr) -> Self {
        Plan { server, groups: Vec::new(), seed: 1, connect_deadline: Duration::from_secs(5) }
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
        within_times("the connect deadline".into(), self.connect_deadline, Duration::MAX)?;
        self.groups.iter().try_for_each(|group| group.check(self.server))
    }
}

impl Group {
    /// So many at a time, and as many in all.
    pub fn of(name: impl Into<String>, connections: usize, behaviour: Behaviour) -> Self {
        Group {
            name: name.into(),
            connections,
            connections_total: connections as u64,
            sources: Vec::new(),
            behaviour,
            receive_buffer_bytes: None,
        }
    }

    /// Connections that ended are made again at once, until so many were begun.
    #[must_use]
    pub fn total(mut self, connections_total: u64) -> Self {
        self.connections_total = connections_total;
        self
    }

    /// From these addresses, in turn.
    #[must_use]
    pub fn sources(mut self, sources: impl IntoIterator<Item = IpAddr>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// With a receive buffer of so many bytes.
    #[must_use]
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer_bytes = Some(bytes);
        self
    }

    /// Where connection number `number` of the group comes from.
    pub(super) fn origin(&self, number: u64) -> Origin {
        let turn = number % (self.sources.len() as u64).max(1);
        let source = self.sources.get(turn as usize).copied();
        Origin { source, receive_buffer_bytes: self.receive_buffer_bytes }
    }

    fn check(&self, server: SocketAddr) -> Result<(), LoadError> {
        let of = |what: &str| format!("the {what} of `{}`", self.name);
        within(of("number of connections"), self.connections, 1, CONNECTIONS_MAX)?;
        within(of("total of connections"), self.connections_total, self.connections as u64, TOTAL_MAX)?;
        within(of("number of sources"), self.sources.len(), 0, SOURCES_MAX)?;
        if let Some(source) = self.sources.iter().find(|source| source.is_ipv4() != server.is_ipv4()) {
            return Err(LoadError::plan(of("source address"), source, "an address of the server's family"));
        }
        match &self.behaviour {
            Behaviour::SlowSender { says, piece_bytes, every } => {
                within(of("bytes to say"), says.len(), 1, SAYS_BYTES_MAX)?;
                within(of("bytes of a piece"), *piece_bytes, 1, PIECE_BYTES_MAX)?;
                within_times(of("pause"), *every, EVERY_MAX)
            }
            Behaviour::Stalled { says } => within(of("bytes to say"), says.len(), 0, SAYS_BYTES_MAX),
            Behaviour::SlowReader { frame, times, read_bytes, every } => {
                within(of("bytes of a request"), frame.len(), 1, SAYS_BYTES_MAX)?;
                within(of("number of requests"), *times, 1, REPEATS_MAX)?;
                within(of("bytes of a piece"), *read_bytes, 1, PIECE_BYTES_MAX)?;
                within_times(of("pause"), *every, EVERY_MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn check(group: Group) -> Result<(), LoadError> {
        Plan::to(([127, 0, 0, 1], 9).into()).group(group).check()
    }

    #[test]
    fn a_bound_is_allowed_and_one_past_it_is_refused_by_name() {
        let sender = |bytes, piece_bytes, every| {
            Group::of("g", 1, Behaviour::SlowSender { says: vec![0; bytes], piece_bytes, every })
        };
        let stalled = |bytes| Group::of("g", 1, Behaviour::Stalled { says: vec![0; bytes] });
        let reader = |bytes, times, read_bytes, every| {
            Group::of("g", 1, Behaviour::SlowReader { frame: vec![0; bytes], times, read_bytes, every })
        };
        let past = EVERY_MAX + SECOND;
        let at = |count: usize| stalled(1).sources(vec![IpAddr::from([127, 0, 0, 2]); count]);
        for (allowed, refused, name) in [
            (sender(SAYS_BYTES_MAX, 1, SECOND), sender(SAYS_BYTES_MAX + 1, 1, SECOND), "to say"),
            (sender(1, 1, SECOND), sender(0, 1, SECOND), "to say"),
            (sender(1, PIECE_BYTES_MAX, SECOND), sender(1, PIECE_BYTES_MAX + 1, SECOND), "piece"),
            (sender(1, 1, SECOND), sender(1, 0, SECOND), "piece"),
            (sender(1, 1, EVERY_MAX), sender(1, 1, past), "pause"),
            (stalled(0), sender(1, 1, Duration::ZERO), "pause"),
            (stalled(SAYS_BYTES_MAX), stalled(SAYS_BYTES_MAX + 1), "to say"),
            (reader(SAYS_BYTES_MAX, 1, 1, SECOND), reader(SAYS_BYTES_MAX + 1, 1, 1, SECOND), "of a request"),
            (reader(1, 1, 1, SECOND), reader(0, 1, 1, SECOND), "of a request"),
            (reader(1, REPEATS_MAX, 1, SECOND), reader(1, REPEATS_MAX + 1, 1, SECOND), "number of requests"),
            (reader(1, 1, 1, SECOND), reader(1, 0, 1, SECOND), "number of requests"),
            (reader(1, 1, PIECE_BYTES_MAX, SECOND), reader(1, 1, PIECE_BYTES_MAX + 1, SECOND), "piece"),
            (reader(1, 1, 1, SECOND), reader(1, 1, 0, SECOND), "piece"),
            (reader(1, 1, 1, EVERY_MAX), reader(1, 1, 1, past), "pause"),
            (stalled(1).total(1), stalled(1).total(0), "total"),
            (stalled(1).total(TOTAL_MAX), stalled(1).total(TOTAL_MAX + 1), "total"),
            (at(SOURCES_MAX), at(SOURCES_MAX + 1), "sources"),
            (at(1), stalled(1).sources([[0, 0, 0, 0, 0, 0, 0, 1_u16].into()]), "source address"),
        ] {
            check(allowed).unwrap();
            let error = check(refused).unwrap_err().to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
        let many = |connections| Group { connections, ..stalled(1).total(TOTAL_MAX) };
        check(many(CONNECTIONS_MAX)).unwrap();
        assert!(check(many(CONNECTIONS_MAX + 1)).is_err() && check(many(0)).is_err());
    }

    #[test]
    fn sources_are_dealt_in_turn_and_without_any_the_system_chooses() {
        let group = Group::of("g", 1, Behaviour::Stalled { says: vec![] });
        assert_eq!(group.origin(3).source, None);
        let sources = [2, 3].map(|last| IpAddr::from([127, 0, 0, last]));
        let group = group.sources(sources);
        assert_eq!(
            [0, 1, 2].map(|n| group.origin(n).source),
            [Some(sources[0]), Some(sources[1]), Some(sources[0])]
        );
    }
}
