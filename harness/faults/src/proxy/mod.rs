//! A TCP proxy on the loopback that makes a connection worse on purpose.
//!
//! ```text
//!                      ┌────────────── Proxy (one thread) ──────────────┐
//!  client ─────────────┤► upstream lane   ─ toxics ─────────────────────├──► server
//!         ◄────────────┤─────────────────── toxics ─ downstream lane   ◄┤
//!                      └────────▲───────────────────────────┬───────────┘
//!                        set, heal, cut_all          counts, wait_for
//! ```
//!
//! - Toxics are set per direction and may change at any time; a change holds for every byte that is read after the
//!   call returned.
//! - A half-close passes through: the end of one direction is handed on after its bytes, the other direction stays
//!   open. A reset by a peer is handed on as a reset.
//! - Everything is bounded: connections, buffered bytes per direction, and the life of a connection.
//! - Random choices follow from the seed, the number of the connection (in the order of acceptance) and the
//!   direction. Latency is drawn once a read, and how many bytes a read returns is up to the kernel, so delays are
//!   the same sequence but not always on the same byte; cuts are always at the same byte.
//! - Dropping the proxy resets what is open, and returns when its thread has ended and its descriptors are closed.

mod conn;
mod counts;
mod lane;
#[cfg(test)]
mod lane_tests;
mod relay;
mod toxic;

use std::io::{PipeWriter, Write, pipe};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use counts::{Counts, LaneCounts};
pub use toxic::{Direction, Toxic};

use crate::FaultError;
use crate::process::moment_after;
use crate::seed::Dice;
use relay::{Bounds, Relay};
use toxic::Toxics;

/// A proxy to be started.
#[derive(Debug, Clone)]
#[must_use = "nothing listens before `start`"]
pub struct ProxyOptions {
    server: SocketAddr,
    seed: u64,
    bounds: Bounds,
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Writing wakes the thread, dropping stops it.
    wake: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

/// What the proxy's thread and its owner share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Callers that want the lock.
    waiting: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    toxics: [Toxics; 2],
    counts: Counts,
    cut_all: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Toxics and counters are whole after every statement, so a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProxyOptions {
    /// The seed of every random choice (42 unless said otherwise).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many connections are carried at once (1,024 unless said otherwise); further ones are reset.
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.bounds.connections_max = connections;
        self
    }

    /// How many bytes are under way in each direction of a connection (256 KiB unless said otherwise, at least 1).
    pub fn buffer_bytes_max(mut self, bytes: usize) -> Self {
        self.bounds.buffer_bytes_max = bytes.max(1);
        self
    }

    /// How long a connection may live before it is reset (10 minutes unless said otherwise).
    pub fn lifetime_max(mut self, lifetime: Duration) -> Self {
        self.bounds.lifetime_max = lifetime;
        self
    }

    /// Starts to listen on a free port of the loopback.
    ///
    /// # Errors
    /// [`FaultError::System`] when there is no port, descriptor or thread to be had.
    pub fn start(self) -> Result<Proxy, FaultError> {
        let failed = |error| FaultError::system(format!("starting a proxy to {}", self.server), error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (woken, wake) = pipe().map_err(failed)?;
        let shared = Arc::<Shared>::default();
        let relay = Relay {
            listener,
            server: self.server,
            dice: Dice::new(self.seed).fork("proxy"),
            bounds: self.bounds.clone(),
            shared: shared.clone(),
            wake: woken,
            conns: Vec::new(),
            begun: 0,
            paused_until: None,
            next_wake: None,
        };
        let thread = std::thread::Builder::new()
            .name(format!("proxy to {}", self.server))
            .spawn(move || relay.run())
            .map_err(failed)?;
        Ok(Proxy { address, shared, wake: Some(wake), thread: Some(thread) })
    }
}

impl Proxy {
    /// A proxy to a server, which need not run yet.
    pub fn to(server: SocketAddr) -> ProxyOptions {
        let bounds = Bounds {
            connections_max: 1024,
            buffer_bytes_max: 256 * 1024,
            lifetime_max: Duration::from_secs(600),
        };
        ProxyOptions { server, seed: 42, bounds }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a toxic to a direction; one of the same kind is replaced.
    pub fn add(&self, direction: Direction, toxic: Toxic) {
        self.change(|state| state.toxics[direction.index()].add(&toxic));
    }

    /// Replaces all toxics of a direction.
    pub fn set(&self, direction: Direction, toxics: impl IntoIterator<Item = Toxic>) {
        let mut new = Toxics::default();
        toxics.into_iter().for_each(|toxic| new.add(&toxic));
        self.change(|state| state.toxics[direction.index()] = new);
    }

    /// Takes all toxics away, in both directions.
    pub fn heal(&self) {
        self.change(|state| state.toxics = Default::default());
    }

    /// Resets every connection that is open now.
    pub fn cut_all(&self) {
        self.change(|state| state.cut_all = true);
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.shared.waiting.fetch_add(1, Ordering::AcqRel);
        let counts = self.shared.lock().counts;
        self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
        counts
    }

    /// Waits until what happened so far fits.
    ///
    /// # Errors
    /// [`FaultError::Deadline`], naming what was awaited and what had happened by then.
    pub fn wait_for(
        &self,
        what: &str,
        deadline: Duration,
        fits: impl Fn(&Counts) -> bool,
    ) -> Result<Counts, FaultError> {
        let until = moment_after(deadline);
        let mut state = self.shared.lock();
        while !fits(&state.counts) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                let what = format!("{what} (so far: {:?})", state.counts);
                return Err(FaultError::Deadline { what, waited: deadline, stderr: String::new() });
            };
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(state.counts)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.shared.waiting.fetch_add(1, Ordering::AcqRel);
        change(&mut self.shared.lock());
        self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
        if let Some(wake) = &self.wake {
            // It fails only when the thread has ended, and then there is nothing left to change.
            let _ = { wake }.write_all(b"!");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
