//! A real `pool-server` process, and clients that write their bytes by hand. Every wait has a deadline.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faults::process::{Ended, Launch, Process, Signal, Stream};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Long enough for any machine, short enough for a hung server to be noticed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Looks until `look` finds something, for at most [`DEADLINE`].
pub(crate) fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited {DEADLINE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The server under test.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_pool-server"))
}

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    dir: TempDir,
}

/// What a server said of its pool at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolLine {
    pub(crate) accepted: u64,
    pub(crate) finished: u64,
    pub(crate) cancelled: u64,
    pub(crate) panicked: u64,
    pub(crate) refused: u64,
}

impl Server {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Server {
        let dir = tempfile::tempdir().unwrap();
        let process = Server::launch(dir.path(), args).spawn().unwrap();
        let first = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE).unwrap_or_else(|error| {
            panic!("{error}; stderr: {}", String::from_utf8_lossy(&process.said(Stream::Stderr)))
        });
        let told = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("first line was {first:?}"));
        let address = told.parse().unwrap();
        Server { process, address, dir }
    }

    /// How a server is started whose log and whose health address lie in `dir`.
    pub(crate) fn launch(dir: &Path, args: &[&str]) -> Launch {
        Launch::of(program())
            .args(["--listen", "127.0.0.1:0", "--health", "127.0.0.1:0"])
            .arg("--log")
            .arg(dir.join("server.jsonl"))
            .arg("--health-port-file")
            .arg(dir.join("health"))
            .args(args)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// The records so far.
    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        let log = std::fs::read_to_string(self.dir.path().join("server.jsonl")).unwrap_or_default();
        let whole = &log[..log.rfind('\n').map_or(0, |at| at + 1)];
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asks for the server's health; true where it is well.
    pub(crate) fn is_healthy(&self) -> bool {
        let address = std::fs::read_to_string(self.dir.path().join("health")).unwrap();
        let stream = connect(address.trim().parse().unwrap());
        (&stream).write_all(b"GET /health HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        (&stream).take(64 << 10).read_to_string(&mut answer).unwrap();
        answer.starts_with("HTTP/1.1 200 ")
    }

    /// Tells the server to end, without waiting for it.
    pub(crate) fn terminate(&self) {
        self.process.signal(Signal::TERM).unwrap();
    }

    /// Waits for the end of a server that was told to stop, whatever it says.
    pub(crate) fn wait_end(&mut self) -> Ended {
        self.process.wait_with_deadline(DEADLINE).unwrap()
    }

    /// Waits for an end in order, and returns what the server said of its pool.
    pub(crate) fn ended(&mut self) -> PoolLine {
        let ended = self.wait_end();
        assert_eq!(ended.code(), Some(0), "stderr: {}", ended.stderr_text());
        assert_eq!(ended.stderr_text(), "");
        pool_line(&ended)
    }

    /// Ends the server in order, which has to work.
    pub(crate) fn stop(mut self) -> PoolLine {
        self.terminate();
        self.ended()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.process.signal(Signal::KILL);
            let _ = self.process.wait_with_deadline(DEADLINE);
            let said = self.process.said(Stream::Stderr);
            let log = std::fs::read_to_string(self.dir.path().join("server.jsonl")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("the server's stderr:\n{}", String::from_utf8_lossy(&said));
            eprintln!("the end of its log, latest first:\n{}", tail.join("\n"));
        }
    }
}

/// The last line of a server with a pool, as numbers.
pub(crate) fn pool_line(ended: &Ended) -> PoolLine {
    let said = ended.stdout_text();
    let line = said.lines().rev().find_map(|line| line.strip_prefix("pool: "));
    let line = line.unwrap_or_else(|| panic!("no line about the pool in {said:?}"));
    let parts: Vec<(u64, &str)> = line
        .split(", ")
        .map(|part| part.split_once(' ').unwrap_or_else(|| panic!("{part:?} of {line:?}")))
        .map(|(count, what)| (count.parse().unwrap(), what))
        .collect();
    let count = |name: &str| {
        let part = parts.iter().find(|(_, what)| *what == name);
        part.unwrap_or_else(|| panic!("no {name:?} in {line:?}")).0
    };
    PoolLine {
        accepted: count("accepted"),
        finished: count("finished"),
        cancelled: count("cancelled"),
        panicked: count("panicked"),
        refused: count("refused"),
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// A request as it travels: header, kind 1, length of the id, id, body.
pub(crate) fn request(id: &str, body: &[u8]) -> Vec<u8> {
    let payload = [&[1, id.len() as u8][..], id.as_bytes(), body].concat();
    [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
}

/// What came back for one request, or for a whole connection where the id is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Kind 2.
    Reply { id: String, body: Vec<u8> },
    /// Kind 3.
    Refusal { id: String, code: String },
}

impl Answer {
    /// The reply to a request of a server that hashes once.
    pub(crate) fn digest(id: &str, body: &[u8]) -> Answer {
        Answer::Reply { id: id.into(), body: Sha256::digest(body).to_vec() }
    }

    pub(crate) fn refusal(id: &str, code: &str) -> Answer {
        Answer::Refusal { id: id.into(), code: code.into() }
    }

    pub(crate) fn id(&self) -> &str {
        let (Answer::Reply { id, .. } | Answer::Refusal { id, .. }) = self;
        id
    }
}

/// The next frame of what a server sends, or nothing where that ends between two frames.
pub(crate) fn read_answer(from: &mut impl Read) -> Option<Answer> {
    let mut header = [0; 4];
    if from.read(&mut header[..1]).expect("a byte or the end from the server") == 0 {
        return None;
    }
    from.read_exact(&mut header[1..]).expect("a whole header from the server");
    let mut payload = vec![0; u32::from_be_bytes(header) as usize];
    from.read_exact(&mut payload).expect("a whole payload from the server");
    let id_end = 2 + usize::from(payload[1]);
    let id = String::from_utf8(payload[2..id_end].to_vec()).unwrap();
    let rest = payload[id_end..].to_vec();
    match payload[0] {
        2 => Some(Answer::Reply { id, body: rest }),
        3 => Some(Answer::Refusal { id, code: String::from_utf8(rest).unwrap() }),
        kind => panic!("a frame of kind {kind} from a server"),
    }
}

/// The next frame on a connection, or nothing where the server has ended its side.
pub(crate) fn next_answer(mut stream: &TcpStream) -> Option<Answer> {
    read_answer(&mut stream)
}

/// The next frame, which has to be there.
pub(crate) fn answer(stream: &TcpStream) -> Answer {
    next_answer(stream).expect("the server ends its side instead of answering")
}

/// Everything that still comes, up to the end of the server's side.
pub(crate) fn answers_to_the_end(stream: &TcpStream) -> Vec<Answer> {
    std::iter::from_fn(|| next_answer(stream)).collect()
}

/// One exchange with a server that hashes once: by the time of the answer, everybody who connected before was accepted.
pub(crate) fn exchange(mut stream: &TcpStream, id: &str, body: &[u8]) {
    stream.write_all(&request(id, body)).unwrap();
    assert_eq!(answer(stream), Answer::digest(id, body));
}
