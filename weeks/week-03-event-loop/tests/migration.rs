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
#[path = "migration/replay.rs"]
mod replay;
mod wire;

use std::os::unix::net::UnixStream;

use framing::server::{Config, Server as ThreadedServer};
use framing::{Deadlines, FrameLimit};
use replay::{LIMIT, LONG, all_conversations, arguments};
use wire::Server;

fn on_the_loop(poller: &str) {
    all_conversations(|patience, talk| {
        let mut args = vec!["--poller".to_owned(), poller.to_owned()];
        args.extend(arguments(patience));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let server = Server::start(&args);
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
