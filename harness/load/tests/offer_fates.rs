//! Whatever a server does to a request, the request becomes exactly one thing.
//!
//! It could be fooled by a client that counts twice or not at all, so the server's manners are fixed for each request
//! and the counts are compared one by one.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod messages;
mod server;

use std::collections::HashSet;
use std::io::Write;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use load::offer::{Eager, Group, Offer, Plan};
use load::{Corruption, ErrorClass, LoadError};
use messages::{assert_one_fate_each, farewell, plan, refusal, rejection, reply, reply_with};
use rustix::net::sockopt::set_socket_linger;
use server::{echo_with, read_frame, serve};

/// Four attempts, a millisecond apart.
fn eager(_: u64) -> Eager {
    Eager { attempts: 4, pause: Duration::from_millis(1) }
}

#[test]
fn every_request_becomes_exactly_one_thing() {
    let address = serve(|stream, _| {
        echo_with(stream, |number, frame| match number % 5 {
            0 => vec![reply(&frame)],
            1 => vec![refusal(&frame, "POOL-FULL")],
            2 => vec![rejection(&frame, 10, "SHED")],
            3 => vec![reply_with(&frame, b"something else")],
            _ => vec![],
        });
    });
    // 300 requests over three connections: 100 each, 20 of every kind.
    let group = Group::open("all", 3, 2000, 64).deadline(Duration::from_secs(1));
    let mut offer = Offer::connect(plan(address).group(group)).unwrap();
    offer.run_for(Duration::from_millis(150)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.requests, group.attempts, group.retries, group.in_flight), (300, 300, 0, 0));
    assert_eq!((group.right, group.wrong, group.timed_out, group.late), (60, 60, 60, 0), "{group:?}");
    assert_eq!((group.rejected["POOL-FULL"], group.rejected["SHED"]), (60, 60));
    assert_eq!((group.codes["POOL-FULL"], group.codes["SHED"]), (60, 60));
    assert_eq!((group.corrupt[&Corruption::Bytes], group.connections), (60, 3), "the connections go on");
}

#[test]
fn a_rejected_request_is_sent_again_under_a_new_id_until_it_is_answered() {
    let ids = Arc::new(Mutex::new(HashSet::new()));
    let seen = ids.clone();
    // Two of three attempts are rejected.
    let address = serve(move |stream, _| {
        let seen = seen.clone();
        echo_with(stream, move |number, frame| {
            assert!(seen.lock().unwrap().insert(messages::id(&frame).to_vec()), "an id was used twice");
            if number % 3 == 2 {
                vec![reply(&frame)]
            } else {
                vec![rejection(&frame, 1, "OVERLOAD-REJECTED")]
            }
        });
    });
    let mut offer = Offer::connect(plan(address).group(Group::closed("all", 1, 1, 64).retry(eager))).unwrap();
    offer.run_for(Duration::from_millis(100)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert!(group.requests > 2, "{group:?}");
    assert_eq!((group.right, group.retries), (group.requests, 2 * group.requests), "{group:?}");
    assert_eq!((group.codes["OVERLOAD-REJECTED"], group.rejected_total()), (group.retries, 0));
    assert_eq!(ids.lock().unwrap().len() as u64, group.attempts);
}

#[test]
fn a_naive_client_gives_up_after_its_last_attempt() {
    let address = serve(|stream, _| echo_with(stream, |_, frame| vec![refusal(&frame, "POOL-FULL")]));
    let group = Group::open("naive", 2, 1000, 64).retry(eager);
    let mut offer = Offer::connect(plan(address).group(group)).unwrap();
    offer.run_for(Duration::from_millis(50)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.requests, group.attempts, group.retries), (50, 200, 150), "{group:?}");
    assert_eq!((group.rejected["POOL-FULL"], group.codes["POOL-FULL"]), (50, 200));
}

#[test]
fn a_right_reply_after_the_deadline_is_late_and_work_for_nobody() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let address = serve(move |mut stream, _| {
        let frames: Vec<_> = (0..4).map(|_| read_frame(&mut stream).unwrap().unwrap()).collect();
        held.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        frames.iter().for_each(|frame| stream.write_all(&reply(frame)).unwrap());
        let _ = read_frame(&mut stream);
    });
    // Four requests: the first is due at once, the others 10 ms apart.
    let group = Group::open("all", 1, 100, 64).deadline(Duration::from_millis(30));
    let mut offer = Offer::connect(plan(address).group(group)).unwrap();
    offer.run_for(Duration::from_millis(35)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.requests, group.timed_out, group.late, group.in_flight), (4, 4, 0, 0), "{group:?}");
    release.send(()).unwrap();
    // It reads while it pushes, as often as it takes; what is due meanwhile has no answer at all.
    for _ in 0..10_000 {
        offer.push_for(Duration::from_millis(1)).unwrap();
        if offer.outcome().groups[0].late_replies == 4 {
            break;
        }
    }
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.late, group.late_replies, group.right), (4, 4, 0), "{group:?}");
}

#[test]
fn a_refusal_without_an_id_ends_the_connection_and_another_one_is_made() {
    let address = serve(|mut stream, _| {
        for _ in 0..3 {
            let Ok(Some(frame)) = read_frame(&mut stream) else { return };
            stream.write_all(&reply(&frame)).unwrap();
        }
        let _ = read_frame(&mut stream);
        let _ = stream.write_all(&farewell("LOOP-CLOSING"));
    });
    let plan = Plan { reconnect: Some(Duration::from_millis(1)), ..plan(address) };
    let mut offer = Offer::connect(plan.group(Group::closed("all", 2, 1, 64))).unwrap();
    offer.run_for(Duration::from_millis(100)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert!(group.ends[&ErrorClass::Refused] > 1, "{group:?}");
    assert_eq!(group.codes["LOOP-CLOSING"], group.ends[&ErrorClass::Refused]);
    assert_eq!(group.failed[&ErrorClass::Refused], group.ends[&ErrorClass::Refused], "depth is 1");
    assert!(group.right > group.failed_total(), "{group:?}");
}

#[test]
fn a_server_that_says_why_before_it_resets_is_heard_by_a_client_that_writes_first() {
    let (report, gone) = mpsc::channel();
    let address = serve(move |mut stream, _| {
        let _ = read_frame(&mut stream);
        stream.write_all(&farewell("OVERLOAD-REFUSED")).unwrap();
        set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        drop(stream);
        report.send(()).unwrap();
    });
    // A request every 100 ns: one in this push, and many before the next one, which therefore begins by writing.
    let mut offer = Offer::connect(plan(address).group(Group::open("all", 1, 10_000_000, 64))).unwrap();
    offer.push_for(Duration::from_nanos(1)).unwrap();
    gone.recv_timeout(Duration::from_secs(10)).unwrap();
    offer.push_for(Duration::from_nanos(1)).unwrap();
    offer.drain().unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!(
        (group.ends.get(&ErrorClass::Refused), group.codes.get("OVERLOAD-REFUSED")),
        (Some(&1), Some(&1))
    );
}

#[test]
fn more_connections_than_the_accept_queue_holds_all_stand_when_the_server_accepts_and_else_cost_the_deadline()
{
    let listener = listener(2);
    let server = listener.local_addr().unwrap();
    let of = |ms| Plan { connect_deadline: Duration::from_millis(ms), ..plan(server) };
    let late = Offer::connect(of(200).group(Group::closed("all", 40, 1, 64))).err().unwrap();
    assert!(matches!(late, LoadError::ConnectDeadline { made: ..40, wanted: 40, .. }), "{late}");
    std::thread::spawn(move || listener.incoming().map(Result::unwrap).collect::<Vec<_>>());
    let offer = Offer::connect(of(20_000).group(Group::closed("all", 40, 1, 64))).unwrap();
    assert_eq!(offer.standing(), 40);
}

/// A listener with an accept queue of so many.
fn listener(backlog: i32) -> std::net::TcpListener {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&socket, backlog).unwrap();
    socket.into()
}

#[test]
fn what_was_in_flight_when_a_connection_ended_is_sent_again_over_the_next_one() {
    // The first connection takes four requests and hangs up; all others answer.
    let address = serve(|mut stream, number| {
        if number == 0 {
            (0..4).for_each(|_| drop(read_frame(&mut stream)));
        } else {
            echo_with(stream, |_, frame| vec![reply(&frame)]);
        }
    });
    let plan = Plan { reconnect: Some(Duration::from_millis(1)), ..plan(address) };
    let patient = |_| Eager { attempts: 2, pause: Duration::from_millis(300) };
    let group = Group::open("all", 1, 100, 64).retry(patient);
    let mut offer = Offer::connect(plan.group(group)).unwrap();
    offer.push_for(Duration::from_millis(40)).unwrap();
    offer.drain().unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.requests, group.right, group.retries), (4, 4, 4), "{group:?}");
    assert_eq!(group.ends.values().sum::<u64>(), 1);
}

#[test]
fn without_a_connection_requests_are_unsent_and_nothing_waits() {
    let address = serve(|_, _| {});
    let mut offer =
        Offer::connect(plan(address).group(Group::open("all", 2, 1000, 64).retry(eager))).unwrap();
    // Until both ends have been seen; what is due meanwhile fails in one way or the other.
    for _ in 0..1000 {
        offer.push_for(Duration::from_millis(1)).unwrap();
        if offer.standing() == 0 {
            break;
        }
    }
    offer.drain().unwrap();
    offer.reset();
    offer.run_for(Duration::from_millis(20)).unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.requests, group.unsent(), group.attempts), (20, 20, 0), "{group:?}");
}

#[test]
fn more_than_a_connection_may_have_in_flight_is_unsent() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let address = serve(move |stream, _| {
        held.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        echo_with(stream, |_, frame| vec![reply(&frame)]);
    });
    let group = Group { in_flight_max: 7, ..Group::open("all", 1, 1000, 64) };
    let mut offer = Offer::connect(plan(address).group(group)).unwrap();
    offer.push_for(Duration::from_millis(20)).unwrap();
    release.send(()).unwrap();
    offer.drain().unwrap();
    let group = offer.outcome().groups.remove(0);
    assert_one_fate_each(&group);
    assert_eq!((group.requests, group.right, group.unsent()), (20, 7, 13), "{group:?}");
}

#[test]
fn a_stream_that_cannot_be_followed_ends_the_connection() {
    for (answer, how) in [
        (vec![0, 1, 0, 0], Corruption::Length),
        (b"\0\0\0\x05\x02\x03r-1".to_vec(), Corruption::Unasked),
        (b"\0\0\0\x01\x09".to_vec(), Corruption::Unasked),
    ] {
        let address = serve(move |stream, _| {
            let answer = answer.clone();
            echo_with(stream, move |_, _| vec![answer.clone()]);
        });
        let mut offer = Offer::connect(plan(address).group(Group::closed("all", 1, 2, 64))).unwrap();
        offer.run_for(Duration::from_millis(50)).unwrap();
        let group = offer.outcome().groups.remove(0);
        assert_one_fate_each(&group);
        assert_eq!((group.corrupt[&how], group.failed[&ErrorClass::OutOfStep]), (1, 2), "{group:?}");
        assert_eq!(group.connections, 0);
    }
}

#[test]
fn where_nobody_listens_an_offer_does_not_begin_and_a_server_that_hangs_up_is_no_error() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for connections in [1, 3, 40] {
        let error = Offer::connect(plan(free).group(Group::closed("all", connections, 1, 64))).err().unwrap();
        assert!(matches!(error, LoadError::Connect { made: 0, .. }), "{error}");
    }
    let address = serve(|_, _| {});
    let again = Plan { reconnect: Some(Duration::from_millis(1)), ..plan(address) };
    Offer::connect(again.group(Group::closed("all", 40, 1, 64))).unwrap();
}
