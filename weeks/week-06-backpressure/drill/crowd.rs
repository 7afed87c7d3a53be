//! The slow senders, on a thread of their own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use load::crowd::{Behaviour, Crowd, Group, GroupTally, Plan};

use crate::Wrong;

/// Addresses that they come from, so that no quota of a single source does the work of the rule.
const SOURCES: u8 = 20;
/// How often each connection may be made again.
const TIMES: u64 = 40;
/// What each message announces: it will never be whole.
const ANNOUNCED_BYTES: u32 = 4096;

/// A crowd that pulls until it is ended.
pub(crate) struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<GroupTally, Wrong>>>,
}

impl Running {
    /// So many connections, a byte a second on each, made again at once when they are closed.
    pub(crate) fn begin(server: SocketAddr, connections: usize, seed: u64) -> Result<Self, Wrong> {
        let says = [&ANNOUNCED_BYTES.to_be_bytes()[..], b"\x01\x04slow", &[0; 256]].concat();
        let behaviour = Behaviour::SlowSender { says, piece_bytes: 1, every: Duration::from_secs(1) };
        let sources = (1..=SOURCES).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 6, last)));
        let group =
            Group::of("slow", connections, behaviour).total(connections as u64 * TIMES).sources(sources);
        let mut crowd = Crowd::connect(Plan { seed, ..Plan::to(server).group(group) })?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                crowd.run_for(Duration::from_millis(50))?;
            }
            Ok(crowd.tally().group("slow").ok_or("the plan has one group")?.clone())
        });
        Ok(Running { stop, thread: Some(thread) })
    }

    /// Ends it; its connections are closed.
    pub(crate) fn end(&mut self) -> Result<GroupTally, Wrong> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().ok_or("it was ended before")?;
        thread.join().map_err(|_| "the crowd panicked")?
    }
}
