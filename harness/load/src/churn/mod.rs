//! Connections that come, and go in every way there is.
//!
//! # The problem
//!
//! A server that was only ever left politely has not shown that it lets go. Descriptors leak where an ending was not
//! thought of: a reset while answering, a header of two bytes, a peer that never said anything. Churn is thousands of
//! short connections of all these kinds ([`Death`]), mixed by a seed, with only a few at a time.
//!
//! # Ports
//!
//! Whoever closes first keeps the port for a minute (`TIME_WAIT`), and most kinds here close first; Linux hands out some
//! 28,000 ports for each pair of addresses. On an IPv4 loopback the connections therefore come from
//! [`SOURCE_ADDRESSES`] different addresses (127.0.0.2 and so on), which is enough for some 400,000 a minute. Kinds that
//! end in a reset ([`Death::Reset`], [`Death::Unread`]) leave nothing behind. Elsewhere one address has to do.

mod death;
mod script;
mod tally;
mod visit;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use faults::seed::Dice;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData};
use rustix::io::Errno;

pub use death::Death;
pub use tally::{End, KindTally, Tally, UNEXPECTED_KEPT_MAX, Unexpected};
use visit::{Step, Visit};

use crate::{Dialect, LoadError, socket};

/// Connections at the same time.
pub const AT_ONCE_MAX: usize = 4096;
/// Addresses that connections to an IPv4 loopback come from.
pub const SOURCE_ADDRESSES: u8 = 16;
/// Bytes of one read.
const READ_BUFFER_BYTES: usize = 16 << 10;
/// Deadlines and silences are looked at this often.
const SWEEP: Duration = Duration::from_millis(2);

/// What to put a server through.
#[derive(Debug, Clone)]
pub struct Churn {
    /// Whom.
    pub server: SocketAddr,
    /// What the payloads are; some kinds of death exist in one dialect only.
    pub dialect: Dialect,
    /// How many connections, one after the other or side by side.
    pub connections: u64,
    /// How many of them at the same time: 1 to [`AT_ONCE_MAX`].
    pub at_once: usize,
    /// From which kinds and sizes follow.
    pub seed: u64,
    /// The kinds, all equally likely.
    pub deaths: Vec<Death>,
    /// A connection that has not come to its end by then is given up, and unexpected.
    pub deadline: Duration,
}

impl Churn {
    /// Every kind that the dialect has, 64 at a time, with ten seconds for each connection.
    pub fn of(server: SocketAddr, dialect: Dialect, connections: u64) -> Self {
        let deaths = Death::ALL.into_iter().filter(|death| death.exists_in(dialect)).collect();
        Churn {
            server,
            dialect,
            connections,
            at_once: 64,
            seed: 1,
            deaths,
            deadline: Duration::from_secs(10),
        }
    }

    /// Does it, on this thread.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for a setting outside its bounds, [`LoadError::System`] when the machine does not let us. What
    /// the server does is in the [`Tally`].
    pub fn run(&self) -> Result<Tally, LoadError> {
        self.check()?;
        Mill::new(self)?.run()
    }

    fn check(&self) -> Result<(), LoadError> {
        if !(1..=AT_ONCE_MAX).contains(&self.at_once) {
            let allowed = format!("1 to {AT_ONCE_MAX}");
            return Err(LoadError::plan("the number of connections at once".into(), self.at_once, allowed));
        }
        if self.deaths.is_empty() || !self.deaths.iter().all(|death| death.exists_in(self.dialect)) {
            let asked: Vec<_> = self.deaths.iter().map(|death| death.as_str()).collect();
            let allowed = format!("one or more of those that {:?} has", self.dialect);
            return Err(LoadError::plan("the list of deaths".into(), asked.join(" "), allowed));
        }
        Ok(())
    }
}

/// The run itself.
struct Mill<'a> {
    churn: &'a Churn,
    epoll: OwnedFd,
    dice: Dice,
    places: Vec<Option<Visit>>,
    free: Vec<usize>,
    begun: u64,
    tally: Tally,
    buffer: Vec<u8>,
}

impl<'a> Mill<'a> {
    fn new(churn: &'a Churn) -> Result<Self, LoadError> {
        Ok(Mill {
            epoll: epoll::create(CreateFlags::CLOEXEC)
                .map_err(|e| LoadError::system("making an epoll", e))?,
            dice: Dice::new(churn.seed).fork("churn"),
            places: (0..churn.at_once).map(|_| None).collect(),
            free: (0..churn.at_once).rev().collect(),
            begun: 0,
            tally: Tally {
                kinds: BTreeMap::new(),
                unexpected: 0,
                examples: Vec::new(),
                elapsed: Duration::ZERO,
            },
            buffer: vec![0; READ_BUFFER_BYTES],
            churn,
        })
    }

    fn run(mut self) -> Result<Tally, LoadError> {
        let began = Instant::now();
        let mut events: Vec<Event> = Vec::with_capacity(self.churn.at_once);
        let mut sweep_at = began + SWEEP;
        while self.begun < self.churn.connections || self.free.len() < self.places.len() {
            // As many as were free when this began: those that end at once must not keep the others from their turn.
            for _ in 0..self.free.len() {
                if self.begun < self.churn.connections {
                    self.begin()?;
                }
            }
            // Nothing may be on its way now: every one of them may have been of the kind that ends at once.
            let wait = if self.free.len() == self.places.len() { Duration::ZERO } else { SWEEP };
            let timeout = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(LoadError::system("waiting for connections", error)),
            }
            for event in &events {
                self.serve(event.data.u64() as usize);
            }
            let now = Instant::now();
            if now >= sweep_at {
                sweep_at = now + SWEEP;
                self.sweep(now);
            }
        }
        self.tally.elapsed = began.elapsed();
        Ok(self.tally)
    }

    /// The address that the next connection comes from.
    fn source(&self) -> Option<IpAddr> {
        match self.churn.server.ip() {
            IpAddr::V4(server) if server.is_loopback() => {
                let last = 2 + (self.begun % u64::from(SOURCE_ADDRESSES)) as u8;
                Some(Ipv4Addr::new(127, 0, 0, last).into())
            }
            _ => None,
        }
    }

    fn begin(&mut self) -> Result<(), LoadError> {
        let kinds = &self.churn.deaths;
        let death = kinds[self.dice.between(0, kinds.len() as u64 - 1) as usize];
        let source = self.source();
        let number = self.begun;
        self.begun += 1;
        let script = script::of(death, self.churn.dialect, number, &mut self.dice);
        let mut visit = Visit::new(death, number, script, self.churn.dialect);
        let begun = match socket::begin(self.churn.server, source, None) {
            Ok(begun) => begun,
            Err(Errno::MFILE | Errno::NFILE) => {
                return Err(LoadError::system("opening one more connection (see `ulimit -n`)", Errno::MFILE));
            }
            Err(error) => {
                visit.not_connected(error);
                self.tally.add(visit.report(End::NotConnected));
                return Ok(());
            }
        };
        visit.begin(begun, Instant::now() + self.churn.deadline);
        let Some(at) = self.free.pop() else { return Ok(()) };
        if let Some(socket) = visit.socket() {
            epoll::add(&self.epoll, socket, EventData::new_u64(at as u64), visit.interest())
                .map_err(|e| LoadError::system("watching a connection", e))?;
        }
        self.places[at] = Some(visit);
        self.serve(at);
        Ok(())
    }

    fn serve(&mut self, at: usize) {
        let Some(visit) = &mut self.places[at] else { return };
        let before = visit.interest();
        match visit.step(&mut self.buffer, Instant::now()) {
            Step::Over(end) => self.over(at, end),
            Step::Goes => {
                let interest = visit.interest();
                if interest != before
                    && let Some(socket) = visit.socket()
                    && epoll::modify(&self.epoll, socket, EventData::new_u64(at as u64), interest).is_err()
                {
                    self.over(at, End::Failed);
                }
            }
        }
    }

    fn over(&mut self, at: usize, end: End) {
        if let Some(visit) = self.places[at].take() {
            self.tally.add(visit.report(end));
            self.free.push(at);
        }
    }

    /// Ends what is late, and silences that lasted long enough.
    fn sweep(&mut self, now: Instant) {
        for at in 0..self.places.len() {
            let Some(visit) = &mut self.places[at] else { continue };
            if let Some(end) = visit.due(now) {
                self.over(at, end);
            }
        }
    }
}
