//! Contestants as processes: a measurement starts itself once more for each server that it compares.
//!
//! A server in a process of its own has its own heap, its own descriptors and its own processor time, and all
//! contestants begin alike.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use faults::process::{Launch, Process, Stream};

use crate::{LoadError, peers, pin, socket};

/// Says to a fresh process of the same program that it is to serve, and as what.
const ASKED: &str = "LOAD_SERVE_AS";

/// Long enough for a process to start on any machine.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    name: String,
    peer: bool,
    address: SocketAddr,
    process: Process,
}

impl Running {
    /// What it is called in tables.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True for what we are compared with.
    pub fn is_peer(&self) -> bool {
        self.peer
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// Starts this very program as a server: one of [`peers::NAMES`], or a name that `serve_if_asked` was given. It is tied
/// to the first core, so that the load may have the second, and ends with the process that started it.
///
/// # Errors
/// What went wrong on the way to its first line.
pub fn start(name: &str) -> Result<Running, LoadError> {
    let failed = |why: String| LoadError::Contestant { name: name.to_owned(), why };
    let program = std::env::current_exe().map_err(|e| failed(e.to_string()))?;
    let process = Launch::of(program).env(ASKED, name).spawn().map_err(|e| failed(e.to_string()))?;
    let line =
        process.wait_for_line(Stream::Stdout, |_| true, START_DEADLINE).map_err(|e| failed(e.to_string()))?;
    let address = line.trim().parse().map_err(|_| failed(format!("its first line was {line:?}")))?;
    let peer = peers::NAMES.contains(&name);
    Ok(Running { name: name.to_owned(), peer, address, process })
}

/// To be called first in `main`: in a process that was started by [`start`] it serves, and `Some` says how that ended.
/// `ours` serves under every name that is no peer's.
pub fn serve_if_asked(ours: impl FnOnce(&str, TcpListener) -> io::Result<()>) -> Option<io::Result<()>> {
    let name = std::env::var(ASKED).ok()?;
    Some(serve(&name, ours))
}

fn serve(name: &str, ours: impl FnOnce(&str, TcpListener) -> io::Result<()>) -> io::Result<()> {
    pin::this_thread(0).map_err(io::Error::other)?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    socket::unpaced(&listener);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", listener.local_addr()?)?;
    out.flush()?;
    drop(out);
    if peers::NAMES.contains(&name) {
        peers::serve(name, listener).map_err(io::Error::other)
    } else {
        ours(name, listener)
    }
}
