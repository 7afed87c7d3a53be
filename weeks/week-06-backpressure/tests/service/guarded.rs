//! A server with a policy of the test's own, and what is said to it and heard from it.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpStream};

use backpressure::wire::{Call, Deferral};
use backpressure::{Budget, Importance};
use faults::process::{Ended, Signal};
use rustix::net::{AddressFamily, SocketType};
use tempfile::TempDir;

use crate::wire::{DEADLINE, Server, frame};

/// A server, and the folder of its policy.
pub(crate) struct Guarded {
    pub(crate) server: Server,
    _policy: TempDir,
}

/// So much hashing that only a budget or the end of the connection ends it.
pub(crate) const ENDLESS: [&str; 4] = ["--rounds", "4000000000", "--workers", "1"];

/// Depths at which shed, reject and refuse are entered, and left one below. Age asks for nothing.
pub(crate) fn policy([shed, reject, refuse]: [u32; 3]) -> String {
    let rung = |name: &str, pause: u32, depth: u32| {
        format!(
            "{name}: {{ retry_after_ms: {pause}, age_ms: {{ enter: 600000, leave: 500000 }}, depth: {{ enter: {depth}, \
             leave: {} }}, memory_mib: {{ enter: 100000, leave: 90000 }}, egress_mib: {{ enter: 1000, leave: 900 }} }}\n",
            depth - 1
        )
    };
    let head = "interval_ms: 100\nhold_ms: 25\nretry_after_max_ms: 10000\nsplit: { queue: 50, work: 30, reply: 20 }\n";
    [head, &rung("shed", 500, shed), &rung("reject", 1000, reject), &rung("refuse", 2000, refuse)].concat()
}

impl Guarded {
    /// A server whose ladder is out of the way.
    pub(crate) fn start(args: &[&str]) -> Guarded {
        Guarded::with_depths([1000, 1001, 1002], args)
    }

    /// A server with these thresholds of depth.
    pub(crate) fn with_depths(depths: [u32; 3], args: &[&str]) -> Guarded {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.yaml");
        std::fs::write(&file, policy(depths)).unwrap();
        let program = env!("CARGO_BIN_EXE_guarded-server").into();
        let args = [&["--log-level", "debug", "--policy", file.to_str().unwrap()], args].concat();
        Guarded { server: Server::start_program(program, &args), _policy: dir }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        self.server.connect()
    }

    /// Connects from this address: one source.
    pub(crate) fn connect_from(&self, source: [u8; 4]) -> TcpStream {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from((IpAddr::from(source), 0))).unwrap();
        rustix::net::connect(&socket, &self.server.address).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// The records whose message contains this.
    pub(crate) fn records_with(&self, words: &str) -> Vec<serde_json::Value> {
        let said = |record: &serde_json::Value| record["msg"].as_str().unwrap().contains(words);
        self.server.records().into_iter().filter(said).collect()
    }

    /// Ends the server in order, and returns what it said about its load.
    pub(crate) fn stop(self) -> Account {
        Account::of(&self.server.stop())
    }

    /// Tells the server to end, without waiting.
    pub(crate) fn terminate(&self) {
        self.server.process.signal(Signal::TERM).unwrap();
    }

    /// Waits for the end of a server that was told to stop.
    pub(crate) fn ended(mut self) -> Account {
        Account::of(&self.server.ended())
    }
}

/// The last words of a server.
#[derive(Debug)]
pub(crate) struct Account(String);

impl Account {
    fn of(ended: &Ended) -> Account {
        let said = ended.stdout_text();
        let last = said.lines().last().unwrap_or_default();
        assert!(last.starts_with("overload: "), "{said}");
        Account(last.to_owned())
    }

    /// The number in front of these words.
    pub(crate) fn count(&self, words: &str) -> u64 {
        let before = self.0.split_once(words).unwrap_or_else(|| panic!("{words:?} in {}", self.0)).0;
        before.trim_end().rsplit([' ', ',', '(']).next().unwrap().parse().unwrap()
    }

    /// The expired ones of one stage.
    pub(crate) fn expired(&self, stage: &str) -> u64 {
        let after = self.0.split_once(&format!("{stage} ")).unwrap().1;
        after.split([',', ')']).next().unwrap().parse().unwrap()
    }
}

/// A call as it travels.
pub(crate) fn call(id: &str, budget_ms: u32, importance: Importance, body: &[u8]) -> Vec<u8> {
    let (request_id, budget) = (id.parse().unwrap(), Budget::from_millis(budget_ms).unwrap());
    let payload = Call { request_id, budget, importance, body }.encode();
    [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
}

/// An ordinary call with much time.
pub(crate) fn patient(id: &str) -> Vec<u8> {
    call(id, 60_000, Importance::Ordinary, b"x")
}

/// An optional call with much time.
pub(crate) fn optional(id: &str) -> Vec<u8> {
    call(id, 60_000, Importance::Optional, b"x")
}

/// What came: whose answer, and `ok` or the code. The pause stands behind the code where there is one.
pub(crate) fn heard(stream: &TcpStream) -> (String, String) {
    let payload = frame(stream);
    if let Ok(deferral) = Deferral::parse(&payload) {
        return (deferral.request_id.to_string(), deferral.code().to_owned());
    }
    let (head, rest) = payload.split_at(2);
    let (id, body) = rest.split_at(usize::from(head[1]));
    let id = String::from_utf8(id.to_vec()).unwrap();
    match head[0] {
        2 => (id, "ok".to_owned()),
        3 => (id, String::from_utf8(body.to_vec()).unwrap()),
        kind => panic!("kind {kind}"),
    }
}

/// Says it and hears one answer, which has to be that of this id.
pub(crate) fn ask(mut stream: &TcpStream, id: &str, said: &[u8]) -> String {
    stream.write_all(said).unwrap();
    let (whose, what) = heard(stream);
    assert_eq!(whose, id);
    what
}
