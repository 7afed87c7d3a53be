//! What was accepted is answered, however its connection or the server ends; and a client of week 2 notices nothing.

use std::io::{Read, Write};
use std::net::Shutdown;

use framing::RequestIds;
use framing::client::{Client, Config};

use crate::guarded::{Guarded, heard, patient};
use crate::wire::reset;

const CALLS: usize = 50;

fn calls() -> Vec<u8> {
    (0..CALLS).flat_map(|number| patient(&format!("n{number}"))).collect()
}

#[test]
fn a_peer_that_has_finished_sending_gets_every_answer() {
    // Slowly enough that most of them wait, and throttled on top of it.
    let rate = ["--rounds", "300", "--egress-rate", "20000", "--egress-burst", "100"];
    let guarded = Guarded::start(&rate);
    let peer = guarded.connect();
    (&peer).write_all(&calls()).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    (0..CALLS).for_each(|number| assert_eq!(heard(&peer), (format!("n{number}"), "ok".to_owned())));
    assert_eq!((&peer).read(&mut [0]).unwrap(), 0);
    assert_eq!(guarded.stop().count("answered"), CALLS as u64);
}

#[test]
fn a_stop_loses_no_call_that_was_accepted() {
    let guarded = Guarded::start(&["--rounds", "300", "--egress-rate", "20000", "--egress-burst", "100"]);
    let peer = guarded.connect();
    (&peer).write_all(&calls()).unwrap();
    assert_eq!(heard(&peer).0, "n0");
    guarded.terminate();
    (1..CALLS).for_each(|number| assert_eq!(heard(&peer), (format!("n{number}"), "ok".to_owned())));
    assert_eq!(heard(&peer), (String::new(), "ECHO-STOPPING".to_owned()));
    drop(peer);
    let account = guarded.ended();
    assert_eq!((account.count("accepted"), account.count("answered")), (CALLS as u64, CALLS as u64));
}

#[test]
fn a_client_of_week_two_is_served_as_ever() {
    let guarded = Guarded::start(&["--service", "echo", "--default-budget", "10s"]);
    let mut client = Client::new(Config::to(guarded.server.address));
    for (id, bytes) in RequestIds::seeded(1).zip([0, 1, 1_000, 300_000, 1_000_000]) {
        let done = client.echo(&id, &vec![b'e'; bytes]).unwrap_or_else(|gave_up| panic!("{}", gave_up.last));
        assert_eq!(done.attempts, 1);
    }
    drop(client);
    assert_eq!(guarded.stop().count("answered"), 5);
}

#[test]
fn a_connection_that_ends_takes_its_requests_out_of_everybodys_way() {
    let guarded = Guarded::start(&["--rounds", "4000000000", "--workers", "1", "--budget", "60s"]);
    let gone = guarded.connect();
    (&gone).write_all(&calls()).unwrap();
    reset(gone);
    // Its fifty endless requests would keep the worker for most of an hour.
    let peer = guarded.connect();
    (&peer)
        .write_all(&crate::guarded::call("hurry", 60_000, backpressure::Importance::Ordinary, b"x"))
        .unwrap();
    reset(peer);
    let account = guarded.stop();
    assert!(account.count("answered") == 0 && account.count("accepted") >= 1);
}
