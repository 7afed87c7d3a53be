//! A real `guarded-server` with a policy of the test's own, what is said to it, and what it says.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use backpressure::wire::{Call, Deferral};
use backpressure::{Budget, Importance, POLICY_DEFAULT};
use faults::process::{Ended, Signal};
use rustix::net::{AddressFamily, SocketType};
use tempfile::TempDir;

use crate::wire::{DEADLINE, Server, frame, wait_until};

/// A running server, and the folder of its policy.
pub(crate) struct Guarded {
    pub(crate) server: Server,
    _policy: TempDir,
}

/// The thresholds of one signal, for shed, reject and refuse.
pub(crate) struct Thresholds {
    pub(crate) age_ms: [u32; 3],
    pub(crate) depth: [u32; 3],
}

/// Far above what any of these tests reaches.
pub(crate) const OUT_OF_THE_WAY: [u32; 3] = [300_000, 300_000, 300_000];

impl Thresholds {
    /// A policy with these: every step is left at half of where it is entered, and memory and egress ask for nothing.
    pub(crate) fn policy(&self) -> String {
        let spans = "interval_ms: 100\nhold_ms: 500\nretry_after_max_ms: 10000\n";
        let head = format!("{spans}split: {{ queue: 50, work: 30, reply: 20 }}\n");
        let band = |enter: u32| format!("{{ enter: {enter}, leave: {} }}", enter / 2);
        let rungs = [("shed", 500), ("reject", 1000), ("refuse", 2000)];
        let rungs = rungs.iter().zip(self.age_ms).zip(self.depth).map(|(((name, pause), age), depth)| {
            format!(
                "{name}: {{ retry_after_ms: {pause}, age_ms: {}, depth: {}, memory_mib: {}, egress_mib: {} }}\n",
                band(age),
                band(depth),
                band(100_000),
                band(100_000)
            )
        });
        std::iter::once(head).chain(rungs).collect()
    }
}

impl Guarded {
    /// A server whose ladder asks for nothing.
    pub(crate) fn without_ladder(args: &[&str]) -> Guarded {
        let policy = Thresholds { age_ms: OUT_OF_THE_WAY, depth: OUT_OF_THE_WAY }.policy();
        Guarded::start(&policy, args)
    }

    /// A server with the policy that is compiled in.
    pub(crate) fn as_it_comes(args: &[&str]) -> Guarded {
        Guarded::start(POLICY_DEFAULT, args)
    }

    /// A server with this policy.
    pub(crate) fn start(policy: &str, args: &[&str]) -> Guarded {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.yaml");
        std::fs::write(&file, policy).unwrap();
        let args = [&["--policy", file.to_str().unwrap()], args].concat();
        let program = env!("CARGO_BIN_EXE_guarded-server").into();
        Guarded { server: Server::start_program(program, &args), _policy: dir }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.pid()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        self.server.connect()
    }

    /// Connects from this address: a source of its own.
    pub(crate) fn connect_from(&self, source: [u8; 4]) -> TcpStream {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from((IpAddr::from(source), 0))).unwrap();
        rustix::net::connect(&socket, &self.server.address).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// The records so far whose message contains these words.
    pub(crate) fn records_with(&self, words: &str) -> Vec<serde_json::Value> {
        let said = |record: &serde_json::Value| record["msg"].as_str().unwrap().contains(words);
        self.server.records().into_iter().filter(said).collect()
    }

    /// Waits for such a record, and returns the first one.
    pub(crate) fn wait_for(&self, words: &str) -> serde_json::Value {
        wait_until(words, || self.records_with(words).into_iter().next())
    }

    pub(crate) fn terminate(&self) {
        self.server.process.signal(Signal::TERM).unwrap();
    }

    /// Waits for the end of a server that was told to stop, which has to be in order.
    pub(crate) fn ended(mut self) -> Account {
        Account::of(&self.server.ended())
    }

    /// Ends the server in order.
    pub(crate) fn stop(self) -> Account {
        self.terminate();
        self.ended()
    }
}

/// The value behind this key in a record's message.
pub(crate) fn value(record: &serde_json::Value, key: &str) -> String {
    let said = record["msg"].as_str().unwrap();
    let pair = said.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    pair.unwrap_or_else(|| panic!("no {key:?} in {said:?}")).to_owned()
}

/// The last words of a server, as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) accepted: u64,
    pub(crate) answered: u64,
    pub(crate) shed: u64,
    pub(crate) rejected: u64,
    pub(crate) pool_full: u64,
    pub(crate) over_quota: u64,
    /// At the queue, at work, at the reply.
    pub(crate) expired: [u64; 3],
    pub(crate) refused_connections: u64,
    pub(crate) closed_by_rule: u64,
    pub(crate) changes: u64,
}

impl Account {
    fn of(ended: &Ended) -> Account {
        let said = ended.stdout_text();
        let last = said.lines().last().unwrap_or_default();
        assert!(last.starts_with("overload: "), "{said}");
        let words = last.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
        let numbers: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
        let [
            accepted,
            answered,
            shed,
            rejected,
            pool_full,
            over_quota,
            expired,
            queue,
            work,
            reply,
            refused_connections,
            closed_by_rule,
            changes,
        ] = numbers[..]
        else {
            panic!("not the numbers that were expected: {last}")
        };
        assert_eq!(expired, queue + work + reply, "{last}");
        let expired = [queue, work, reply];
        Account {
            accepted,
            answered,
            shed,
            rejected,
            pool_full,
            over_quota,
            expired,
            refused_connections,
            closed_by_rule,
            changes,
        }
    }

    /// Requests that did not get into the queue.
    pub(crate) fn turned_away(&self) -> u64 {
        self.shed + self.rejected + self.pool_full + self.over_quota
    }
}

/// A call as it travels.
pub(crate) fn call(id: &str, budget_ms: u32, importance: Importance, body: &[u8]) -> Vec<u8> {
    let (request_id, budget) = (id.parse().unwrap(), Budget::from_millis(budget_ms).unwrap());
    let payload = Call { request_id, budget, importance, body }.encode();
    [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
}

/// An ordinary call with more time than a test has.
pub(crate) fn ordinary(id: &str) -> Vec<u8> {
    call(id, 60_000, Importance::Ordinary, b"body")
}

/// An optional one.
pub(crate) fn optional(id: &str) -> Vec<u8> {
    call(id, 60_000, Importance::Optional, b"body")
}

/// One answer: whose it is, `ok` or a code, and the pause that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) pause: Duration,
}

/// The next answer on a connection. A refusal of the connection itself has no id.
pub(crate) fn hear(stream: &TcpStream) -> Heard {
    let payload = frame(stream);
    if let Ok(deferral) = Deferral::parse(&payload) {
        let (id, what) = (deferral.request_id.to_string(), deferral.code().to_owned());
        return Heard { id, what, pause: deferral.retry_after() };
    }
    let (head, rest) = payload.split_at(2);
    let (id, body) = rest.split_at(usize::from(head[1]));
    let what = match head[0] {
        2 => "ok".to_owned(),
        3 => String::from_utf8(body.to_vec()).unwrap(),
        kind => panic!("an answer of kind {kind}"),
    };
    Heard { id: String::from_utf8(id.to_vec()).unwrap(), what, pause: Duration::ZERO }
}

/// The next answers, which have to be replies to these.
pub(crate) fn hear_replies(stream: &TcpStream, ids: impl IntoIterator<Item = String>) {
    for id in ids {
        let heard = hear(stream);
        assert_eq!((heard.id, heard.what), (id, "ok".to_owned()));
    }
}

/// Says it, and hears one answer, which has to be that of this id.
pub(crate) fn ask(mut stream: &TcpStream, id: &str, said: &[u8]) -> Heard {
    stream.write_all(said).unwrap();
    let heard = hear(stream);
    assert_eq!(heard.id, id);
    heard
}
