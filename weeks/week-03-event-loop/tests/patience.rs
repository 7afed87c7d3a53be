//! Claim: nobody's deadline is moved by what others do, and a server that did not run while its patience passed still ends
//! in order. Fooled by a feed that sends no copies, hence the copy that is read first.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod wire;

use std::io::Write;
use std::time::Duration;

use faults::process::Signal;
use framing::server::LINGER_MAX;

use wire::{DEADLINE, Server, exchange, frame, refusal, reply, request, wait_until};

#[test]
fn copies_for_a_follower_buy_no_time_for_the_frame_that_it_has_begun() {
    let server = Server::start(&["--service", "feed", "--read-timeout", "200ms"]);
    let [follower, other] = [server.connect(), server.connect()];
    exchange(&follower, "f", b"follow");
    (&follower).write_all(&request("g", b"never whole")[..7]).unwrap();
    exchange(&other, "r", b"words");
    assert_eq!(frame(&follower), reply("r", b"words"));
    wait_until("the read deadline of a peer that is sent something all the time", || {
        exchange(&other, "r", b"words");
        (server.closed_as("read-timeout") == 1).then_some(())
    });
}

#[test]
fn a_server_that_was_stopped_for_longer_than_its_whole_drain_ends_in_order() {
    const PATIENCE: Duration = Duration::from_millis(300);
    let mut server = Server::start(&["--write-timeout", "300ms", "--drain", "300ms"]);
    let begun = server.connect();
    (&begun).write_all(&request("b", b"never whole")[..7]).unwrap();
    exchange(&server.connect(), "r", b"by now the other one was read");
    server.process.signal(Signal::TERM).unwrap();
    wait_until("the stop", || {
        let log = std::fs::read_to_string(server.log()).unwrap();
        log.contains("stopping: no new connections").then_some(())
    });
    server.process.stop(DEADLINE).unwrap();
    // Not a wait for something to happen: that nothing happens for so long is the fault.
    std::thread::sleep(2 * PATIENCE + 2 * LINGER_MAX);
    server.process.resume(DEADLINE).unwrap();
    server.ended();
    assert_eq!(refusal(&begun), "ECHO-DRAIN-DEADLINE");
}
