//! The processes, and the folder with their logs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faults::process::{Ended, Launch, Process, Signal, Stream};
use framing::RequestIds;
use logger::{Entry, Item, LogPath, Reader};

use crate::Outcome;

/// Longer than any step takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Requests of one `echo-client` process.
const GUEST_REQUESTS: u64 = 3_000;

/// Everybody's patience: as many attempts as it takes, within a budget that outlasts the outage.
pub(crate) const BUDGET: Duration = Duration::from_secs(15);

/// The records of a log, and the places in it that are none.
pub(crate) fn records(log: &Path) -> Outcome<(Vec<Entry<'static>>, u64)> {
    let mut reader = Reader::open(&LogPath::new(log)?)?;
    let (mut records, mut damaged) = (Vec::new(), 0);
    loop {
        match reader.next_item()? {
            Item::Record(entry, _) => records.push(entry.into_owned()),
            Item::Damage(_) => damaged += 1,
            Item::Idle | Item::End => return Ok((records, damaged)),
        }
    }
}

/// A folder for one performance.
pub(crate) struct Stage(tempfile::TempDir);

/// One life of the server.
pub(crate) struct Server {
    process: Process,
    pub(crate) echo: SocketAddr,
    pub(crate) health: SocketAddr,
}

/// An `echo-client` process.
pub(crate) struct Guest {
    process: Process,
    log: PathBuf,
    seed: u64,
}

/// What a guest asked, and where its log is.
pub(crate) struct Asked {
    pub(crate) log: PathBuf,
    pub(crate) ids: Vec<String>,
}

impl Stage {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Stage(tempfile::tempdir()?))
    }

    /// The log of this process.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.jsonl"))
    }

    /// Starts a server under this name, on free ports or on those of its predecessor.
    pub(crate) fn server(&self, name: &str, ports: Option<(SocketAddr, SocketAddr)>) -> Outcome<Server> {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let (echo, health) = ports.unwrap_or((free, free));
        let port_file = self.0.path().join(format!("{name}.health"));
        let process = Launch::of(faults::binary("epoll-server")?)
            .args(["--listen", &echo.to_string(), "--health", &health.to_string(), "--node-id", name])
            .arg("--health-port-file")
            .arg(&port_file)
            .arg("--log")
            .arg(self.log(name))
            .spawn()?;
        let first = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
        let echo = first.strip_prefix("listening on ").ok_or("the server announced no address")?.parse()?;
        let health = std::fs::read_to_string(port_file)?.trim().parse()?;
        Ok(Server { process, echo, health })
    }

    /// Starts an `echo-client` under this name, which asks as fast as it is answered.
    pub(crate) fn echo_client(&self, name: &str, server: SocketAddr, seed: u64) -> Outcome<Guest> {
        let log = self.log(name);
        let process = Launch::of(faults::binary("echo-client")?)
            .args(["--server", &server.to_string(), "--size", "256", "--node-id", name])
            .args(["--count", &GUEST_REQUESTS.to_string(), "--seed", &seed.to_string()])
            .args(["--attempts", "100", "--backoff", "20ms", "--backoff-cap", "250ms"])
            .args(["--budget", &format!("{}s", BUDGET.as_secs())])
            .arg("--log")
            .arg(&log)
            .output_bytes_max(64 << 10)
            .spawn()?;
        Ok(Guest { process, log, seed })
    }

    /// Asks the health endpoint once, as a process with an id of its choice, and gives the id.
    pub(crate) fn http_get(&self, health: SocketAddr, id: &str, path: &str) -> Outcome<String> {
        let ended = Launch::of(faults::binary("http-get")?)
            .arg(format!("http://{health}{path}"))
            .args(["--request-id", id])
            .arg("--log")
            .arg(self.log("http-get"))
            .spawn()?
            .wait_with_deadline(DEADLINE)?;
        if ended.code() != Some(0) {
            return Err(format!("http-get: {}", ended.stderr_text()).into());
        }
        Ok(id.to_owned())
    }
}

impl Server {
    /// Stops it in the kernel's sense, for that long.
    pub(crate) fn freeze(&self, length: Duration) -> Outcome<()> {
        freeze(&self.process, length)
    }

    /// Kills it, without a chance to say anything.
    pub(crate) fn kill(mut self) -> Outcome<Ended> {
        self.process.signal(Signal::KILL)?;
        Ok(self.process.wait_with_deadline(DEADLINE)?)
    }

    /// Asks it to end.
    pub(crate) fn stop(mut self) -> Outcome<Ended> {
        self.process.signal(Signal::TERM)?;
        Ok(self.process.wait_with_deadline(DEADLINE)?)
    }
}

impl Guest {
    /// Waits until its log has that many records: it is in the middle of its work.
    pub(crate) fn wait_for_records(&self, count: usize) -> Outcome<()> {
        let until = Instant::now() + DEADLINE;
        while std::fs::read_to_string(&self.log).map_or(0, |text| text.lines().count()) < count {
            if Instant::now() >= until || !self.process.is_running() {
                return Err("an echo-client has nothing in its log".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    pub(crate) fn freeze(&self, length: Duration) -> Outcome<()> {
        freeze(&self.process, length)
    }

    /// Waits for its end, which has to be a success: all its requests were answered.
    pub(crate) fn finish(mut self) -> Outcome<Asked> {
        let ended = self.process.wait_with_deadline(DEADLINE + BUDGET)?;
        if ended.code() != Some(0) {
            return Err(format!("echo-client: {}", ended.stderr_text()).into());
        }
        let ids = RequestIds::seeded(self.seed).take(GUEST_REQUESTS as usize);
        Ok(Asked { log: self.log, ids: ids.map(|id| id.to_string()).collect() })
    }
}

fn freeze(process: &Process, length: Duration) -> Outcome<()> {
    process.stop(DEADLINE)?;
    std::thread::sleep(length);
    Ok(process.resume(DEADLINE)?)
}
