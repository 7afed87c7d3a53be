//! A server with a thread for each connection, whose manners are those of the test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use load::{GroupOutcome, Plan};

/// Serves every connection in this way, until the test ends. The second argument counts connections from 0.
pub(crate) fn serve(manners: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let manners = std::sync::Arc::new(manners);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (stream, manners) = (stream.unwrap(), manners.clone());
            stream.set_nodelay(true).unwrap();
            // No test waits longer than this for anything.
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            std::thread::spawn(move || manners(stream, number));
        }
    });
    address
}

/// A whole frame with its header; `None` at the end of the stream between two frames.
pub(crate) fn read_frame(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut frame = vec![0; 4];
    if stream.read(&mut frame[..1])? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut frame[1..4])?;
    let len = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    frame.resize(4 + len, 0);
    stream.read_exact(&mut frame[4..])?;
    Ok(Some(frame))
}

/// Echoes frames, each changed by `change`, which also says how many of them there are: none, one or more.
pub(crate) fn echo_with(mut stream: TcpStream, mut change: impl FnMut(u64, Vec<u8>) -> Vec<Vec<u8>>) {
    let mut number = 0;
    while let Ok(Some(frame)) = read_frame(&mut stream) {
        let replies = change(number, frame).concat();
        number += 1;
        if stream.write_all(&replies).is_err() {
            return;
        }
    }
}

/// Echoes as it should.
pub(crate) fn echo(stream: TcpStream) {
    echo_with(stream, |_, frame| vec![frame]);
}

/// A plan for tests: half a second, no warm-up, deadlines that only a hanging run meets.
pub(crate) fn plan(server: SocketAddr) -> Plan {
    Plan {
        warm_up: Duration::ZERO,
        duration: Duration::from_millis(200),
        request_deadline: Duration::from_secs(10),
        ..Plan::to(server, load::Dialect::Frames)
    }
}

/// Every request has become one thing or another.
pub(crate) fn assert_nothing_is_lost(group: &GroupOutcome) {
    use load::Corruption::{Repeated, Unasked};
    let answers_to_nothing: u64 = [Repeated, Unasked].iter().filter_map(|how| group.corrupt.get(how)).sum();
    let wrong = group.corrupt_total() - answers_to_nothing;
    assert_eq!(group.requests, group.replies + wrong + group.errors_total() + group.in_flight, "{group:?}");
    assert_eq!(group.latency.len(), group.replies);
}
