//! The gate of week 2. Claim: no failure of the peer or of the network crashes a tool, and each is reported under the
//! class that names it.
//!
//! Every test runs the real `echo-server` process and talks to it over real sockets. Each one asserts three things:
//! the class in the server's log (and, where the server tells it, the code that the peer receives), that the next
//! request is answered, and that no descriptor is left behind. How this gate could be fooled: by a server that is
//! restarted in between (there is none: one process a test), by a class that is always logged (so each test counts that
//! class exactly), by a peer that shares the library's mistakes (so the peer writes its bytes by hand).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod echo;

use std::io::{Read, Write};
use std::time::Duration;

use echo::{DEADLINE, Echo, Peer, assert_exit, client, client_launch, records, reply, request, wait_until};
use evidence::Fact;
use evidence::run::fact;
use faults::counters;
use faults::process::Signal;
use faults::proxy::{Direction, Proxy, Toxic};

/// What every failure test ends with: the class was logged once, and the server is as it was.
fn classed(criterion: &str, echo: &Echo, class: &str, code: &str) {
    let record = echo.wait_for_close(class);
    assert_eq!(record.error_code.as_deref().unwrap_or(""), code);
    let fds = echo.assert_survived();
    assert_eq!(echo.closes(class), 1, "one close, one record");
    fact(criterion, Fact::text("class", class));
    fact(criterion, Fact::text("code", code));
    fact(criterion, Fact::count("descriptors-before-and-after", fds, ""));
}

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
fn a_peer_that_trickles_a_frame_is_closed_by_the_read_deadline() {
    let criterion = "framing.slow-peer";
    let echo = Echo::start(&["--read-timeout", "250ms", "--idle-timeout", "60s"]);
    let mut peer = echo.connect();
    // A byte every ten milliseconds for three seconds: always alive, never done.
    let mut listener = peer.0.try_clone().unwrap();
    let heard = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = listener.read_to_end(&mut bytes);
        bytes
    });
    let slow = request("slow", &[0; 1000]);
    let sent = slow[..300].iter().take_while(|byte| {
        std::thread::sleep(Duration::from_millis(10));
        peer.0.write_all(&[**byte]).is_ok() && !heard.is_finished()
    });
    let sent = sent.count();
    assert!(sent < 300, "300 bytes in three seconds, and the server still waits");
    drop(peer);
    let told = heard.join().unwrap();
    assert!(told.ends_with(b"ECHO-READ-TIMEOUT"), "the peer is told why: {told:?}");
    classed(criterion, &echo, "read-timeout", "ECHO-READ-TIMEOUT");
    fact(criterion, Fact::count("bytes-before-the-deadline", sent as u64, "bytes"));
}

#[test]
fn a_silent_peer_is_closed_by_the_idle_deadline() {
    let echo = Echo::start(&["--idle-timeout", "250ms", "--read-timeout", "60s"]);
    let mut peer = echo.connect();
    peer.send(&request("r-1", b"once"));
    assert_eq!(peer.frame(), reply("r-1", b"once"));
    assert_eq!(peer.refusal(), "ECHO-IDLE-TIMEOUT", "silence after a request is idle, not slow");
    drop(peer);
    classed("framing.idle-peer", &echo, "idle-timeout", "ECHO-IDLE-TIMEOUT");
}

#[test]
fn a_peer_that_takes_no_answer_is_closed_by_the_write_deadline() {
    let echo = Echo::start(&["--write-timeout", "250ms", "--limit", "16777216"]);
    let mut peer = echo.connect();
    peer.send(&request("deaf", &vec![0; 12 << 20]));
    classed("framing.deaf-peer", &echo, "write-timeout", "ECHO-WRITE-TIMEOUT");
    drop(peer);
}

#[test]
fn a_disconnect_in_the_middle_of_a_frame_is_named_by_both_sides_and_retried() {
    let criterion = "framing.disconnect-mid-frame";
    let echo = Echo::start(&[]);
    let proxy = Proxy::to(echo.address).start().unwrap();
    proxy.add(Direction::Upstream, Toxic::LimitData { bytes: 500 });
    let log = echo.dir.path().join("client.jsonl");
    let args = ["--size", "1000", "--request-id", "cut", "--attempts", "100", "--backoff", "20ms"];
    let mut asking = client_launch(proxy.address(), &log, &args).spawn().unwrap();
    proxy.wait_for("a cut connection", DEADLINE, |counts| counts.upstream.limited > 0).unwrap();
    proxy.heal();
    let ended = asking.wait_with_deadline(DEADLINE).unwrap();
    assert_exit(&ended, 0);

    let timeline = records(&log);
    let (last, failed) = timeline.split_last().unwrap();
    assert_eq!((last.result(), last.request_id.as_deref()), ("ok", Some("cut")));
    assert!(!failed.is_empty());
    for attempt in failed {
        assert!(["disconnected", "reset"].contains(&attempt.result()), "{attempt:?}");
    }
    let cut = echo.wait_for_close("truncated-payload");
    assert_eq!(cut.error_code.as_deref(), Some("FRAME-TRUNCATED"));
    assert!(cut.msg.contains("after 496 of 1005 payload bytes"), "{}", cut.msg);
    echo.assert_survived();
    assert_eq!(echo.closes("truncated-payload") as u64, proxy.counts().upstream.limited);
    fact(criterion, Fact::text("class-at-the-server", "truncated-payload"));
    fact(criterion, Fact::text("class-at-the-client", failed[0].result()));
    fact(criterion, Fact::count("attempts-until-healed", timeline.len() as u64, ""));
}

#[test]
fn a_reset_is_named_as_a_reset() {
    let echo = Echo::start(&[]);
    let mut peer = echo.connect();
    peer.send(&request("r-1", b"hello")[..6]);
    peer.reset();
    classed("framing.reset", &echo, "peer-reset", "ECHO-RESET");
}

#[test]
fn a_server_that_is_down_is_asked_a_bounded_number_of_times() {
    let criterion = "framing.server-down";
    let mut echo = Echo::start(&[]);
    let address = echo.address;
    assert_eq!(echo.stop(Signal::TERM).code(), Some(0));

    let log = echo.dir.path().join("client.jsonl");
    let args =
        ["--message", "hi", "--request-id", "nobody", "--attempts", "4", "--backoff", "20ms", "--seed", "7"];
    let ended = client(address, &log, &args);
    assert_exit(&ended, 5);
    assert!(ended.stderr_text().starts_with("error[ECHO-CONNECT-REFUSED]: "), "{}", ended.stderr_text());
    assert!(ended.stdout.is_empty());
    let timeline = records(&log);
    assert_eq!(timeline.len(), 4, "one record an attempt: {timeline:#?}");
    for (at, attempt) in timeline.iter().enumerate() {
        let number = at + 1;
        assert!(attempt.msg.starts_with(&format!("attempt {number} of 4 failed: ")), "{}", attempt.msg);
        assert_eq!((attempt.result(), attempt.request_id.as_deref()), ("connect-refused", Some("nobody")));
        assert_eq!(attempt.msg.contains("stop: attempts-spent"), number == 4, "{}", attempt.msg);
    }
    assert!(timeline.windows(2).all(|pair| pair[0].latency_ms < pair[1].latency_ms), "time goes on");

    // The outage ends while a patient client is still trying.
    let patient = ["--message", "hi", "--attempts", "100", "--backoff", "20ms", "--backoff-cap", "50ms"];
    let patient_log = echo.dir.path().join("patient.jsonl");
    let mut asking = client_launch(address, &patient_log, &patient).spawn().unwrap();
    wait_until("a failed attempt", || records(&patient_log).first().cloned());
    let back = Echo::at(&address.to_string(), &[]);
    let ended = asking.wait_with_deadline(DEADLINE).unwrap();
    assert_exit(&ended, 0);
    assert_eq!(ended.stdout_text(), "hi\n");
    back.assert_survived();
    fact(criterion, Fact::count("attempts", 4, ""));
    fact(criterion, Fact::count("exit-code", 5, ""));
    fact(
        criterion,
        Fact::count(
            "failed-attempts-before-the-server-came-back",
            records(&patient_log).len() as u64 - 1,
            "",
        ),
    );
}

#[test]
fn a_final_failure_is_not_tried_again() {
    let criterion = "framing.final-failure";
    let echo = Echo::start(&["--limit", "1000"]);
    let log = echo.dir.path().join("client.jsonl");
    let ended = client(echo.address, &log, &["--size", "2000", "--attempts", "5", "--backoff", "1ms"]);
    assert_exit(&ended, 7);
    assert!(ended.stderr_text().starts_with("error[ECHO-REQUEST-REFUSED]: "), "{}", ended.stderr_text());
    let timeline = records(&log);
    assert_eq!(timeline.len(), 1, "{timeline:#?}");
    assert!(
        timeline[0].msg.ends_with("the server refused: FRAME-TOO-LARGE; stop: final-failure"),
        "{timeline:?}"
    );
    classed(criterion, &echo, "oversize", "FRAME-TOO-LARGE");
    fact(criterion, Fact::count("attempts", 1, ""));
}

#[test]
fn one_connection_too_many_is_told_so_and_the_others_are_served() {
    let echo = Echo::start(&["--connections", "2"]);
    let mut held = [echo.connect(), echo.connect()];
    for peer in &mut held {
        peer.send(&request("held", b""));
        assert_eq!(peer.frame(), reply("held", b""));
    }
    assert_eq!(echo.connect().refusal(), "ECHO-BUSY");
    for peer in &mut held {
        peer.send(&request("held", b"again"));
        assert_eq!(peer.frame(), reply("held", b"again"));
    }
    drop(held);
    wait_until("both places to be free", || (echo.closes("peer-finished") == 2).then_some(()));
    classed("framing.busy", &echo, "busy", "ECHO-BUSY");
}

#[test]
fn a_busy_port_ends_the_start_with_its_own_code_and_the_address() {
    let criterion = "framing.port-in-use";
    let echo = Echo::start(&[]);
    let dir = tempfile::tempdir().unwrap();
    let address = echo.address.to_string();
    let port_file = dir.path().join("port");
    let mut second =
        Echo::launch(&address, dir.path(), &[]).arg("--port-file").arg(&port_file).spawn().unwrap();
    let ended = second.wait_with_deadline(DEADLINE).unwrap();
    let stderr = ended.stderr_text();
    assert_eq!(ended.code(), Some(5), "{stderr}");
    assert!(
        stderr.starts_with(&format!("error[ECHO-PORT-IN-USE]: {address} is already in use; ")),
        "{stderr}"
    );
    assert!(ended.stdout.is_empty(), "no address is announced that is not ours");
    assert!(!port_file.exists());
    let failed = records(&dir.path().join("server.jsonl"));
    assert_eq!(failed.last().unwrap().error_code.as_deref(), Some("ECHO-PORT-IN-USE"));
    echo.assert_survived();
    fact(criterion, Fact::count("exit-code", 5, ""));
    fact(criterion, Fact::text("code", "ECHO-PORT-IN-USE"));
}

#[test]
fn a_request_id_is_found_in_the_logs_of_both_processes() {
    let criterion = "framing.request-id";
    let echo = Echo::start(&[]);
    let log = echo.dir.path().join("client.jsonl");
    assert_exit(&client(echo.address, &log, &["--message", "hi", "--request-id", "given.id-1"]), 0);
    assert_exit(&client(echo.address, &log, &["--size", "5000", "--count", "20", "--seed", "3"]), 0);
    wait_until("21 answers in the server's log", || {
        (echo.records().iter().filter(|record| record.msg.starts_with("answered ")).count() == 21)
            .then_some(())
    });
    let ids = |records: Vec<echo::Record>| -> Vec<String> {
        records.into_iter().filter_map(|record| record.request_id).collect()
    };
    let (asked, answered) = (ids(records(&log)), ids(echo.records()));
    assert_eq!(asked.len(), 21);
    assert_eq!(asked[0], "given.id-1");
    assert_eq!(asked, answered, "the same ids, in the same order, once each");
    echo.assert_survived();
    fact(criterion, Fact::count("requests", 21, ""));
    fact(criterion, Fact::text("an-id", &asked[1]));
}

#[test]
fn a_signal_lets_begun_frames_finish_and_tells_the_quiet_ones() {
    let criterion = "framing.clean-stop";
    let mut echo = Echo::start(&["--drain", "8s"]);
    let mut busy = echo.connect();
    let mut quiet = echo.connect();
    let whole = request("late", b"finished during the drain");
    busy.send(&whole[..10]);
    // The later connection is answered, so the earlier one was accepted.
    quiet.send(&request("r-1", b"x"));
    quiet.frame();
    // The ten bytes are in the server's kernel by now, and what has arrived counts as begun, read or not.
    echo.process.signal(Signal::TERM).unwrap();
    assert_eq!(quiet.refusal(), "ECHO-STOPPING");
    assert!(std::net::TcpStream::connect(echo.address).is_err(), "the port is free again");
    busy.hears_nothing();
    busy.send(&whole[10..]);
    assert_eq!(busy.frame(), reply("late", b"finished during the drain"));
    assert_eq!(busy.refusal(), "ECHO-STOPPING");
    drop((quiet, busy));
    let ended = echo.process.wait_with_deadline(DEADLINE).unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr_text());
    assert_eq!(ended.stdout_text().lines().last(), Some("stopped after 2 connections"));
    assert_eq!(echo.closes("stopping"), 2);
    let last = echo.records().pop().unwrap();
    assert!(last.msg.starts_with("stopped: 2 connections accepted, 0 abandoned"), "{}", last.msg);
    fact(criterion, Fact::count("answered-during-the-drain", 1, ""));
    fact(criterion, Fact::count("told-to-come-back", 2, ""));
    fact(criterion, Fact::count("exit-code", 0, ""));
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
