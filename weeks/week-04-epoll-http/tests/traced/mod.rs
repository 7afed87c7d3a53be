//! One request between two real processes, and what both logs say of it.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faults::process::{Ended, Launch, Process, Signal, Stream};
use logger::{Entry, Item, LogPath, Reader};
use tempfile::TempDir;

/// Long enough for any machine, short enough for a hung process to be noticed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The records of a log, read as `cargo lab trace` reads them. Damage is a failure here.
pub(crate) fn records(log: &Path) -> Vec<Entry<'static>> {
    let mut reader = Reader::open(&LogPath::new(log).unwrap()).unwrap();
    let mut records = Vec::new();
    loop {
        match reader.next_item().unwrap() {
            Item::Record(entry, _) => records.push(entry.into_owned()),
            Item::Damage(damage) => panic!("{}: {damage}", log.display()),
            Item::Idle | Item::End => return records,
        }
    }
}

/// Those of one request.
pub(crate) fn of_request(log: &Path, id: &str) -> Vec<Entry<'static>> {
    records(log).into_iter().filter(|entry| entry.request_id.as_deref() == Some(id)).collect()
}

/// A server that answers the echo and questions about its health, with a log.
pub(crate) struct Traced {
    process: Process,
    pub(crate) echo: SocketAddr,
    pub(crate) health: SocketAddr,
    dir: TempDir,
}

impl Traced {
    /// Starts it on free ports.
    pub(crate) fn start(args: &[&str]) -> Traced {
        Traced::at("127.0.0.1:0", tempfile::tempdir().unwrap(), args)
    }

    /// Starts it with its health endpoint at this address and its log in this folder.
    pub(crate) fn at(health: &str, dir: TempDir, args: &[&str]) -> Traced {
        let port_file = dir.path().join("health-port");
        let process = Launch::of(env!("CARGO_BIN_EXE_epoll-server"))
            .args(["--listen", "127.0.0.1:0", "--health", health, "--health-port-file"])
            .arg(&port_file)
            .arg("--log")
            .arg(dir.path().join("server.jsonl"))
            .args(args)
            .spawn()
            .unwrap();
        let first = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE).unwrap_or_else(|error| {
            panic!("{error}; stderr: {}", String::from_utf8_lossy(&process.said(Stream::Stderr)))
        });
        let echo = first.strip_prefix("listening on ").unwrap().parse().unwrap();
        let health = std::fs::read_to_string(port_file).unwrap().trim().parse().unwrap();
        Traced { process, echo, health, dir }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.health)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Ends the server in order, so that its log is whole, and leaves the folder.
    pub(crate) fn stop(mut self) -> Logs {
        self.process.signal(Signal::TERM).unwrap();
        let ended = self.process.wait_with_deadline(DEADLINE).unwrap();
        assert_eq!(ended.code(), Some(0), "stderr: {}", ended.stderr_text());
        Logs(self.dir)
    }
}

/// What is left of a run: the folder with the logs of all processes.
pub(crate) struct Logs(TempDir);

impl Logs {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.path("server.jsonl")
    }

    pub(crate) fn client(&self) -> PathBuf {
        self.path("client.jsonl")
    }
}

/// How `http-get` is started with a log of its own.
pub(crate) fn http_get(url: &str, log: &Path, args: &[&str]) -> Launch {
    Launch::of(env!("CARGO_BIN_EXE_http-get")).arg(url).arg("--log").arg(log).args(args)
}

/// Runs `http-get` to its end, which has to be a success.
pub(crate) fn get(url: &str, log: &Path, args: &[&str]) -> Ended {
    let ended = http_get(url, log, args).spawn().unwrap().wait_with_deadline(DEADLINE).unwrap();
    assert_eq!(ended.code(), Some(0), "http-get's stderr: {}", ended.stderr_text());
    ended
}
