//! The service without a socket: frames go in by hand, and what comes out is read where the loop would take it from. The
//! pool is real, and its only worker waits until the test lets it go, so that what is under way stays under way.
//!
//! Claims: nothing more is taken from a connection that has as much under way as it may, at the bound and not before, and it
//! goes on when there is room; a refusal keeps its turn; and the end of a connection takes its own tasks along, once.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "service/bench.rs"]
mod bench;
#[path = "gate/latch.rs"]
#[allow(dead_code, reason = "each test binary uses its own part of this file")]
mod latch;
mod wire;

use event_loop::{FrameService, Outbox, Service, Step};
use framing::CloseReason;
use worker_pool::lanes::{IN_FLIGHT_BYTES_MAX, IN_FLIGHT_REQUESTS_MAX};

use bench::{Bench, body_of, ids, peer};
use wire::{Answer, Server, answer, request};

/// Requests of one connection that are more than it may have under way.
const MANY: usize = 3 * IN_FLIGHT_REQUESTS_MAX + 5;

#[test]
fn nothing_is_taken_from_a_connection_at_its_bound_and_it_goes_on_when_there_is_room() {
    let bench = Bench::start(MANY);
    let (held, other) = (peer(0, 0), peer(1, 0));
    let (mut framed, now) = (bench.framed(), std::time::Instant::now());
    let (mut session, mut of_other) = (framed.open(&held, now), framed.open(&other, now));
    let mut sent = Vec::new();
    for number in 0..MANY {
        sent.extend(request(&format!("r-{number}"), b""));
    }
    let (mut out, mut answers, mut waits) = (Outbox::new(), Vec::new(), 0);
    while answers.len() < MANY {
        let space = framed.read_space(&mut session);
        let some = space.len().min(sent.len());
        space[..some].copy_from_slice(&sent[..some]);
        sent.drain(..some);
        framed.received(&mut session, some, now);
        let mut steps = 0;
        while framed.step(&mut session, &mut out, now) == Step::Done {
            steps += 1;
        }
        framed.rest(&mut session);
        if framed.step(&mut session, &mut out, now) == Step::Wait {
            waits += 1;
            assert!(steps <= IN_FLIGHT_REQUESTS_MAX, "{steps} requests at once");
            if waits == 1 {
                assert_eq!(steps, IN_FLIGHT_REQUESTS_MAX, "the bound itself is allowed");
                assert!(framed.owes(&session) && !framed.owes(&of_other));
                // Nobody else is held for it.
                let one = request("other", b"");
                framed.read_space(&mut of_other)[..one.len()].copy_from_slice(&one);
                framed.received(&mut of_other, one.len(), now);
                assert_eq!(framed.step(&mut of_other, &mut out, now), Step::Done);
                framed.rest(&mut of_other);
                bench.latch.open();
            }
        }
        answers.extend(bench.mail(&mut framed, held.token));
    }
    assert!(waits >= 3, "{waits} times at the bound");
    assert_eq!(ids(&answers), (0..MANY).map(|number| format!("r-{number}")).collect::<Vec<_>>(), "in order");
    assert!(!framed.owes(&session), "all is answered");
}

#[test]
fn bytes_under_way_have_a_bound_too_which_one_request_may_pass() {
    let bench = Bench::start(8);
    let mut service = bench.service();
    let [one, other] = [peer(0, 0), peer(1, 0)];
    let [mut below, mut alone] = [&one, &other].map(|peer| service.open(peer));
    bench.ask(&mut service, &mut below, "below", &vec![0; IN_FLIGHT_BYTES_MAX - 1]);
    assert!(service.is_ready(&below), "one byte is missing");
    bench.ask(&mut service, &mut below, "full", &[0]);
    assert!(!service.is_ready(&below), "the bound is reached");
    bench.latch.open();
    assert_eq!(ids(&bench.mail_of(&mut service, one.token, 2)), ["below", "full"]);
    // It may have its answer at once, of which the service hears when it is woken.
    bench.ask(&mut service, &mut alone, "large", &vec![0; IN_FLIGHT_BYTES_MAX + 1]);
    assert!(!service.is_ready(&alone));
    assert_eq!(ids(&bench.mail_of(&mut service, other.token, 1)), ["large"]);
    assert!(service.is_ready(&below) && service.is_ready(&alone), "what is answered is not under way");
}

#[test]
fn a_refusal_waits_for_the_answers_before_it_and_for_no_other() {
    let bench = Bench::start(1);
    let mut service = bench.service();
    let [one, other] = [peer(0, 0), peer(1, 0)];
    let [mut asker, mut stranger] = [&one, &other].map(|peer| service.open(peer));
    assert!(bench.ask(&mut service, &mut asker, "runs", b"").is_empty());
    bench.latch.wait_entered(1);
    assert!(bench.ask(&mut service, &mut asker, "waits", b"").is_empty());
    let early = bench.ask(&mut service, &mut asker, "refused", b"");
    assert!(early.is_empty(), "it would have overtaken two: {early:?}");
    let at_once = bench.ask(&mut service, &mut stranger, "refused", b"");
    assert_eq!(at_once, [Answer::refusal("refused", "POOL-FULL")], "nothing is before it");
    assert!(service.owes(&asker) && !service.owes(&stranger));
    bench.latch.open();
    let answers = bench.mail_of(&mut service, one.token, 3);
    let expected = ["runs", "waits"].map(|id| Answer::Reply { id: id.into(), body: body_of(b"") });
    assert_eq!(answers[..2], expected);
    assert_eq!(answers[2], Answer::refusal("refused", "POOL-FULL"));
}

#[test]
fn an_answer_for_a_connection_that_is_gone_reaches_nobody_also_not_the_next_one_in_its_place() {
    let mut bench = Bench::start(8);
    let mut service = bench.service();
    let (gone, next) = (peer(0, 0), peer(0, 1));
    let mut asker = service.open(&gone);
    bench.ask(&mut service, &mut asker, "runs", b"");
    bench.latch.wait_entered(1);
    for id in ["waits-1", "waits-2"] {
        bench.ask(&mut service, &mut asker, id, b"");
    }
    service.closed(asker, &gone, CloseReason::PeerReset);
    let mut successor = service.open(&next);
    assert!(!service.owes(&successor), "it inherits nothing");
    bench.ask(&mut service, &mut successor, "mine", b"");
    bench.latch.open();
    assert_eq!(ids(&bench.mail_of(&mut service, next.token, 1)), ["mine"]);
    assert!(!service.owes(&successor));
    let report = bench.shutdown();
    assert_eq!((report.accepted, report.finished, report.cancelled), (4, 2, 2), "who waited was not begun");
    assert!(bench.mail_of(&mut service, gone.token, 0).is_empty(), "nobody is written to");
}

#[test]
fn a_stop_that_is_out_of_patience_ends_the_connection_and_not_what_was_accepted() {
    let mut bench = Bench::start(8);
    let mut service = bench.service();
    let peer = peer(0, 0);
    let mut asker = service.open(&peer);
    bench.ask(&mut service, &mut asker, "runs", b"");
    bench.latch.wait_entered(1);
    bench.ask(&mut service, &mut asker, "waits", b"");
    service.closed(asker, &peer, CloseReason::DrainDeadline);
    bench.latch.open();
    let report = bench.shutdown();
    assert_eq!((report.accepted, report.finished, report.cancelled), (2, 2, 0), "accepted is accepted");
    assert!(bench.mail_of(&mut service, peer.token, 0).is_empty());
}

#[test]
fn what_is_no_request_ends_its_connection_and_starts_nothing() {
    let mut bench = Bench::start(8);
    let mut service = bench.service();
    let mut asker = service.open(&peer(0, 0));
    let (mut out, now) = (Outbox::new(), std::time::Instant::now());
    for payload in [&b"\x02\x03r-1"[..], b"\x09\x03r-1", b"\x01", b"\x01\x00", b"\x03\x00CODE"] {
        let reason = service.frame(&mut asker, payload, &mut out, now).unwrap_err();
        assert_eq!((reason.class(), out.is_empty()), ("malformed-message", true));
    }
    assert!(!service.owes(&asker), "no place is kept");
    bench.latch.open();
    assert_eq!(bench.shutdown().accepted, 0);
}

#[test]
fn what_is_refused_is_not_under_way() {
    let bench = Bench::start(1);
    let mut service = bench.service();
    let [holder, client] = [peer(0, 0), peer(1, 0)];
    let [mut holding, mut asker] = [&holder, &client].map(|peer| service.open(peer));
    bench.ask(&mut service, &mut holding, "runs", b"");
    bench.latch.wait_entered(1);
    bench.ask(&mut service, &mut asker, "waits", b"");
    let large = vec![0; IN_FLIGHT_BYTES_MAX];
    assert!(bench.ask(&mut service, &mut asker, "refused", &large).is_empty(), "behind the one that waits");
    assert!(service.is_ready(&asker), "its bytes are not held against the connection");
    bench.latch.open();
}

#[test]
fn a_client_that_asks_a_thousand_times_without_reading_is_held_and_not_refused() {
    const REQUESTS: usize = 1000;
    // There is less room in the queue than the client would fill, if it were let.
    let queue = (IN_FLIGHT_REQUESTS_MAX + 1).to_string();
    let server = Server::start(&["--workers", "1", "--queue", &queue]);
    let client = server.connect();
    let body = vec![b'x'; 512];
    let all: Vec<u8> = (0..REQUESTS).flat_map(|number| request(&format!("r-{number}"), &body)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| std::io::Write::write_all(&mut &client, &all).unwrap());
        for number in 0..REQUESTS {
            assert_eq!(answer(&client), Answer::digest(&format!("r-{number}"), &body));
        }
    });
    drop(client);
    let pool = server.stop();
    assert_eq!((pool.accepted, pool.finished, pool.refused), (REQUESTS as u64, REQUESTS as u64, 0));
}
