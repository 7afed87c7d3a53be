//! The servers that ours are compared with have to be right before they may be fast.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod server;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use load::Group;
use load::peers::{Contestant, FRAME_BYTES_MAX};
use server::{assert_nothing_is_lost, plan, read_frame};

fn start(contestant: Contestant) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || contestant.serve(listener));
    address
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn frame(len: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..len).map(|at| (at * 7 + at / 251) as u8).collect();
    [&(len as u32).to_be_bytes()[..], &payload].concat()
}

#[test]
fn each_peer_echoes_frames_of_one_byte_to_a_mebibyte() {
    for contestant in Contestant::ALL {
        let mut stream = connect(start(contestant));
        for len in [1, 2, 3, 4, 5, 63, 4096, 65_535, 65_536, 65_537, FRAME_BYTES_MAX - 1, FRAME_BYTES_MAX] {
            stream.write_all(&frame(len)).unwrap();
            assert!(read_frame(&mut stream).unwrap() == Some(frame(len)), "{contestant}: {len} bytes");
        }
    }
}

#[test]
fn each_peer_echoes_frames_that_come_in_pieces_and_many_at_once() {
    for contestant in Contestant::ALL {
        let mut stream = connect(start(contestant));
        stream.set_nodelay(true).unwrap();
        let all: Vec<u8> = (1..200).flat_map(frame).collect();
        for piece in all.chunks(977) {
            stream.write_all(piece).unwrap();
        }
        let mut back = vec![0; all.len()];
        stream.read_exact(&mut back).unwrap();
        assert!(back == all, "{contestant}");
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut back).unwrap(), 0, "{contestant}");
    }
}

#[test]
fn each_peer_hangs_up_on_a_frame_past_its_bound() {
    for contestant in Contestant::ALL {
        let mut stream = connect(start(contestant));
        stream.write_all(&(FRAME_BYTES_MAX as u32 + 1).to_be_bytes()).unwrap();
        assert!(matches!(stream.read(&mut [0; 8]), Ok(0) | Err(_)), "{contestant}");
        // And serves the next one.
        let mut next = connect(start(contestant));
        next.write_all(&frame(10)).unwrap();
        assert_eq!(read_frame(&mut next).unwrap(), Some(frame(10)), "{contestant}");
    }
}

#[test]
fn each_peer_keeps_up_with_a_client_that_writes_long_before_it_reads() {
    for contestant in Contestant::ALL {
        let mut stream = connect(start(contestant));
        let mut out = stream.try_clone().unwrap();
        let writer =
            std::thread::spawn(move || (0..32).try_for_each(|_| out.write_all(&frame(FRAME_BYTES_MAX))));
        for _ in 0..32 {
            assert!(read_frame(&mut stream).unwrap() == Some(frame(FRAME_BYTES_MAX)), "{contestant}");
        }
        writer.join().unwrap().unwrap();
    }
}

#[test]
fn each_peer_is_right_under_the_load() {
    for contestant in Contestant::ALL {
        let address = start(contestant);
        for (connections, depth, bytes) in [(1, 1, 64), (20, 16, 64), (20, 16, 4096), (2, 2, 300_000)] {
            let outcome =
                load::run(&plan(address).group(Group::closed("all", connections, depth, bytes))).unwrap();
            let group = &outcome.groups[0];
            assert_nothing_is_lost(group);
            assert!(
                group.replies > 0 && group.corrupt_total() + group.errors_total() == 0,
                "{contestant}: {group:?}"
            );
        }
    }
}
