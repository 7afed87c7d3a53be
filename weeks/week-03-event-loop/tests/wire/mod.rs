//! A real `loop-server` process, and peers that write their bytes by hand. Every wait has a deadline.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

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

/// A running server.
pub(crate) struct Server {
    process: Process,
    pub(crate) address: SocketAddr,
    dir: TempDir,
}

impl Server {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Server {
        let dir = tempfile::tempdir().unwrap();
        let process = Launch::of(env!("CARGO_BIN_EXE_loop-server"))
            .args(["--listen", "127.0.0.1:0"])
            .arg("--log")
            .arg(dir.path().join("server.jsonl"))
            .args(args)
            .spawn()
            .unwrap();
        let first = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE).unwrap_or_else(|error| {
            panic!("{error}; stderr: {}", String::from_utf8_lossy(&process.said(Stream::Stderr)))
        });
        let told = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("first line was {first:?}"));
        Server { address: told.parse().unwrap(), process, dir }
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

    /// Ends the server in order, which has to work.
    pub(crate) fn stop(mut self) -> Ended {
        self.process.signal(Signal::TERM).unwrap();
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
