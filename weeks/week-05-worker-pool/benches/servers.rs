//! The real server, started for a measurement.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use faults::process::{Launch, Process, Signal, Stream};
use load::offer::{Group, Plan};
use sha2::{Digest, Sha256};

pub(crate) type Wrong = Box<dyn Error + Send + Sync>;

/// Long enough for a server to start or to stop on any machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// A server that hashes, with a log that is quiet while all is well.
pub(crate) fn start(args: &[&str]) -> Result<(Process, SocketAddr), Wrong> {
    let process = Launch::of(env!("CARGO_BIN_EXE_pool-server"))
        .args(["--listen", "127.0.0.1:0", "--log-level", "error", "--budget", "5s"])
        .args(args)
        .spawn()?;
    let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
    let address = line.strip_prefix("listening on ").ok_or_else(|| format!("first line was {line:?}"))?;
    let address = address.parse()?;
    Ok((process, address))
}

/// Ends it, in order.
pub(crate) fn stop(mut process: Process) -> Result<(), Wrong> {
    process.signal(Signal::TERM)?;
    process.wait_with_deadline(DEADLINE)?;
    Ok(())
}

/// What a server with so many rounds answers to a body.
pub(crate) fn digest(rounds: u32) -> impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static {
    move |body| {
        let first: [u8; 32] = Sha256::digest(body).into();
        let again =
            |before: [u8; 32], _| Sha256::new().chain_update(before).chain_update(body).finalize().into();
        (1..rounds).fold(first, again).to_vec()
    }
}

/// A plan with this one group.
pub(crate) fn plan(address: SocketAddr, group: Group, seed: u64) -> Plan {
    Plan { seed, ..Plan::to(address).group(group) }
}
