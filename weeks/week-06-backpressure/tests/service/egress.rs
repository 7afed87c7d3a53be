//! A client that asks for more than its rate: throttled first, closed by rule.

use std::io::Write;

use crate::guarded::{Guarded, ask, heard, patient};
use crate::wire::{frame, reply, request};

#[test]
fn a_throttled_client_gets_all_its_answers_in_order_and_the_server_knows_that_it_waited() {
    let guarded = Guarded::start(&["--service", "echo", "--egress-rate", "20000", "--egress-burst", "1000"]);
    let peer = guarded.connect();
    let asked: Vec<Vec<u8>> = (0..30).map(|number| request(&format!("n{number}"), &[7; 200])).collect();
    (&peer).write_all(&asked.concat()).unwrap();
    for number in 0..30 {
        assert_eq!(frame(&peer), reply(&format!("n{number}"), &[7; 200]));
    }
    drop(peer);
    let account = guarded.stop();
    assert_eq!((account.count("answered"), account.count("closed by rule")), (30, 0));
}

#[test]
fn while_one_is_throttled_another_is_served() {
    let guarded = Guarded::start(&["--egress-rate", "10", "--egress-burst", "1"]);
    let (throttled, other) = (guarded.connect(), guarded.connect());
    (&throttled).write_all(&["a", "b", "c"].map(patient).concat()).unwrap();
    assert_eq!(heard(&throttled).0, "a");
    assert_eq!(ask(&other, "x", &patient("x")), "ok");
    drop((throttled, other));
    guarded.stop();
}

#[test]
fn large_answers_hold_their_client_back_and_do_not_close_it() {
    const ANSWERS: usize = 80;
    let guarded =
        Guarded::start(&["--service", "echo", "--egress-rate", "20000000", "--egress-burst", "1000"]);
    let peer = guarded.connect();
    let writer = peer.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        (0..ANSWERS)
            .for_each(|number| (&writer).write_all(&request(&format!("n{number}"), &[1; 64 << 10])).unwrap());
    });
    for number in 0..ANSWERS {
        assert!(frame(&peer) == reply(&format!("n{number}"), &[1; 64 << 10]), "answer {number}");
    }
    sending.join().unwrap();
    drop(peer);
    assert_eq!(guarded.stop().count("closed by rule"), 0);
}

/// The codes of all answers until the server closes, the closing one last.
fn until_closed(peer: &std::net::TcpStream) -> String {
    loop {
        let (id, what) = heard(peer);
        if id.is_empty() {
            return what;
        }
    }
}

#[test]
fn what_waits_beyond_the_cap_closes_the_client_and_it_is_told_why() {
    let rate = ["--egress-rate", "1", "--egress-burst", "1", "--limit", "1024", "--egress-backlog", "2048"];
    let guarded = Guarded::start(&rate);
    let peer = guarded.connect();
    let calls: Vec<Vec<u8>> = (0..64).map(|number| patient(&format!("n{number}"))).collect();
    (&peer).write_all(&calls.concat()).unwrap();
    assert_eq!(until_closed(&peer), "EGRESS-EXHAUSTED");
    guarded.server.wait_for_close("egress-cap");
    drop(peer);
    assert_eq!(guarded.stop().count("closed by rule"), 1);
}

#[test]
fn whoever_is_throttled_for_too_long_is_closed_and_told_why() {
    let rate = ["--egress-rate", "1", "--egress-burst", "1", "--throttled-max", "100ms"];
    let guarded = Guarded::start(&rate);
    let peer = guarded.connect();
    (&peer).write_all(&["a", "b"].map(patient).concat()).unwrap();
    assert_eq!(until_closed(&peer), "EGRESS-EXHAUSTED");
    guarded.server.wait_for_close("egress-throttled");
    drop(peer);
    assert_eq!(guarded.stop().count("closed by rule"), 1);
}
