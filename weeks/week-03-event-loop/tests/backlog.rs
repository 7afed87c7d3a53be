//! A burst larger than the standard library's queue of 128 stands at once, before anybody has accepted one of it.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use event_loop::{Config, EventLoop, Framed, Mirror, Poll, Scan};
use framing::{Deadlines, FrameLimit};

const BURST: usize = 300;

/// A connection that found the queue full is tried again by the kernel after a second; with room it stands when the call
/// that made it returns. This lies between the two.
const BEFORE_A_RETRY: Duration = Duration::from_millis(900);

#[test]
fn a_burst_of_three_hundred_waits_in_the_queue_instead_of_being_dropped() {
    let service = Framed::new(Mirror::default(), FrameLimit::default(), Deadlines::default());
    let mut event_loop = EventLoop::<Poll, _, _>::new(Config::default(), Scan::default(), service).unwrap();
    let address = event_loop.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    // The loop does not run: whoever connects is in the queue, and stays there.
    let mut peers = Vec::new();
    for number in 0..BURST {
        match TcpStream::connect_timeout(&address, BEFORE_A_RETRY) {
            Ok(peer) => peers.push(peer),
            Err(error) => panic!("connection {number} found no room: {error}"),
        }
    }
}
