//! Every toxic against real sockets. How these tests could be fooled: a kernel may hand over separate writes
//! together and one write in parts, so no test counts reads; a fast machine may finish before a fault, so each
//! test asks the proxy's own counters whether the fault happened.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use faults::proxy::{Direction, Proxy, Toxic};
use faults::seed::Dice;

const LONG: Duration = Duration::from_secs(30);
const MS: Duration = Duration::from_millis(1);

/// A server whose accepted connections are handed to the test.
fn server() -> (SocketAddr, Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, accepted) = channel();
    thread::spawn(move || {
        for socket in listener.incoming() {
            if socket.is_err() || send.send(bounded(socket.unwrap())).is_err() {
                return;
            }
        }
    });
    (address, accepted)
}

/// No read or write of a test may hang.
fn bounded(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(LONG)).unwrap();
    socket.set_write_timeout(Some(LONG)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

fn connect(proxy: &Proxy) -> TcpStream {
    bounded(TcpStream::connect(proxy.address()).unwrap())
}

/// A proxy to a server, and one connection through it, both ends in hand.
fn pair() -> (Proxy, TcpStream, TcpStream) {
    let (address, accepted) = server();
    let proxy = Proxy::to(address).start().unwrap();
    let client = connect(&proxy);
    (proxy, client, accepted.recv_timeout(LONG).unwrap())
}

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Dice::new(len as u64).fill(&mut bytes);
    bytes
}

/// Reads to the end or the error.
fn read_all(socket: &mut impl Read) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let error = socket.read_to_end(&mut bytes).err().map(|error| error.kind());
    (bytes, error)
}

#[test]
fn without_toxics_a_megabyte_passes_both_ways_unchanged() {
    let (proxy, client, server) = pair();
    let (there, back) = (random(1_000_003), random(1_000_001));
    thread::scope(|scope| {
        for (mut socket, sent) in [(&client, there.clone()), (&server, back.clone())] {
            scope.spawn(move || {
                socket.write_all(&sent).unwrap();
                socket.shutdown(Shutdown::Write).unwrap();
            });
        }
        let arrived = scope.spawn(|| read_all(&mut &server));
        assert!(read_all(&mut &client) == (back, None));
        assert!(arrived.join().unwrap() == (there, None));
    });
    let counts = proxy.wait_for("the end", LONG, |counts| counts.open == 0).unwrap();
    assert_eq!((counts.upstream.bytes_out, counts.downstream.bytes_out), (1_000_003, 1_000_001));
    assert_eq!((counts.faults(), counts.peer_resets), (0, 0));
}

#[test]
fn a_half_close_passes_through_and_leaves_the_other_direction_open() {
    let (proxy, mut client, mut server) = pair();
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    // The server sees the end of the question, and only then answers.
    assert_eq!(read_all(&mut server), (b"question".to_vec(), None));
    assert_eq!(proxy.counts().open, 1);
    server.write_all(b"answer").unwrap();
    drop(server);
    assert_eq!(read_all(&mut client), (b"answer".to_vec(), None));
    proxy.wait_for("the end", LONG, |counts| counts.open == 0).unwrap();
}

#[test]
fn latency_holds_an_answer_back_at_least_so_long() {
    let (proxy, mut client, mut server) = pair();
    proxy.add(Direction::Downstream, Toxic::Latency { delay: 60 * MS, jitter: 20 * MS });
    let asked = Instant::now();
    server.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
    assert!(asked.elapsed() >= 60 * MS, "after {:?}", asked.elapsed());
    let counts = proxy.counts();
    assert_eq!((counts.downstream.delayed, counts.upstream.delayed), (1, 0));
}

#[test]
fn bandwidth_makes_a_transfer_take_at_least_its_time() {
    let (proxy, mut client, mut server) = pair();
    proxy.add(Direction::Upstream, Toxic::Bandwidth { bytes_per_second: 200_000 });
    let began = Instant::now();
    let sent = random(40_000);
    client.write_all(&sent).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut server) == (sent, None));
    assert!(began.elapsed() >= 180 * MS, "40,000 bytes at 200,000 bytes/s took {:?}", began.elapsed());
    assert!(proxy.counts().upstream.throttled > 5);
}

#[test]
fn bandwidth_holds_the_sender_up_instead_of_buffering_without_end() {
    let (address, accepted) = server();
    let proxy = Proxy::to(address).buffer_bytes_max(4096).start().unwrap();
    proxy.add(Direction::Upstream, Toxic::Bandwidth { bytes_per_second: 1 });
    let client = connect(&proxy);
    let _server = accepted.recv_timeout(LONG).unwrap();
    client.set_nonblocking(true).unwrap();
    // The kernel's buffers on the way fill up, and then the sender feels it.
    let mut sent = 0_u64;
    while let Ok(n) = { &client }.write(&[0; 65_536]) {
        sent += n as u64;
        assert!(sent < 1 << 30, "nothing held the sender up");
    }
    let counts = proxy.counts();
    assert!(counts.upstream.bytes_in - counts.upstream.bytes_out <= 4096, "{counts:?}");
}

#[test]
fn the_slicer_cuts_small_pieces_and_loses_nothing() {
    let (proxy, mut client, mut server) = pair();
    proxy.add(Direction::Upstream, Toxic::Slicer { bytes_max: 7, pause: Duration::from_micros(50) });
    let sent = random(3000);
    client.write_all(&sent).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut server) == (sent, None));
    let sliced = proxy.counts().upstream.sliced;
    assert!((3000 / 7..=3000).contains(&sliced), "{sliced} pieces");
}

#[test]
fn a_slicer_with_a_pause_lets_the_receiver_see_part_of_a_message() {
    let (proxy, mut client, mut server) = pair();
    proxy.add(Direction::Upstream, Toxic::Slicer { bytes_max: 1, pause: Duration::from_secs(3600) });
    client.write_all(b"ab").unwrap();
    let mut byte = [0];
    server.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"a");
    // The second piece is an hour away; taking the toxic away lets it go.
    server.set_nonblocking(true).unwrap();
    assert_eq!(server.read(&mut byte).unwrap_err().kind(), ErrorKind::WouldBlock);
    server.set_nonblocking(false).unwrap();
    proxy.heal();
    server.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"b");
}

#[test]
fn a_data_limit_closes_in_order_after_exactly_so_many_bytes() {
    for limit in [0, 1, 5, 4096] {
        let (address, accepted) = server();
        let proxy = Proxy::to(address).start().unwrap();
        proxy.add(Direction::Upstream, Toxic::LimitData { bytes: limit });
        let mut client = connect(&proxy);
        let mut server = accepted.recv_timeout(LONG).unwrap();
        let sent = random(5000);
        // The connection may be closed under the write's feet; what counts is what arrived.
        let _ = client.write_all(&sent);
        assert_eq!(read_all(&mut server), (sent[..limit as usize].to_vec(), None), "limit {limit}");
        let counts = proxy.wait_for("the limit", LONG, |counts| counts.open == 0).unwrap();
        assert_eq!((counts.upstream.limited, counts.faults()), (1, 1));
    }
}

#[test]
fn a_reset_is_a_reset_and_not_an_end() {
    for direction in [Direction::Upstream, Direction::Downstream] {
        let (proxy, mut client, mut server) = pair();
        proxy.add(direction, Toxic::Reset { after_bytes: 3 });
        match direction {
            Direction::Upstream => client.write_all(b"abcdef").unwrap(),
            Direction::Downstream => server.write_all(b"abcdef").unwrap(),
        }
        // Both ends see it; the receiver has read at most the three bytes.
        for socket in [&mut client, &mut server] {
            let (bytes, error) = read_all(socket);
            assert_eq!(error, Some(ErrorKind::ConnectionReset));
            assert!(b"abc".starts_with(&bytes), "{bytes:?}");
        }
        let counts = proxy.wait_for("the reset", LONG, |counts| counts.open == 0).unwrap();
        assert_eq!((counts.lane(direction).resets, counts.lane(direction).bytes_out), (1, 3));
    }
}

#[test]
fn a_blackhole_swallows_until_it_is_lifted_and_then_everything_arrives() {
    let (proxy, mut client, mut server) = pair();
    proxy.add(Direction::Upstream, Toxic::Blackhole);
    client.write_all(b"are you there").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    proxy.wait_for("the blackhole", LONG, |counts| counts.upstream.blackholed == 1).unwrap();
    // The other direction still works, so the silence is the toxic's.
    server.write_all(b"!").unwrap();
    client.read_exact(&mut [0]).unwrap();
    server.set_nonblocking(true).unwrap();
    assert_eq!(server.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    server.set_nonblocking(false).unwrap();
    proxy.heal();
    assert_eq!(read_all(&mut server), (b"are you there".to_vec(), None));
}

#[test]
fn a_reset_by_a_peer_is_handed_on_but_not_through_a_blackhole() {
    let reset = |socket: TcpStream| {
        rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
    };
    let (proxy, mut client, server) = pair();
    reset(server);
    assert_eq!(read_all(&mut client).1, Some(ErrorKind::ConnectionReset));
    let counts = proxy.wait_for("the end", LONG, |counts| counts.open == 0).unwrap();
    assert_eq!((counts.peer_resets, counts.faults()), (1, 0), "what a peer did is no fault of ours");

    let (proxy, client, mut server) = pair();
    proxy.add(Direction::Upstream, Toxic::Blackhole);
    reset(client);
    server.set_read_timeout(Some(30 * MS)).unwrap();
    assert_eq!(read_all(&mut server).1, Some(ErrorKind::WouldBlock));
    proxy.heal();
    server.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(read_all(&mut server).1, Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_client_that_half_closed_and_then_died_is_told_to_the_server() {
    let (proxy, client, mut server) = pair();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
    drop(client);
    // Writing is how the server can learn of it.
    let until = Instant::now() + LONG;
    while server.write_all(b"more").is_ok() {
        assert!(Instant::now() < until, "the server was never told");
        thread::yield_now();
    }
    proxy.wait_for("the end", LONG, |counts| counts.open == 0).unwrap();
}

#[test]
fn cutting_resets_all_open_connections_and_new_ones_work() {
    let (address, accepted) = server();
    let proxy = Proxy::to(address).start().unwrap();
    let mut clients: Vec<_> = (0..5).map(|_| connect(&proxy)).collect();
    proxy.wait_for("five connections", LONG, |counts| counts.accepted == 5).unwrap();
    proxy.cut_all();
    for client in &mut clients {
        assert_eq!(read_all(client).1, Some(ErrorKind::ConnectionReset));
    }
    assert_eq!(proxy.counts().cut, 5);
    let mut servers: Vec<_> = (0..5).map(|_| accepted.recv_timeout(LONG).unwrap()).collect();
    assert_eq!(read_all(&mut servers[0]).1, Some(ErrorKind::ConnectionReset));
    let mut fresh = connect(&proxy);
    fresh.write_all(b"x").unwrap();
    accepted.recv_timeout(LONG).unwrap().read_exact(&mut [0]).unwrap();
}

#[test]
fn a_server_that_is_down_is_a_reset_for_the_client_and_counted() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::to(free).start().unwrap();
    let mut client = connect(&proxy);
    assert_eq!(read_all(&mut client).1, Some(ErrorKind::ConnectionReset));
    let counts = proxy.wait_for("the refusal", LONG, |counts| counts.unreachable == 1).unwrap();
    assert_eq!((counts.accepted, counts.faults()), (0, 0));
}

#[test]
fn bounds_hold_for_connections_and_for_their_life() {
    let (address, _accepted) = server();
    let proxy = Proxy::to(address).connections_max(2).start().unwrap();
    let _kept = [connect(&proxy), connect(&proxy)];
    proxy.wait_for("two connections", LONG, |counts| counts.open == 2).unwrap();
    let mut third = connect(&proxy);
    assert_eq!(read_all(&mut third).1, Some(ErrorKind::ConnectionReset));
    assert_eq!(proxy.counts().refused, 1);

    let brief = Proxy::to(address).lifetime_max(20 * MS).start().unwrap();
    let mut client = connect(&brief);
    assert_eq!(read_all(&mut client).1, Some(ErrorKind::ConnectionReset));
    assert_eq!(brief.counts().expired, 1);
}

#[test]
fn three_hundred_connections_at_once_each_get_their_own_bytes_back() {
    let (address, accepted) = server();
    thread::spawn(move || {
        for mut socket in accepted {
            thread::spawn(move || std::io::copy(&mut { socket.try_clone().unwrap() }, &mut socket));
        }
    });
    let proxy = Proxy::to(address).start().unwrap();
    proxy.add(Direction::Upstream, Toxic::Slicer { bytes_max: 40, pause: Duration::from_micros(20) });
    proxy.add(Direction::Downstream, Toxic::Latency { delay: MS, jitter: 5 * MS });
    let mut clients: Vec<_> = (0..300).map(|_| connect(&proxy)).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.write_all(&random(200 + n)).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
    }
    for (n, client) in clients.iter_mut().enumerate() {
        assert!(read_all(client) == (random(200 + n), None), "connection {n}");
    }
    let counts = proxy.wait_for("the end", LONG, |counts| counts.open == 0).unwrap();
    assert_eq!((counts.accepted, counts.peer_resets), (300, 0));
    assert_eq!(counts.upstream.bytes_out, counts.downstream.bytes_out);
}
