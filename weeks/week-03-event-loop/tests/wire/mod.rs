//! A real `loop-server` process, and peers that write their bytes by hand. Every wait has a deadline.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faults::counters;
use faults::process::{Ended, Launch, Process, Signal, Stream};
use tempfile::TempDir;

/// Long enough for any machine, short enough for a hung server to be noticed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

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

/// The server under test. Cargo tells a test at compile time where its package's programs will be; an example, such as
/// the drill, is told nothing and finds them beside itself.
pub(crate) fn program() -> PathBuf {
    let told = option_env!("CARGO_BIN_EXE_loop-server");
    told.map_or_else(|| faults::binary("loop-server").unwrap(), PathBuf::from)
}

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    dir: TempDir,
    /// Descriptors of the server before its first peer.
    pub(crate) quiet_fds: u64,
}

impl Server {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Server {
        Server::start_program(program(), args)
    }

    /// The same for another server on this loop.
    pub(crate) fn start_program(program: PathBuf, args: &[&str]) -> Server {
        let dir = tempfile::tempdir().unwrap();
        let process = Server::launch_program(program, dir.path(), args).spawn().unwrap();
        Server::of(process, dir)
    }

    /// How a server is started whose log lies in `dir`.
    pub(crate) fn launch(dir: &Path, args: &[&str]) -> Launch {
        Server::launch_program(program(), dir, args)
    }

    fn launch_program(program: PathBuf, dir: &Path, args: &[&str]) -> Launch {
        Launch::of(program)
            .args(["--listen", "127.0.0.1:0"])
            .arg("--log")
            .arg(dir.join("server.jsonl"))
            .args(args)
    }

    /// Waits until a server that was just started listens.
    pub(crate) fn of(process: Process, dir: TempDir) -> Server {
        let first = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE).unwrap_or_else(|error| {
            panic!("{error}; stderr: {}", String::from_utf8_lossy(&process.said(Stream::Stderr)))
        });
        let told = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("first line was {first:?}"));
        let address = told.parse().unwrap();
        // Whoever announces an address has opened everything that a quiet server holds.
        let quiet_fds = counters::fds_of(process.pid()).unwrap();
        Server { process, address, dir, quiet_fds }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("server.jsonl")
    }

    /// The records so far that have a result, each with the connection's number where the message is about one.
    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        records(&std::fs::read_to_string(self.log()).unwrap_or_default())
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// The records of connections that ended.
    pub(crate) fn closes(&self) -> Vec<serde_json::Value> {
        let is_close = |record: &serde_json::Value| record["msg"].as_str().unwrap().starts_with("closed: ");
        self.records().into_iter().filter(is_close).collect()
    }

    /// How many connections ended as `class`.
    pub(crate) fn closed_as(&self, class: &str) -> usize {
        self.closes().iter().filter(|record| record["result"] == class).count()
    }

    /// Waits for a connection to end as `class`, and returns its record.
    pub(crate) fn wait_for_close(&self, class: &str) -> serde_json::Value {
        wait_until(&format!("a connection closed as {class}"), || {
            self.closes().into_iter().find(|record| record["result"] == class)
        })
    }

    /// A server survived when it answers a stranger and then holds no more descriptors than when it was quiet. Returns
    /// how many those are.
    pub(crate) fn assert_survived(&self) -> u64 {
        let stranger = self.connect();
        (&stranger).write_all(&request("still-there", b"hello")).unwrap();
        assert_eq!(frame(&stranger), reply("still-there", b"hello"), "the next request is answered");
        drop(stranger);
        self.assert_no_descriptor_kept()
    }

    /// Waits until the server holds as many descriptors as when it was quiet; more for ever is a leak.
    pub(crate) fn assert_no_descriptor_kept(&self) -> u64 {
        wait_until("the descriptors of ended connections to be closed", || {
            (counters::fds_of(self.pid()).unwrap() == self.quiet_fds).then_some(())
        });
        assert_eq!(String::from_utf8_lossy(&self.process.said(Stream::Stderr)), "", "nothing on stderr");
        self.quiet_fds
    }

    /// Ends the server in order, which has to work.
    pub(crate) fn stop(mut self) -> Ended {
        self.process.signal(Signal::TERM).unwrap();
        self.ended()
    }

    /// Waits for the end of a server that was told to stop, which has to be in order.
    pub(crate) fn ended(&mut self) -> Ended {
        let ended = self.process.wait_with_deadline(DEADLINE).unwrap();
        assert_eq!(ended.code(), Some(0), "stderr: {}", ended.stderr_text());
        assert_eq!(ended.stderr_text(), "");
        ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.process.signal(Signal::KILL);
            let _ = self.process.wait_with_deadline(DEADLINE);
            let said = self.process.said(Stream::Stderr);
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!(
                "the server's stderr:\n{}\nthe end of its log, latest first:",
                String::from_utf8_lossy(&said)
            );
            eprintln!("{}", tail.join("\n"));
        }
    }
}

/// The whole lines of a log.
pub(crate) fn records(log: &str) -> Vec<serde_json::Value> {
    let whole = &log[..log.rfind('\n').map_or(0, |at| at + 1)];
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// The payload of the next frame.
pub(crate) fn frame(mut stream: &TcpStream) -> Vec<u8> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).expect("a frame header from the server");
    let mut payload = vec![0; u32::from_be_bytes(header) as usize];
    stream.read_exact(&mut payload).expect("a whole payload from the server");
    payload
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

/// The code of the refusal that comes next, after which the server ends its side.
pub(crate) fn refusal(mut stream: &TcpStream) -> String {
    let payload = frame(stream);
    assert_eq!(payload[..2], [3, 0], "kind 3 is a refusal, and it has no id");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the server ends its side after a refusal");
    String::from_utf8(payload[2..].to_vec()).unwrap()
}

/// Ends a connection with a reset instead of an end.
pub(crate) fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// One exchange: by the time of the answer, everybody who connected before was accepted.
pub(crate) fn exchange(mut stream: &TcpStream, id: &str, body: &[u8]) {
    stream.write_all(&request(id, body)).unwrap();
    assert!(frame(stream) == reply(id, body), "{id}: the answer to a request of {} bytes", body.len());
}
