//! Idle connections: how many are held, what one of them costs, and what they cost the one that is not idle.
//!
//! A real server process holds the connections; this process is all of their peers. Three costs are kept apart:
//!
//! - what the server's memory grew by (its own: tables, deadlines, queues),
//! - what the kernel's tables grew by (sockets at both ends, since both ends live on this machine),
//! - what the server does while nobody speaks: processor time and how often it was woken.
//!
//! Where the system allows fewer connections than wanted, as many as possible are held, and the reason is part of the
//! result.
#![allow(dead_code, reason = "the test and the measurement each use their own part of this file")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Series};
use faults::counters;
use faults::process::{Launch, Process, Signal, Stream};
use hdrhistogram::Histogram as Recorder;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The goal.
pub(crate) const IDLE_CONNECTIONS: usize = 10_000;
/// Connections made before one of them is heard: fewer than a listener's queue holds. One more than fits is not refused
/// but dropped, and tries again a second later, which would measure the queue and nothing else.
const BURST: usize = 64;
/// Descriptors of this process that are not connections.
const SPARE: u64 = 64;
/// Long enough for any single step on any machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// Latencies up to a minute, to two significant digits.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

type Failure = Box<dyn std::error::Error>;

/// A server that holds the connections.
pub(crate) struct Host {
    process: Process,
    address: SocketAddr,
}

impl Host {
    /// Starts `epoll-server` with this poller, with room for all connections and without a log.
    pub(crate) fn start(poller: &str) -> Result<Self, Failure> {
        let process = Launch::of(env!("CARGO_BIN_EXE_epoll-server"))
            .args([
                "--poller",
                poller,
                "--listen",
                "127.0.0.1:0",
                "--idle-timeout",
                "5m",
                "--log-level",
                "error",
            ])
            .args(["--connections", "20000"])
            .spawn()?;
        let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
        let address = line.strip_prefix("listening on ").ok_or_else(|| format!("first line was {line:?}"))?;
        Ok(Host { address: address.parse()?, process })
    }

    /// Descriptors that the server has open.
    pub(crate) fn descriptors(&self) -> Result<u64, Failure> {
        Ok(counters::fds_of(self.process.pid())?)
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        self.process.signal(Signal::TERM)?;
        let ended = self.process.wait_with_deadline(DEADLINE)?;
        match ended.code() {
            Some(0) => Ok(()),
            code => Err(format!("the server ended with {code:?}: {}", ended.stderr_text()).into()),
        }
    }
}

/// Connections that are held, and what they cost.
pub(crate) struct Held {
    peers: Vec<TcpStream>,
    pub(crate) wanted: usize,
    /// Why there are fewer than wanted.
    pub(crate) short: Option<String>,
    /// Growth of the server's resident memory.
    pub(crate) server_bytes: u64,
    /// Growth of the kernel's tables, of the whole machine; `None` where it cannot be read.
    pub(crate) kernel_bytes: Option<u64>,
}

/// Opens `wanted` connections to the server, or as many as the system allows.
pub(crate) fn hold(host: &Host, wanted: usize) -> Result<Held, Failure> {
    let (room, mut short) = room(wanted)?;
    // One conversation first: what the server allocates once, it has.
    exchange(&connect(host.address)?)?;
    let server_before = counters::rss_bytes_of(host.process.pid())?;
    let kernel_before = kernel_bytes();
    let mut peers = Vec::with_capacity(room);
    while peers.len() < room {
        match connect(host.address) {
            Ok(peer) => {
                peers.push(peer);
                if peers.len().is_multiple_of(BURST) {
                    exchange(&peers[peers.len() - 1])?;
                }
            }
            Err(error) => {
                short = Some(format!("after {} connections, connecting failed: {error}", peers.len()));
                break;
            }
        }
    }
    // The last one is served, so all of them are accepted: a listener's queue is served in order.
    exchange(peers.last().ok_or("not a single connection could be made")?)?;
    let server_bytes = counters::rss_bytes_of(host.process.pid())?.saturating_sub(server_before);
    let kernel_bytes = kernel_before.zip(kernel_bytes()).map(|(before, after)| after.saturating_sub(before));
    Ok(Held { peers, wanted, short, server_bytes, kernel_bytes })
}

impl Held {
    /// How many connections there are.
    pub(crate) fn count(&self) -> usize {
        self.peers.len()
    }

    /// Bytes of the server's own memory for each connection.
    pub(crate) fn server_bytes_each(&self) -> u64 {
        self.server_bytes / self.count() as u64
    }

    /// Asks on every connection, and returns how many were answered.
    pub(crate) fn ask_all(&self) -> usize {
        self.peers.iter().filter(|peer| exchange(peer).is_ok()).count()
    }

    /// Round trips on one of the connections, while the others are idle.
    pub(crate) fn round_trips(&self, time: Duration) -> Result<Recorder<u64>, Failure> {
        let peer = self.peers.first().ok_or("no connection")?;
        let mut latency = Recorder::new_with_bounds(1, LATENCY_NS_MAX, 2)?;
        let until = Instant::now() + time;
        while Instant::now() < until {
            let began = Instant::now();
            exchange(peer)?;
            latency.saturating_record(began.elapsed().as_nanos() as u64);
        }
        Ok(latency)
    }

    /// Ends all connections at once, by resets: orderly ends would leave ten thousand ports in TIME_WAIT.
    pub(crate) fn release(self) -> io::Result<()> {
        for peer in &self.peers {
            rustix::net::sockopt::set_socket_linger(peer, Some(Duration::ZERO))?;
        }
        Ok(())
    }
}

/// What the server did during a while in which nobody spoke.
pub(crate) struct Silence {
    pub(crate) lasted: Duration,
    pub(crate) processor: Duration,
    /// How often it left the processor of its own accord, which is once more than it was woken.
    pub(crate) wakeups: u64,
}

/// Watches the server doing nothing.
pub(crate) fn silence(host: &Host, window: Duration) -> Result<Silence, Failure> {
    let pid = host.process.pid();
    let (processor, switches, began) = (processor_ns(pid)?, switches(pid)?, Instant::now());
    std::thread::sleep(window);
    Ok(Silence {
        lasted: began.elapsed(),
        processor: Duration::from_nanos(processor_ns(pid)?.saturating_sub(processor)),
        wakeups: switches_since(pid, switches)?,
    })
}

/// Measures both pollers with as many idle connections as there can be, and adds a measurement with a series each.
pub(crate) fn measure(mut finding: Finding, window: Duration) -> Result<Finding, Failure> {
    let mut measurement =
        Measurement::of("idle-connections", "One echo while ten thousand other connections are idle", "ns");
    for poller in ["epoll", "poll"] {
        let host = Host::start(poller)?;
        let held = hold(&host, IDLE_CONNECTIONS)?;
        let silence = silence(&host, window)?;
        let latency = held.round_trips(window)?;
        if poller == "epoll" {
            finding = finding.criterion(all_served(&held));
        }
        let mut series = Series::of(poller, Histogram::from_hdr(&latency))
            .fact(Fact::count("held", held.count() as u64, "connections"))
            .fact(Fact::count("server-memory-each", held.server_bytes_each(), "B"))
            .fact(Fact::real("processor-while-idle", silence.processor.as_secs_f64() * 1e3, "ms"))
            .fact(Fact::count("wakeups-while-idle", silence.wakeups, ""));
        if let Some(bytes) = held.kernel_bytes {
            series =
                series.fact(Fact::count("kernel-memory-each", bytes / held.count() as u64, "B, both ends"));
        }
        if let Some(why) = &held.short {
            series = series.fact(Fact::text("fewer-because", why));
        }
        measurement = measurement.series(series);
        held.release()?;
        host.stop()?;
    }
    Ok(finding.measurement(measurement))
}

/// Whether a connection was only held, or could still be used.
fn all_served(held: &Held) -> Criterion {
    let (count, answered) = (held.count(), held.ask_all());
    let claim = "every idle connection is still answered";
    let detail = match &held.short {
        None => format!("{answered} of {count} were answered"),
        Some(why) => format!("{answered} of {count} were answered; {} were wanted, but {why}", held.wanted),
    };
    Criterion::check("epoll-http.idle-served", claim, answered == count, detail)
        .fact(Fact::count("wanted", held.wanted as u64, "connections"))
        .fact(Fact::count("held", count as u64, "connections"))
        .fact(Fact::count("answered", answered as u64, "connections"))
}

/// Raises the soft limit on descriptors, and says how many of `wanted` connections that is good for.
fn room(wanted: usize) -> Result<(usize, Option<String>), Failure> {
    let limit = getrlimit(Resource::Nofile);
    let need = wanted as u64 + SPARE;
    let soft = limit.current.unwrap_or(u64::MAX).max(need.min(limit.maximum.unwrap_or(u64::MAX)));
    setrlimit(Resource::Nofile, Rlimit { current: Some(soft), maximum: limit.maximum })?;
    let room = wanted.min(soft.saturating_sub(SPARE) as usize);
    let short = (room < wanted).then(|| format!("the hard limit allows a process {soft} descriptors"));
    Ok((room, short))
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let peer = TcpStream::connect_timeout(&address, DEADLINE)?;
    peer.set_nodelay(true)?;
    peer.set_read_timeout(Some(DEADLINE))?;
    peer.set_write_timeout(Some(DEADLINE))?;
    Ok(peer)
}

/// One request and its answer, checked.
fn exchange(mut peer: &TcpStream) -> io::Result<()> {
    const REQUEST: &[u8] = b"\0\0\0\x08\x01\x01iquiet";
    const REPLY: &[u8] = b"\0\0\0\x08\x02\x01iquiet";
    peer.write_all(REQUEST)?;
    let mut reply = [0; REPLY.len()];
    peer.read_exact(&mut reply)?;
    if reply == REPLY { Ok(()) } else { Err(io::Error::other(format!("the answer was {reply:?}"))) }
}

/// What the kernel's object tables take on this machine.
fn kernel_bytes() -> Option<u64> {
    let kib = field(&std::fs::read_to_string("/proc/meminfo").ok()?, "Slab:")?;
    Some(kib * 1024)
}

/// Time on a processor so far, of all threads.
fn processor_ns(pid: u32) -> Result<u64, Failure> {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let line = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum += line.split(' ').next().ok_or("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(sum)
}

fn switches(pid: u32) -> Result<u64, Failure> {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = std::fs::read_to_string(task?.path().join("status"))?;
        sum += field(&status, "voluntary_ctxt_switches:").ok_or("a status without switches")?;
    }
    Ok(sum)
}

fn switches_since(pid: u32, before: u64) -> Result<u64, Failure> {
    Ok(switches(pid)?.saturating_sub(before))
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
