//! The migration of day 4, as a regression test. Claim: whatever waits for readiness, the bytes on the wire and the
//! records in the log are the same.
//!
//! `fixtures/conversations.yaml` was recorded from the server of week 2, which has a thread for each connection and no
//! poller at all. Each server here has all of these conversations, each cut in three ways: as written, byte by byte, and
//! in threes. Everything that it sends until the end of the connection is compared, and every record about the connection
//! but for times, ports and the number of writes (which only a thread that waits in its write can know).
//!
//! How this could be fooled: by two servers that share a mistake. So the origin is run as well, and it shares neither
//! loop nor poller with the other two; and the peer knows the protocol only as the hexadecimal of the fixture.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "migration/conversation.rs"]
mod conversation;
#[path = "migration/peer.rs"]
mod peer;
mod wire;

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use conversation::{Conversation, Cut, recorded};
use framing::server::{Config, Server as ThreadedServer};
use framing::{Deadlines, FrameLimit};
use wire::Server;

/// The frame limit of the recording, in payload bytes.
const LIMIT: u32 = 64;
/// Patience of the servers whose deadlines are part of the conversation.
const SHORT: Duration = Duration::from_millis(400);
/// Patience of the others: longer than any test.
const LONG: Duration = Duration::from_secs(60);

/// Has one conversation after the other, so that the log can be read in order.
fn have(conversations: &[&Conversation], cut: Cut, address: SocketAddr, log: &Path) {
    let mut seen = 0;
    for conversation in conversations {
        let heard = peer::have(address, conversation, cut);
        let records = wire::wait_until("the record of the connection's end", || {
            let all = conversation::lines_of(&std::fs::read_to_string(log).unwrap_or_default());
            let new = all.get(seen..)?;
            new.iter().any(|line| line.contains("closed: ")).then(|| new.to_vec())
        });
        seen += records.len();
        let name = &conversation.conversation;
        assert_eq!(hex(&heard), hex(&conversation.expected()), "what a peer hears in: {name} ({cut:?})");
        assert_eq!(
            conversation::counted(&records),
            conversation.log,
            "what the log says of: {name} ({cut:?})"
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All conversations with servers of one kind: the patient ones in every cut, the impatient ones as written. `serve`
/// starts a server with these deadlines, and hands its address and its log to what it is given.
fn all_conversations(serve: impl Fn(Duration, &dyn Fn(SocketAddr, &Path))) {
    let recorded = recorded();
    let (impatient, patient): (Vec<&Conversation>, Vec<&Conversation>) =
        recorded.iter().partition(|conversation| conversation.impatient);
    assert!(patient.len() >= 20 && impatient.len() >= 3, "the recording is complete");
    for cut in [Cut::AsWritten, Cut::Every(1), Cut::Every(3)] {
        serve(LONG, &|address, log| have(&patient, cut, address, log));
    }
    serve(SHORT, &|address, log| have(&impatient, Cut::AsWritten, address, log));
}

fn on_the_loop(poller: &str) {
    all_conversations(|patience, talk| {
        let patience = format!("{}ms", patience.as_millis());
        let limit = LIMIT.to_string();
        let server = Server::start(&[
            "--poller",
            poller,
            "--limit",
            &limit,
            "--idle-timeout",
            &patience,
            "--read-timeout",
            &patience,
        ]);
        talk(server.address, &server.log());
        server.stop();
    });
}

#[test]
fn the_loop_on_select_says_what_was_recorded() {
    on_the_loop("select");
}

#[test]
fn the_loop_on_poll_says_what_was_recorded() {
    on_the_loop("poll");
}

#[test]
fn the_threads_of_week_2_still_say_what_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("server.jsonl");
    let logging = logger::Setup::new("echo-server")
        .file(logger::LogPath::new(&log).unwrap(), logger::Options::default())
        .install()
        .unwrap();
    all_conversations(|patience, talk| {
        // One log a process: each server begins where the last one ended.
        std::fs::write(&log, "").unwrap();
        let deadlines = Deadlines { idle: patience, read: patience, write: LONG };
        let config = Config { limit: FrameLimit::new(LIMIT).unwrap(), deadlines, ..Config::default() };
        let server = ThreadedServer::bind("127.0.0.1:0".parse().unwrap(), config).unwrap();
        let address = server.address();
        let (heard, stop) = UnixStream::pair().unwrap();
        let thread = std::thread::spawn(move || server.run(&heard).unwrap());
        talk(address, &log);
        drop(stop);
        assert_eq!(thread.join().unwrap().abandoned, 0);
    });
    drop(logging);
}
