//! What one client can make the server hold.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use evidence::Fact;
use evidence::run::fact;
use faults::counters;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::wire::{Server, connect, exchange, reply, request, wait_until};

/// A peer that sends as long as somebody takes it, and reads nothing until it is told to.
struct Pusher {
    stream: TcpStream,
    /// The same frame over and over.
    frame: Vec<u8>,
    sent_bytes: u64,
}

impl Pusher {
    fn connect(server: &Server, body: &[u8]) -> Self {
        let stream = connect(server.address);
        stream.set_nonblocking(true).unwrap();
        Pusher { stream, frame: request("push", body), sent_bytes: 0 }
    }

    /// Sends what the kernel takes now. False once the server has ended the connection.
    fn push(&mut self) -> bool {
        loop {
            let at = (self.sent_bytes % self.frame.len() as u64) as usize;
            match self.stream.write(&self.frame[at..]) {
                Ok(bytes) => self.sent_bytes += bytes as u64,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// Reads the answer to every whole request that was sent; each has to be right.
    fn collect(mut self, body: &[u8]) -> u64 {
        let requests = self.sent_bytes / self.frame.len() as u64;
        self.stream.set_nonblocking(false).unwrap();
        let payload = reply("push", body);
        let expected = [&(payload.len() as u32).to_be_bytes()[..], &payload].concat();
        let mut answer = vec![0; expected.len()];
        for number in 0..requests {
            self.stream.read_exact(&mut answer).unwrap_or_else(|error| panic!("answer {number}: {error}"));
            assert!(answer == expected, "answer {number} of {requests}");
        }
        requests
    }
}

/// More than both kernels and a queue at its mark can hold for one peer: 64 MiB.
const STUCK_BY_BYTES: u64 = 64 << 20;

/// Pushes until nobody has taken a byte for longer than a server that reads would need.
fn push_until_stuck(pushers: &mut [Pusher]) {
    let quiet = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
    loop {
        assert!(pushers.iter_mut().all(Pusher::push), "a paused peer is not sent away");
        let most = pushers.iter().map(|pusher| pusher.sent_bytes).max().unwrap_or(0);
        assert!(most < STUCK_BY_BYTES, "{most} bytes were read from a peer that takes no answers");
        let mut fds: Vec<_> =
            pushers.iter().map(|pusher| PollFd::new(&pusher.stream, PollFlags::OUT)).collect();
        if poll(&mut fds, Some(&quiet)).unwrap() == 0 {
            return;
        }
    }
}

/// The last client leaves, and then no descriptor is left over.
fn assert_nothing_kept(server: Server, last: TcpStream) {
    last.shutdown(Shutdown::Both).unwrap();
    server.assert_survived();
    server.stop();
}

#[test]
fn clients_that_do_not_read_are_paused_and_lose_nothing() {
    let criterion = "event-loop.outbound-paused";
    const PUSHERS: u64 = 20;
    const PAUSE_BYTES: u64 = 256 << 10;
    let server = Server::start(&["--log-level", "warn", "--write-timeout", "60s", "--limit", "65536"]);
    let polite = server.connect();
    exchange(&polite, "polite", b"first");
    let before = counters::rss_bytes_of(server.pid()).unwrap();
    let body = [7; 8 << 10];
    let mut pushers: Vec<Pusher> = (0..PUSHERS).map(|_| Pusher::connect(&server, &body)).collect();
    push_until_stuck(&mut pushers);
    let stuck = counters::rss_bytes_of(server.pid()).unwrap();
    // They go on trying, and the others go on being served.
    for round in 0..50 {
        assert!(pushers.iter_mut().all(Pusher::push), "a paused peer is not sent away");
        exchange(&polite, "polite", format!("round {round}").as_bytes());
    }
    let later = counters::rss_bytes_of(server.pid()).unwrap();
    // A queue up to the mark, the answers of the share that passed it, and the room that a growing buffer has to spare.
    let bound = PUSHERS * 4 * PAUSE_BYTES;
    for (when, now) in [("stuck", stuck), ("later", later)] {
        let grown = now.saturating_sub(before);
        assert!(grown < bound, "{when}: {PUSHERS} paused clients made the server grow by {grown} bytes");
    }
    assert!(server.closes().is_empty(), "nobody is sent away for reading late: {:?}", server.closes());
    let sent: u64 = pushers.iter().map(|pusher| pusher.sent_bytes).sum();
    let answered: u64 = pushers.into_iter().map(|pusher| pusher.collect(&body)).sum();
    assert!(answered * body.len() as u64 > PUSHERS * PAUSE_BYTES, "{answered} answers are no full queue");
    assert_nothing_kept(server, polite);
    fact(criterion, Fact::count("clients-that-did-not-read", PUSHERS, ""));
    fact(criterion, Fact::count("pause-mark", PAUSE_BYTES, "bytes"));
    fact(criterion, Fact::count("requests-sent", sent, "bytes"));
    fact(criterion, Fact::count("answers-collected-later", answered, ""));
    fact(criterion, Fact::count("memory-growth-while-paused", stuck.saturating_sub(before), "bytes"));
    fact(criterion, Fact::count("memory-growth-later", later.saturating_sub(before), "bytes"));
}

#[test]
fn a_client_that_is_sent_more_than_the_cap_is_ended_and_its_memory_returns() {
    let criterion = "event-loop.outbound-cap";
    const CAP_BYTES: u64 = 4 << 20;
    /// One after the other: a queue that is kept would be seen many times over.
    const FOLLOWERS: u64 = 6;
    let cap = CAP_BYTES.to_string();
    let args =
        ["--service", "feed", "--log-level", "warn", "--limit", "65536", "--outbound-cap", cap.as_str()];
    let server = Server::start(&args);
    let polite = server.connect();
    let body = vec![5; 32 << 10];
    exchange(&polite, "polite", &body);
    let before = counters::rss_bytes_of(server.pid()).unwrap();
    let (mut exchanges, mut peak) = (0, 0);
    for number in 1..=FOLLOWERS {
        let follower = server.connect();
        exchange(&follower, "follower", b"follow");
        wait_until("the follower to meet the cap", || {
            for _ in 0..16 {
                exchange(&polite, "polite", &body);
                exchanges += 1;
            }
            peak = peak.max(counters::rss_bytes_of(server.pid()).unwrap());
            (server.closed_as("outbound-cap") == number as usize).then_some(())
        });
        // What its kernel had taken it may still read; after that comes a reset, and no word.
        let heard = (&follower).read_to_end(&mut Vec::new());
        assert_eq!(heard.map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
    }
    assert_eq!(server.wait_for_close("outbound-cap")["error_code"], "LOOP-OUTBOUND-CAP");
    exchange(&polite, "polite", b"and served as before");
    let after = counters::rss_bytes_of(server.pid()).unwrap();
    let (at_most, afterwards) = (peak.saturating_sub(before), after.saturating_sub(before));
    assert!(at_most < 4 * CAP_BYTES, "one queue of at most {CAP_BYTES} bytes cost {at_most}");
    assert!(afterwards < 2 * CAP_BYTES, "{FOLLOWERS} queues of {CAP_BYTES} bytes left {afterwards} behind");
    assert_eq!(server.closes().len() as u64, FOLLOWERS, "and nobody else was ended");
    assert_nothing_kept(server, polite);
    fact(criterion, Fact::count("cap", CAP_BYTES, "bytes"));
    fact(criterion, Fact::count("clients-ended-at-the-cap", FOLLOWERS, ""));
    fact(criterion, Fact::count("exchanges-of-the-polite-one-meanwhile", exchanges, ""));
    fact(criterion, Fact::count("memory-growth-at-most", at_most, "bytes"));
    fact(criterion, Fact::count("memory-growth-afterwards", afterwards, "bytes"));
    fact(criterion, Fact::text("class", "outbound-cap"));
}

#[test]
fn a_client_that_never_reads_is_ended_by_the_write_deadline() {
    let criterion = "event-loop.write-deadline";
    let server = Server::start(&["--log-level", "warn", "--write-timeout", "300ms", "--limit", "65536"]);
    let polite = server.connect();
    let mut deaf = Pusher::connect(&server, &[7; 8 << 10]);
    let mut rounds = 0;
    wait_until("the deaf client to be ended", || {
        deaf.push();
        exchange(&polite, "polite", b"meanwhile");
        rounds += 1;
        (server.closed_as("write-timeout") == 1).then_some(())
    });
    assert_eq!(server.closes().len(), 1, "and nobody else was ended");
    assert_eq!(server.wait_for_close("write-timeout")["error_code"], "ECHO-WRITE-TIMEOUT");
    exchange(&polite, "polite", b"afterwards");
    assert_nothing_kept(server, polite);
    fact(criterion, Fact::count("requests-sent", deaf.sent_bytes, "bytes"));
    fact(criterion, Fact::count("exchanges-of-the-polite-one-meanwhile", rounds, ""));
    fact(criterion, Fact::text("class", "write-timeout"));
}
