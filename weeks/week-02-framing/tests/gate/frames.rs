//! What the bytes themselves can be: cut, short, too long, empty, or another language.

use std::io::Write;
use std::time::Duration;

use evidence::Fact;
use evidence::run::fact;
use faults::counters;
use faults::proxy::{Direction, Proxy, Toxic};

use crate::classed;
use crate::echo::{DEADLINE, Echo, Peer, assert_exit, client, reply, request, wait_until};

#[test]
fn fragmented_requests_are_answered_like_whole_ones() {
    let criterion = "framing.fragmentation";
    let echo = Echo::start(&[]);

    // Three requests as single bytes on one connection, then three in one write on another.
    let bodies: [&[u8]; 3] = [b"first", b"", &[0; 100]];
    let all: Vec<u8> = bodies.iter().flat_map(|body| request("r-1", body)).collect();
    let mut by_byte = echo.connect();
    let mut at_once = echo.connect();
    for byte in &all {
        by_byte.send(&[*byte]);
    }
    at_once.send(&all);
    for body in bodies {
        assert_eq!(by_byte.frame(), reply("r-1", body));
        assert_eq!(at_once.frame(), reply("r-1", body));
    }

    // The real client behind a proxy that cuts both directions into pieces of one to three bytes.
    let proxy = Proxy::to(echo.address).seed(2).start().unwrap();
    for direction in [Direction::Upstream, Direction::Downstream] {
        proxy.add(direction, Toxic::Slicer { bytes_max: 3, pause: Duration::from_micros(200) });
    }
    let log = echo.dir.path().join("client.jsonl");
    let ended = client(proxy.address(), &log, &["--size", "300", "--count", "3"]);
    assert_exit(&ended, 0);
    let counts = proxy.counts();
    let pieces = counts.upstream.sliced + counts.downstream.sliced;
    assert!(pieces >= 300, "the proxy cut {pieces} pieces, so nothing was proved");
    drop((by_byte, at_once));
    echo.assert_survived();
    fact(criterion, Fact::count("single-byte-writes", all.len() as u64, ""));
    fact(criterion, Fact::count("pieces-cut-by-the-proxy", pieces, ""));
}

#[test]
fn an_answer_that_needs_several_writes_arrives_whole() {
    let criterion = "framing.partial-writes";
    const BYTES: usize = 12 << 20;
    let echo = Echo::start(&["--limit", "16777216"]);
    let body: Vec<u8> = (0..BYTES).map(|at| (at % 251) as u8).collect();
    let mut peer = echo.connect();
    // Nobody reads, so the answer fills the buffers and the server's write waits inside the kernel. Stopping and
    // continuing the process interrupts that call: it returns having written a part.
    peer.send(&request("big", &body));
    let mut looks = (0, 0);
    wait_until("the answer to fill our receive buffer", || {
        let waiting = rustix::io::ioctl_fionread(&peer.0).unwrap();
        looks = if waiting == looks.0 { (waiting, looks.1 + 1) } else { (waiting, 0) };
        (waiting > 0 && looks.1 == 20).then_some(())
    });
    for _ in 0..3 {
        echo.process.stop(DEADLINE).unwrap();
        echo.process.resume(DEADLINE).unwrap();
    }
    assert!(peer.frame() == reply("big", &body), "every byte once and in order");
    let answered = echo.wait_for_record("the answer's record", |r| r.request_id.as_deref() == Some("big"));
    let writes = answered.msg.rsplit_once("writes=").and_then(|(_, n)| n.parse::<u64>().ok()).unwrap();
    assert!(writes >= 2, "one write took it all, so nothing was proved: {}", answered.msg);
    drop(peer);
    echo.assert_survived();
    fact(criterion, Fact::count("answer", BYTES as u64, "bytes"));
    fact(criterion, Fact::count("writes", writes, ""));
}

#[test]
fn a_stream_that_ends_inside_a_header_is_a_short_header() {
    let echo = Echo::start(&[]);
    let mut peer = echo.connect();
    peer.send(b"\0\0\0");
    drop(peer);
    classed("framing.short-header", &echo, "short-header", "FRAME-SHORT-HEADER");
}

#[test]
fn a_stream_that_ends_inside_a_payload_is_a_truncated_payload() {
    let echo = Echo::start(&[]);
    let whole = request("r-1", b"hello");
    let mut peer = echo.connect();
    peer.send(&whole[..whole.len() - 1]);
    drop(peer);
    classed("framing.truncated-payload", &echo, "truncated-payload", "FRAME-TRUNCATED");
}

#[test]
fn an_oversize_header_is_refused_at_once_and_buys_no_memory() {
    let criterion = "framing.oversize";
    let echo = Echo::start(&["--limit", "64"]);
    let before = counters::peak_rss_bytes_of(echo.process.pid()).unwrap();
    let mut peer = echo.connect();
    // Four bytes and no payload: whoever waits for the payload before judging waits in vain.
    peer.send(&u32::MAX.to_be_bytes());
    assert_eq!(peer.refusal(), "FRAME-TOO-LARGE");
    let grown = counters::peak_rss_bytes_of(echo.process.pid()).unwrap().saturating_sub(before);
    assert!(grown < 64 << 20, "a header of 4 GiB made the server grow by {grown} bytes");
    drop(peer);
    classed(criterion, &echo, "oversize", "FRAME-TOO-LARGE");

    // The bound itself: 64 payload bytes pass, 65 do not.
    let mut fits = echo.connect();
    fits.send(&request("r-1", &[7; 59]));
    assert_eq!(fits.frame(), reply("r-1", &[7; 59]));
    let mut over = echo.connect();
    over.send(&request("r-1", &[7; 60]));
    assert_eq!(over.refusal(), "FRAME-TOO-LARGE");
    fact(criterion, Fact::count("claimed", u64::from(u32::MAX), "bytes"));
    fact(criterion, Fact::count("peak-memory-growth", grown, "bytes"));
}

#[test]
fn a_frame_of_zero_length_is_refused() {
    let echo = Echo::start(&[]);
    let mut peer = echo.connect();
    peer.send(&[request("r-1", b"good"), vec![0; 4]].concat());
    assert_eq!(peer.frame(), reply("r-1", b"good"), "what came before it is answered");
    assert_eq!(peer.refusal(), "FRAME-EMPTY");
    drop(peer);
    classed("framing.zero-length", &echo, "zero-length", "FRAME-EMPTY");
}

#[test]
fn a_whole_frame_that_is_no_request_is_refused() {
    let criterion = "framing.malformed-message";
    let echo = Echo::start(&[]);
    let mut peer = echo.connect();
    // Kind 1 and an id that would forge a second log line.
    peer.send(b"\0\0\0\x08\x01\x04a\n{}!!");
    assert_eq!(peer.refusal(), "MESSAGE-MALFORMED");
    drop(peer);
    classed(criterion, &echo, "malformed-message", "MESSAGE-MALFORMED");
    let mut confused = echo.connect();
    confused.send(b"\0\0\0\x03\x02\x01x");
    assert_eq!(confused.refusal(), "MESSAGE-MALFORMED", "a reply is not a request");
}

#[test]
fn a_stranger_that_speaks_another_protocol_is_refused_and_changes_nothing() {
    let echo = Echo::start(&[]);
    let mut browser = Peer::connect(echo.address);
    browser.0.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    // "GET " is a length of 1.2 GB.
    assert_eq!(browser.refusal(), "FRAME-TOO-LARGE");
    drop(browser);
    classed("framing.another-protocol", &echo, "oversize", "FRAME-TOO-LARGE");
}
