//! A real `echo-server` process under test, and a peer that writes its bytes by hand.
//!
//! The peer shares no code with the library: what it sends and expects is spelled out in bytes, so a mistake in the
//! encoder cannot hide one in the decoder. Every wait has a deadline, and when a test fails, what the server said on
//! standard error is part of the failure.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faults::counters;
use faults::process::{Ended, Launch, Process, Signal, Stream};
use serde::Deserialize;
use tempfile::TempDir;

/// Long enough for any machine, short enough for a hung server to be noticed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// One record of a log, as week 1 defines it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) ts: String,
    pub(crate) level: String,
    pub(crate) node_id: String,
    pub(crate) request_id: Option<String>,
    pub(crate) latency_ms: Option<f64>,
    pub(crate) result: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) msg: String,
}

impl Record {
    pub(crate) fn result(&self) -> &str {
        self.result.as_deref().unwrap_or("")
    }

    /// The record that a connection leaves at its end.
    pub(crate) fn is_close(&self) -> bool {
        self.msg.starts_with("closed: ")
    }
}

/// The records of a log file so far; a line that is still being written is left for the next look.
pub(crate) fn records(log: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    whole.lines().map(read).collect()
}

/// Looks until `look` finds something, for at most [`DEADLINE`].
pub(crate) fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited {DEADLINE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The server under test.
pub(crate) fn server_program() -> PathBuf {
    program("echo-server", option_env!("CARGO_BIN_EXE_echo-server"))
}

/// Cargo tells a test at compile time where its package's programs will be; an example, such as the drill, is told
/// nothing and finds them beside itself.
fn program(name: &str, told: Option<&str>) -> PathBuf {
    told.map_or_else(|| faults::binary(name).unwrap(), PathBuf::from)
}

/// A running server.
pub(crate) struct Echo {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) dir: TempDir,
    quiet_fds: u64,
}

impl Echo {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Echo {
        Echo::at("127.0.0.1:0", args)
    }

    /// Starts a server at this address and waits until it listens.
    pub(crate) fn at(address: &str, args: &[&str]) -> Echo {
        let dir = tempfile::tempdir().unwrap();
        let process = Echo::launch(address, dir.path(), args).spawn().unwrap();
        Echo::of(process, dir)
    }

    /// How a server is started whose log lies in `dir`.
    pub(crate) fn launch(address: &str, dir: &Path, args: &[&str]) -> Launch {
        Launch::of(server_program())
            .args(["--listen", address])
            .arg("--log")
            .arg(dir.join("server.jsonl"))
            .args(args)
    }

    /// Waits until a server that was just started listens.
    pub(crate) fn of(process: Process, dir: TempDir) -> Echo {
        let first = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE).unwrap();
        let told = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("first line was {first:?}"));
        let address = told.parse().unwrap();
        // Whoever announces an address has opened everything that a quiet server holds.
        let quiet_fds = counters::fds_of(process.pid()).unwrap();
        Echo { process, address, dir, quiet_fds }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("server.jsonl")
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        records(&self.log())
    }

    /// Waits for a record that fits, and returns it.
    pub(crate) fn wait_for_record(&self, what: &str, fits: impl Fn(&Record) -> bool) -> Record {
        wait_until(what, || self.records().into_iter().find(|record| fits(record)))
    }

    /// Waits for the close of a connection, and returns its record.
    pub(crate) fn wait_for_close(&self, class: &str) -> Record {
        wait_until(&format!("a connection closed as {class}"), || {
            let closes: Vec<Record> = self.records().into_iter().filter(Record::is_close).collect();
            assert!(closes.iter().all(|record| record.result() != "bug"), "a connection's thread panicked");
            closes.iter().find(|record| record.result() == class).cloned()
        })
    }

    /// How many connections ended as `class`.
    pub(crate) fn closes(&self, class: &str) -> usize {
        self.records().iter().filter(|record| record.is_close() && record.result() == class).count()
    }

    /// A connection to the server.
    pub(crate) fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// A server survived when it answers a stranger, never panicked, and holds no more descriptors than when it
    /// was quiet. Returns how many those are.
    pub(crate) fn assert_survived(&self) -> u64 {
        let mut stranger = self.connect();
        stranger.send(&request("still-there", b"hello"));
        assert_eq!(stranger.frame(), reply("still-there", b"hello"), "the next request is answered");
        drop(stranger);
        self.assert_no_descriptor_kept()
    }

    /// Waits until the server holds as many descriptors as when it was quiet; more for ever is a leak.
    pub(crate) fn assert_no_descriptor_kept(&self) -> u64 {
        wait_until("the descriptors of ended connections to be closed", || {
            (counters::fds_of(self.process.pid()).unwrap() == self.quiet_fds).then_some(())
        });
        assert_eq!(self.closes("bug"), 0, "no thread panicked");
        assert_eq!(String::from_utf8_lossy(&self.process.said(Stream::Stderr)), "", "nothing on stderr");
        self.quiet_fds
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn stop(&mut self, signal: Signal) -> Ended {
        self.process.signal(signal).unwrap();
        self.process.wait_with_deadline(DEADLINE).unwrap()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Only a process that has ended has said everything: its last words may still be in the pipe.
            let _ = self.process.signal(Signal::KILL);
            let said = match self.process.wait_with_deadline(DEADLINE) {
                Ok(ended) => ended.stderr_text(),
                Err(_) => String::from_utf8_lossy(&self.process.said(Stream::Stderr)).into_owned(),
            };
            eprintln!("the server's stderr:\n{said}\nits log:\n{:#?}", self.records());
        }
    }
}

/// Runs `echo-client` to its end.
pub(crate) fn client(server: SocketAddr, log: &Path, args: &[&str]) -> Ended {
    client_launch(server, log, args).spawn().unwrap().wait_with_deadline(DEADLINE).unwrap()
}

/// How `echo-client` is started.
pub(crate) fn client_launch(server: SocketAddr, log: &Path, args: &[&str]) -> Launch {
    let launch = Launch::of(program("echo-client", option_env!("CARGO_BIN_EXE_echo-client")));
    launch.arg("--server").arg(server.to_string()).arg("--log").arg(log).args(args)
}

/// Asserts how a client ended; its standard error is part of the failure.
pub(crate) fn assert_exit(ended: &Ended, code: i32) {
    assert_eq!(ended.code(), Some(code), "the client's stderr: {}", ended.stderr_text());
}

/// A peer of the server, by hand.
pub(crate) struct Peer(pub(crate) TcpStream);

impl Peer {
    pub(crate) fn connect(address: SocketAddr) -> Peer {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Peer(stream)
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// The payload of the next frame.
    pub(crate) fn frame(&mut self) -> Vec<u8> {
        let mut header = [0; 4];
        self.0.read_exact(&mut header).expect("a frame header from the server");
        let mut payload = vec![0; u32::from_be_bytes(header) as usize];
        self.0.read_exact(&mut payload).expect("a whole payload from the server");
        payload
    }

    /// The code of the refusal that comes next, after which the server ends its side.
    pub(crate) fn refusal(&mut self) -> String {
        let payload = self.frame();
        assert_eq!(payload[..2], [3, 0], "kind 3 is a refusal, and it has no id");
        assert_eq!(self.0.read(&mut [0]).unwrap(), 0, "the server ends its side after a refusal");
        String::from_utf8(payload[2..].to_vec()).unwrap()
    }

    /// The server says nothing and keeps the connection, for as long as one can reasonably watch it doing so.
    pub(crate) fn hears_nothing(&mut self) {
        self.0.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let heard = self.0.read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(heard, Err(std::io::ErrorKind::WouldBlock), "bytes, an end or an error from the server");
        self.0.set_read_timeout(Some(DEADLINE)).unwrap();
    }

    /// Ends the connection with a reset instead of an end.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.0, Some(Duration::ZERO)).unwrap();
    }
}

/// A request as it travels: header, kind 1, length of the id, id, body.
pub(crate) fn request(id: &str, body: &[u8]) -> Vec<u8> {
    let payload = [&[1, id.len() as u8][..], id.as_bytes(), body].concat();
    [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
}

/// The payload of the reply: kind 2, length of the id, id, body.
pub(crate) fn reply(id: &str, body: &[u8]) -> Vec<u8> {
    [&[2, id.len() as u8][..], id.as_bytes(), body].concat()
}
