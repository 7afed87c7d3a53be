//! Whatever a server does, a run ends, and what became of every request is known.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod server;

use std::net::TcpListener;
use std::time::Duration;

use load::{Dialect, ErrorClass, Group, Load, LoadError, Plan};
use rustix::net::sockopt::set_socket_linger;
use server::{assert_nothing_is_lost, echo, echo_with, plan, read_frame, serve};

#[test]
fn a_server_that_falls_silent_costs_the_deadline_and_no_more() {
    // It reads on and answers nothing from the 20th request of a connection.
    let address =
        serve(|stream, _| echo_with(stream, |number, frame| if number < 20 { vec![frame] } else { vec![] }));
    let mut plan = plan(address).group(Group::closed("all", 3, 4, 64));
    plan.request_deadline = Duration::from_millis(100);
    let outcome = load::run(&plan).unwrap();
    let group = &outcome.groups[0];
    assert_nothing_is_lost(group);
    assert_eq!((group.replies, group.connections, group.in_flight), (60, 0, 0));
    assert_eq!(group.errors.get(&ErrorClass::TimedOut), Some(&12));
    assert_eq!(group.ends.get(&ErrorClass::TimedOut), Some(&3));
}

#[test]
fn a_reset_and_an_end_of_stream_are_told_apart_and_take_what_was_in_flight() {
    let address = serve(|mut stream, number| {
        for _ in 0..10 {
            let _ = read_frame(&mut stream);
        }
        // Everything that was asked is read first: unread bytes would turn the ordinary close into a reset.
        if number == 0 {
            set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }
    });
    let outcome = load::run(&plan(address).group(Group::closed("all", 2, 10, 64))).unwrap();
    let group = &outcome.groups[0];
    assert_nothing_is_lost(group);
    assert_eq!(group.replies, 0);
    assert_eq!(
        (group.errors.get(&ErrorClass::Reset), group.errors.get(&ErrorClass::Closed)),
        (Some(&10), Some(&10))
    );
}

#[test]
fn where_nobody_listens_a_run_does_not_begin() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error =
        load::run(&Plan::to(free, Dialect::Frames).group(Group::closed("all", 3, 1, 64))).unwrap_err();
    assert!(matches!(error, LoadError::Connect { made: 0, wanted: 3, .. }), "{error}");
}

#[test]
fn a_connection_that_ended_is_made_again_where_the_plan_says_so() {
    // Every connection is closed after five answers.
    let address = serve(|mut stream, _| {
        use std::io::Write;
        for _ in 0..5 {
            let Ok(Some(frame)) = read_frame(&mut stream) else { return };
            let _ = stream.write_all(&frame);
        }
    });
    let mut plan = plan(address).group(Group::closed("all", 2, 1, 64));
    plan.reconnect = Some(Duration::from_millis(1));
    let outcome = load::run(&plan).unwrap();
    let group = &outcome.groups[0];
    assert_nothing_is_lost(group);
    assert!(group.replies > 10, "{group:?}");
    let ends: u64 = group.ends.values().sum();
    assert!(ends > 2, "{group:?}");
}

#[test]
fn a_server_that_goes_and_comes_back_is_found_again() {
    let mut plan = plan(([127, 0, 0, 1], 1).into()).group(Group::closed("all", 2, 1, 64));
    plan.reconnect = Some(Duration::from_millis(1));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    plan.server = listener.local_addr().unwrap();
    let mut load = Load::connect(plan.clone()).unwrap();
    let first: Vec<_> = (0..2).map(|_| listener.accept().unwrap().0).collect();
    // Gone: the connections are closed and the port refuses.
    drop(listener);
    drop(first);
    load.run_for(Duration::from_millis(50)).unwrap();
    assert_eq!((load.standing(), load.outcome().groups[0].replies), (0, 0));
    assert!(load.outcome().groups[0].ends[&ErrorClass::ConnectRefused] > 0);

    let listener = TcpListener::bind(plan.server).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || echo(stream.unwrap()));
        }
    });
    // As many short pushes as it takes; a deadline of ten seconds.
    for _ in 0..200 {
        load.run_for(Duration::from_millis(50)).unwrap();
        if load.outcome().groups[0].replies > 0 {
            break;
        }
    }
    assert!(load.outcome().groups[0].replies > 0);
    assert_nothing_is_lost(&load.outcome().groups[0]);
}

/// A server that accepts nobody, with an accept queue of so many.
fn listener(backlog: i32) -> TcpListener {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&socket, backlog).unwrap();
    socket.into()
}

#[test]
fn more_connections_than_the_accept_queue_holds_all_stand_when_the_server_accepts() {
    let listener = listener(2);
    let server = listener.local_addr().unwrap();
    let accepting =
        std::thread::spawn(move || (0..40).map(|_| listener.accept().unwrap().0).collect::<Vec<_>>());
    let mut plan = plan(server).group(Group::idle("idle", 40));
    plan.connect_deadline = Duration::from_secs(20);
    let load = Load::connect(plan).unwrap();
    assert_eq!((load.standing(), accepting.join().unwrap().len()), (40, 40));
}

#[test]
fn a_server_that_accepts_nobody_costs_the_connect_deadline_and_no_more() {
    let listener = listener(2);
    let mut plan = plan(listener.local_addr().unwrap()).group(Group::idle("idle", 40));
    plan.connect_deadline = Duration::from_millis(200);
    let error = Load::connect(plan).err().unwrap();
    let LoadError::ConnectDeadline { made, wanted: 40, .. } = error else { panic!("{error}") };
    assert!(made < 40, "{made}");
}
