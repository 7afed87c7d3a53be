//! The servers that the table is run against: the loop in a process of its own, and week 2's server in a thread of this one.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use faults::process::Signal;
use framing::server::Config;
use framing::{Deadlines, FrameLimit, arguments};
use logger::{LogPath, Logging, Options, Setup};
use serde_json::Value;

use crate::wire::{Server, exchange, records, wait_until};

/// A server that can be stopped and has a log.
pub(crate) trait Subject {
    fn address(&self) -> SocketAddr;

    /// Tells it to stop.
    fn stop(&mut self);

    /// The records of this server so far.
    fn records(&self) -> Vec<Value>;

    /// It goes on as if nothing had been; or ends in order, where it was stopped.
    fn assert_as_before(&mut self, stopped: bool);

    /// The closing records of its connection of this number.
    fn closes_of(&self, number: u64) -> Vec<Value> {
        let mark = format!(" connection={number} ");
        let fits = |record: &Value| {
            let msg = record["msg"].as_str().unwrap();
            msg.starts_with("closed: ") && msg.contains(&mark)
        };
        self.records().into_iter().filter(fits).collect()
    }
}

/// `loop-server`.
pub(crate) struct Looping(Server);

impl Looping {
    pub(crate) fn start(poller: &str, given: &[String]) -> Self {
        let mut args = vec!["--poller", poller];
        args.extend(given.iter().map(String::as_str));
        Looping(Server::start(&args))
    }
}

impl Subject for Looping {
    fn address(&self) -> SocketAddr {
        self.0.address
    }

    fn stop(&mut self) {
        self.0.process.signal(Signal::TERM).unwrap();
    }

    fn records(&self) -> Vec<Value> {
        self.0.records()
    }

    fn assert_as_before(&mut self, stopped: bool) {
        if stopped {
            self.0.ended();
            let last = self.0.records().pop().unwrap();
            let msg = last["msg"].as_str().unwrap();
            assert!(msg.starts_with("stopped: ") && msg.contains(" 0 abandoned"), "{msg}");
        } else {
            // Whoever holds the only place still does, so that a stranger is not answered; its descriptor counts.
            let held = self.0.closes().iter().any(|record| record["result"] == "busy");
            if !held {
                self.0.assert_survived();
            }
        }
    }
}

/// Week 2's server, with its records in one log for all that this process starts.
pub(crate) struct Threaded<'a> {
    address: SocketAddr,
    stop: UnixStream,
    thread: Option<JoinHandle<()>>,
    log: &'a Path,
    /// Records of earlier servers.
    earlier: usize,
}

/// The log of this process.
pub(crate) struct Log {
    path: PathBuf,
    _logging: Logging,
}

impl std::ops::Deref for Log {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

pub(crate) fn log_into(dir: &Path) -> Log {
    let path = dir.join("threads.jsonl");
    let file = LogPath::new(path.to_str().unwrap()).unwrap();
    let _logging = Setup::new("echo-server").file(file, Options::default()).install().unwrap();
    Log { path, _logging }
}

impl<'a> Threaded<'a> {
    pub(crate) fn start(given: &[String], log: &'a Path) -> Self {
        let server =
            framing::server::Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), config(given)).unwrap();
        let (heard, stop) = UnixStream::pair().unwrap();
        let address = server.address();
        let earlier = records(&std::fs::read_to_string(log).unwrap_or_default()).len();
        let thread = std::thread::spawn(move || assert_eq!(server.run(&heard).unwrap().abandoned, 0));
        Threaded { address, stop, thread: Some(thread), log, earlier }
    }
}

/// The same arguments for the server of week 2. What only the loop has is left out.
fn config(given: &[String]) -> Config {
    let mut config = Config::default();
    let time = |text: &String| -> Duration { arguments::timeout(text).unwrap() };
    for pair in given.chunks(2) {
        let (value, deadlines): (_, &mut Deadlines) = (&pair[1], &mut config.deadlines);
        match pair[0].as_str() {
            "--limit" => config.limit = FrameLimit::new(value.parse().unwrap()).unwrap(),
            "--idle-timeout" => deadlines.idle = time(value),
            "--read-timeout" => deadlines.read = time(value),
            "--write-timeout" => deadlines.write = time(value),
            "--drain" => config.drain = time(value),
            "--connections" => config.connections_max = value.parse().unwrap(),
            "--outbound-cap" => {}
            other => panic!("week 2 has no {other}"),
        }
    }
    config
}

impl Subject for Threaded<'_> {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn stop(&mut self) {
        self.stop.write_all(b"!").unwrap();
    }

    fn records(&self) -> Vec<Value> {
        let all = records(&std::fs::read_to_string(self.log).unwrap_or_default());
        all.into_iter().skip(self.earlier).collect()
    }

    fn assert_as_before(&mut self, stopped: bool) {
        if !stopped {
            let held = self.records().iter().any(|record| record["result"] == "busy");
            if !held {
                exchange(&crate::wire::connect(self.address), "still-there", b"hello");
            }
            self.stop();
        }
        let thread = self.thread.take().unwrap();
        wait_until("the threads of week 2 to end", || thread.is_finished().then_some(()));
        thread.join().unwrap();
    }
}
