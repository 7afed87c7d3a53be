//! The migration of week 3 once more. Claim: under epoll and a timer wheel, with a health endpoint beside it, the echo
//! says what the server of week 2 said, byte for byte and record for record.
//!
//! Conversations, peer and comparison are those of week 3, which says how this could be fooled.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "../../week-03-event-loop/tests/migration/conversation.rs"]
mod conversation;
#[path = "../../week-03-event-loop/tests/migration/peer.rs"]
mod peer;
#[path = "../../week-03-event-loop/tests/migration/replay.rs"]
mod replay;
#[path = "../../week-03-event-loop/tests/wire/mod.rs"]
mod wire;

use wire::Server;

fn with(more: &[&str]) {
    replay::all_conversations(|patience, talk| {
        let args = replay::arguments(patience);
        let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let server = Server::start_program(env!("CARGO_BIN_EXE_epoll-server").into(), &args);
        talk(server.address, &server.log());
        server.stop();
    });
}

#[test]
fn the_loop_on_epoll_says_what_was_recorded() {
    with(&[]);
}

#[test]
fn a_health_endpoint_beside_it_changes_no_byte_and_no_record() {
    with(&["--health", "127.0.0.1:0"]);
}
