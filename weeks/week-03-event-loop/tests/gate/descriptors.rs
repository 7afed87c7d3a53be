//! Where places end: all descriptors in use, those that `select` cannot hold, and the bound on connections.

use std::io::{Read, Write};
use std::net::TcpStream;

use event_loop::SELECT_DESCRIPTORS_MAX;
use evidence::Fact;
use evidence::run::fact;
use faults::limits::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::wire::{Server, exchange, frame, refusal, reply, request, wait_until};

#[test]
fn a_server_without_descriptors_keeps_its_clients_and_accepts_again() {
    let criterion = "event-loop.descriptors-exhausted";
    const DESCRIPTORS: u64 = 40;
    const PEERS: usize = 50;
    for poller in ["select", "poll"] {
        let dir = tempfile::tempdir().unwrap();
        let launch = Server::launch(dir.path(), &["--poller", poller]);
        let limited = launch.limits(Limits::none().open_files(DESCRIPTORS)).spawn().unwrap();
        let server = Server::of(limited, dir);
        let mut served: Vec<TcpStream> = (0..PEERS).map(|_| server.connect()).collect();
        let exhausted = wait_until("accept to fail for lack of descriptors", || {
            server.records().into_iter().find(|record| record["error_code"] == "ECHO-ACCEPT")
        });
        assert!(exhausted["msg"].as_str().unwrap().contains("cannot accept for now"), "{exhausted}");
        // Those who are in are served while the others wait.
        let room = DESCRIPTORS - server.quiet_fds;
        let waiting = served.split_off(room as usize);
        for (at, peer) in served.iter().enumerate() {
            exchange(peer, &format!("in-{at}"), b"hello");
        }
        for peer in &waiting {
            (&*peer).write_all(&request("waiting", b"hello")).unwrap();
            peer.set_nonblocking(true).unwrap();
            assert!((&*peer).read(&mut [0]).is_err(), "nobody is answered beyond the last descriptor");
            peer.set_nonblocking(false).unwrap();
        }
        // As they leave, the others are taken in.
        drop(served);
        for peer in &waiting {
            assert_eq!(frame(peer), reply("waiting", b"hello"));
        }
        wait_until("the word that accepting goes on", || {
            server.records().into_iter().find(|record| record["msg"] == "accepting again")
        });
        drop(waiting);
        server.assert_survived();
        server.stop();
        fact(criterion, Fact::count(&format!("served-at-the-limit-under-{poller}"), room, ""));
        fact(criterion, Fact::count(&format!("served-afterwards-under-{poller}"), PEERS as u64 - room, ""));
    }
    fact(criterion, Fact::count("descriptors-allowed", DESCRIPTORS, ""));
}

#[test]
fn a_descriptor_beyond_select_is_refused_by_name_and_the_others_are_served() {
    let criterion = "event-loop.select-limit";
    const DESCRIPTORS: u64 = 1200;
    let limit = getrlimit(Resource::Nofile);
    // Where the system gives nobody such a number, nobody can be shown what happens with it; that would be no proof.
    assert!(
        limit.maximum.is_none_or(|hard| hard >= DESCRIPTORS),
        "the hard limit on descriptors is {:?}, and this needs {DESCRIPTORS} (ulimit -Hn)",
        limit.maximum
    );
    if limit.current.is_some_and(|soft| soft < DESCRIPTORS) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum: limit.maximum }).unwrap();
    }
    let server = Server::start(&["--poller", "select", "--connections", "2000"]);
    let peers: Vec<TcpStream> = (0..SELECT_DESCRIPTORS_MAX + 8).map(|_| server.connect()).collect();
    assert_eq!(refusal(&peers[peers.len() - 1]), "LOOP-DESCRIPTOR-RANGE");
    // A bit each for all descriptors but those that the server has for itself.
    let inside = SELECT_DESCRIPTORS_MAX - server.quiet_fds as usize;
    for at in [0, inside / 2, inside - 1] {
        exchange(&peers[at], "inside", b"hello");
    }
    let beyond = peers.len() - inside;
    wait_until("a record for each that was refused", || {
        (server.closed_as("descriptor-out-of-range") == beyond).then_some(())
    });
    drop(peers);
    // Until they are gone, the next descriptor is beyond the set as well.
    server.assert_no_descriptor_kept();
    server.assert_survived();
    server.stop();
    fact(criterion, Fact::count("clients-inside", inside as u64, ""));
    fact(criterion, Fact::count("clients-refused", beyond as u64, ""));
    fact(criterion, Fact::text("code", "LOOP-DESCRIPTOR-RANGE"));
}

#[test]
fn one_connection_too_many_is_told_so_and_the_others_are_served() {
    let criterion = "event-loop.busy";
    const PLACES: usize = 50;
    let server = Server::start(&["--connections", &PLACES.to_string()]);
    let held: Vec<TcpStream> = (0..PLACES).map(|_| server.connect()).collect();
    for peer in &held {
        exchange(peer, "held", b"");
    }
    assert_eq!(refusal(&server.connect()), "ECHO-BUSY");
    for peer in &held {
        exchange(peer, "held", b"again");
    }
    drop(held);
    wait_until("every place to be free", || (server.closed_as("peer-finished") == PLACES).then_some(()));
    server.assert_survived();
    assert_eq!(server.closed_as("busy"), 1);
    fact(criterion, Fact::count("places", PLACES as u64, ""));
    fact(criterion, Fact::count("told-that-they-are-taken", 1, ""));
}
