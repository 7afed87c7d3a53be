//! Claim: a server that could not keep its promises does not start, and says why; and one that runs lets go of a peer that
//! was told to leave and does not.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod wire;

use std::io::Write;
use std::net::TcpStream;

use faults::counters;
use faults::process::{Ended, Launch};
use framing::server::LINGER_BYTES_MAX;

use wire::{DEADLINE, Server, frame, refusal, wait_until};

/// A start that is expected to fail.
fn refused(args: &[&str]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    Server::launch(dir.path(), args).spawn().unwrap().wait_with_deadline(DEADLINE).unwrap()
}

#[test]
fn a_cap_that_holds_the_mark_and_one_frame_is_enough_and_a_byte_less_is_refused() {
    // A mark of 1,000 bytes, four of a header, 500 of a payload.
    let with_cap = |cap| ["--pause-at", "1000", "--limit", "500", "--outbound-cap", cap];
    Server::start(&with_cap("1504")).stop();
    let ended = refused(&with_cap("1503"));
    assert_eq!(ended.code(), Some(2), "{}", ended.stderr_text());
    assert!(ended.stderr_text().starts_with("error[LOOP-BOUNDS]: "), "{}", ended.stderr_text());
    assert!(ended.stdout.is_empty(), "no address is announced that is not served");
}

#[test]
fn a_port_with_a_listener_ends_the_start_with_the_code_of_week_2() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    for poller in ["select", "poll"] {
        let launch = Launch::of(wire::program()).args(["--poller", poller, "--listen", &address]);
        let ended = launch.spawn().unwrap().wait_with_deadline(DEADLINE).unwrap();
        assert_eq!(ended.code(), Some(5), "{}", ended.stderr_text());
        let complaint = format!("error[ECHO-PORT-IN-USE]: {address} ");
        assert!(ended.stderr_text().contains(&complaint), "{}", ended.stderr_text());
    }
}

/// A peer that has been refused and told to leave.
fn told_to_leave(server: &Server) -> TcpStream {
    let peer = server.connect();
    (&peer).write_all(b"\0\0\0\x02\x07\x00").unwrap();
    peer
}

#[test]
fn a_refused_peer_that_stays_is_let_go_after_a_moment() {
    let server = Server::start(&[]);
    let staying = told_to_leave(&server);
    assert_eq!(refusal(&staying), "MESSAGE-MALFORMED");
    server.assert_no_descriptor_kept();
    assert_eq!(server.closed_as("malformed-message"), 1, "one ending, one record");
    drop(staying);
    server.stop();
}

#[test]
fn a_refused_peer_that_goes_on_sending_is_listened_to_within_a_bound() {
    let server = Server::start(&[]);
    let talking = told_to_leave(&server);
    assert_eq!(frame(&talking), b"\x03\x00MESSAGE-MALFORMED");
    let mut sent = 0;
    let chunk = vec![0; 256 << 10];
    wait_until("the server to hang up", || match (&talking).write(&chunk) {
        Ok(bytes) => {
            sent += bytes;
            None
        }
        Err(_) => Some(()),
    });
    server.assert_no_descriptor_kept();
    // What it listened to at most, and what the buffers of both kernels take without it.
    assert!(sent < LINGER_BYTES_MAX + (16 << 20), "{sent} bytes after the refusal");
    assert!(counters::peak_rss_bytes_of(server.pid()).unwrap() < 64 << 20);
    server.stop();
}
