//! The loop itself: wait, work a bounded amount for everyone who is ready, and wait again.

mod accept;
mod closing;
mod deadlines;
mod serve;
mod turn;

pub use accept::{ACCEPT_REST, OUT_OF_RANGE};

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::outbound::{OUTBOUND_CAP_BYTES_DEFAULT, OUTBOUND_PAUSE_BYTES_DEFAULT};
use crate::table::Table;
use crate::{Event, Outbox, Poller, Service, Timers, Token, Waker};

/// Messages of one connection that are worked off in one turn. A peer that sends more gets its next share after all
/// others had theirs.
pub const TURN_MESSAGES_MAX: u32 = 256;

/// Connections accepted from one listener in one turn.
pub const TURN_ACCEPTS_MAX: u32 = 64;

/// Deadlines that are dealt with in one turn. A crowd that came at one moment is late at one moment, and whoever is served
/// waits for no more than so many farewells.
pub const TURN_EXPIRIES_MAX: usize = 64;

/// A read of what is to be forgotten: 16 KiB.
const SCRAP_BYTES: usize = 16 << 10;

/// Connections that may wait to be accepted: as many as Linux allows (`net.core.somaxconn`). One more is not refused but
/// dropped, and its peer tries again a second later; the standard library's 128 is less than one burst.
pub const LISTEN_BACKLOG: i32 = 4096;

/// Connections served at once where nobody chose another number.
pub const CONNECTIONS_MAX_DEFAULT: usize = 1024;

/// The most connections that a loop can be asked for: more than a machine with default limits has descriptors.
pub const CONNECTIONS_MAX_HARD: usize = 1 << 20;

// ANCHOR: config
/// The bounds of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Connections served at once. One more is told that it is one too many.
    pub connections_max: usize,
    /// Above this many queued bytes nothing is read from a peer.
    pub pause_bytes: usize,
    /// Queued bytes at which a peer is given up.
    pub cap_bytes: usize,
    /// How long a peer may take for what waits for it when the clock starts.
    pub write: Duration,
    /// How long begun messages may take to finish after a stop.
    pub drain: Duration,
}
// ANCHOR_END: config

impl Default for Config {
    fn default() -> Self {
        Config {
            connections_max: CONNECTIONS_MAX_DEFAULT,
            pause_bytes: OUTBOUND_PAUSE_BYTES_DEFAULT,
            cap_bytes: OUTBOUND_CAP_BYTES_DEFAULT,
            write: Duration::from_secs(10),
            drain: Duration::from_secs(5),
        }
    }
}

/// How a loop ended, and what it did in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stopped {
    /// Connections accepted, those included that were turned away.
    pub accepted: u64,
    /// Connections that were turned away.
    pub turned_away: u64,
    /// Connections that were still served when all patience was over, which no peer can bring about.
    pub abandoned: usize,
    /// How often the loop went round.
    pub turns: u64,
}

/// An event loop: one thread, any number of connections up to its bound.
pub struct EventLoop<P, T, S: Service> {
    poller: P,
    timers: T,
    service: S,
    config: Config,
    table: Table<Connection<S::Session>>,
    listeners: Vec<TcpListener>,
    waker: Waker,
    outbox: Outbox,
    /// Connections with work left, which continue without an event.
    listed: VecDeque<Token>,
    /// Connections that were sent something by others in this turn.
    unsent: Vec<Token>,
    events: Vec<Event>,
    /// Whose time is over, and who have not been dealt with yet.
    expired: VecDeque<Token>,
    /// Where bytes go that nobody wants.
    scrap: Box<[u8]>,
    /// The time of this turn. One look at the clock serves all that happens in it.
    now: Instant,
    /// Until when accepting rests, for lack of descriptors.
    accept_again: Option<Instant>,
    woken: bool,
    /// After a stop: until when begun messages may be finished.
    drained_by: Option<Instant>,
    life: Stopped,
}

impl<P: Poller, T: Timers, S: Service> EventLoop<P, T, S> {
    /// A loop around a service, which listens nowhere yet.
    ///
    /// # Errors
    /// What the system says when the poller or the waker cannot have their descriptors.
    pub fn new(config: Config, timers: T, service: S) -> io::Result<Self> {
        let (mut poller, waker) = (P::new()?, Waker::new()?);
        poller.add(rustix::fd::AsFd::as_fd(&waker), turn::WAKER, crate::Interest::READ).map_err(refused)?;
        Ok(EventLoop {
            poller,
            timers,
            service,
            config: Config {
                connections_max: config.connections_max.clamp(1, CONNECTIONS_MAX_HARD),
                ..config
            },
            table: Table::default(),
            listeners: Vec::new(),
            waker,
            outbox: Outbox::new(),
            listed: VecDeque::new(),
            unsent: Vec::new(),
            events: Vec::new(),
            expired: VecDeque::new(),
            scrap: vec![0; SCRAP_BYTES].into(),
            now: Instant::now(),
            accept_again: None,
            woken: false,
            drained_by: None,
            life: Stopped::default(),
        })
    }

    /// Also serves what connects to this listener; its number, from 0, is what [`Peer::listener`](crate::Peer) says.
    ///
    /// # Errors
    /// When the listener cannot be watched.
    pub fn listen(&mut self, listener: TcpListener) -> io::Result<SocketAddr> {
        listener.set_nonblocking(true)?;
        // Listening once more only changes the length of the queue (listen(2)).
        rustix::net::listen(&listener, LISTEN_BACKLOG)?;
        let address = listener.local_addr()?;
        let token = turn::listener_token(self.listeners.len());
        self.poller.add(rustix::fd::AsFd::as_fd(&listener), token, crate::Interest::READ).map_err(refused)?;
        self.listeners.push(listener);
        Ok(address)
    }

    /// What other threads wake the loop with.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }
}

/// A poller's refusal of a descriptor that the loop cannot do without.
fn refused(error: crate::PollerError) -> io::Error {
    io::Error::other(error)
}
