//! The echo server: one thread a connection, and a bound on connections.
//!
//! One client at a time would be simpler and is no server: the slowest peer would hold all others for as long as its
//! deadlines allow. A thread each costs a stack, so their number is bounded and the peer that comes too many is told
//! so. Week 3 gets rid of the threads.
//!
//! A connection's thread waits in one place, for three things: bytes, the stop of the server, or its own deadline
//! ([`wait`](crate::wait)). Everything else it does has an end of its own.

mod accept;
mod connection;
mod farewell;
mod listen;
mod slots;
mod stop;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

pub use accept::{AcceptFault, Stopped};
pub use farewell::{LINGER_BYTES_MAX, LINGER_MAX};
pub use listen::{StartError, listen, write_port_file};

use crate::{Deadlines, FrameLimit};
use slots::Slots;
use stop::{StopReceiver, StopSender};

/// Connections served at once where nobody chose another number.
pub const CONNECTIONS_MAX_DEFAULT: usize = 64;

/// The most connections that a thread each is a sane answer for.
pub const CONNECTIONS_MAX_HARD: usize = 1024;

/// The stack of a connection's thread: 512 KiB of address space, of which a connection touches a few pages.
pub const CONNECTION_STACK_BYTES: usize = 512 << 10;

/// How a server behaves.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The frame limit.
    pub limit: FrameLimit,
    /// The deadlines of each connection.
    pub deadlines: Deadlines,
    /// Connections served at once, 1 to [`CONNECTIONS_MAX_HARD`].
    pub connections_max: usize,
    /// How long connections may take to finish their frame after a stop.
    pub drain: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            limit: FrameLimit::default(),
            deadlines: Deadlines::default(),
            connections_max: CONNECTIONS_MAX_DEFAULT,
            drain: Duration::from_secs(5),
        }
    }
}

/// A server that listens and does not serve yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: StopSender,
}

/// What every connection's thread knows.
#[derive(Debug)]
struct Shared {
    config: Config,
    slots: Slots,
    stop: StopReceiver,
}

impl Server {
    /// Takes the address. From here on peers can connect; they are served once [`run`](Self::run) is called.
    ///
    /// # Errors
    /// [`StartError`], one variant for each way in which a start can fail.
    pub fn bind(address: SocketAddr, config: Config) -> Result<Self, StartError> {
        let (listener, address) = listen::listen(address)?;
        let (stop, receiver) = stop::pair().map_err(|error| StartError::of_bind(address, error))?;
        let connections_max = config.connections_max.clamp(1, CONNECTIONS_MAX_HARD);
        let shared = Shared { config, slots: Slots::new(connections_max), stop: receiver };
        Ok(Server { listener, address, shared: Arc::new(shared), stop })
    }

    /// The address that was taken; the port is a real one even when port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
