//! A client that asks for more than its rate: held to it, and closed when it never catches up or too much waits for it.

use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

use evidence::Fact;
use evidence::run::fact;

use crate::guarded::{Guarded, ask, hear, hear_replies, ordinary};
use crate::wire::{frame, reply, request};

const RATE: usize = 20_000;
const BURST: usize = 10_000;
/// The body of each request, and of its answer.
const BODY: [u8; 991] = [7; 991];
/// The bytes of each answer, with its header and its id: ten are a burst.
const FRAME_BYTES: usize = 1000;

/// Asks so often for [`FRAME_BYTES`].
fn ask_for(mut stream: &TcpStream, answers: usize) {
    let asked: Vec<Vec<u8>> = (0..answers).map(|number| request(&format!("{number:03}"), &BODY)).collect();
    stream.write_all(&asked.concat()).unwrap();
}

/// Reads answers until the server refuses the connection, or there are enough. At no moment may there have been more of
/// them than the burst and the rate since `began` allow. That is a bound on bytes: a slow machine only widens it.
fn read_within_rate(stream: &TcpStream, most: usize, began: Instant) -> (usize, Option<String>) {
    for number in 0..most {
        let payload = frame(stream);
        if payload[..2] == [3, 0] {
            return (number, Some(String::from_utf8(payload[2..].to_vec()).unwrap()));
        }
        assert!(payload == reply(&format!("{number:03}"), &BODY), "answer {number} in its order");
        let (bytes, allowed) = ((number + 1) * FRAME_BYTES, began.elapsed().as_secs_f64() * RATE as f64);
        assert!(bytes as f64 <= BURST as f64 + allowed, "{bytes} bytes, where the rate allows {allowed}");
    }
    (most, None)
}

/// Beyond the burst, and within what the rate makes good in time.
const WITHIN: usize = 30;
/// More than the rate makes good before the patience ends, and less than may wait.
const TOO_MANY: usize = 400;

#[test]
fn a_client_is_throttled_to_its_rate_then_closed_by_rule() {
    let criterion = "backpressure.egress-throttle";
    let (rate, burst) = (RATE.to_string(), BURST.to_string());
    let limits = ["--egress-rate", &rate, "--egress-burst", &burst, "--throttled-max", "3s"];
    let echo = ["--service", "echo", "--log-level", "info", "--metrics-every", "50ms"];
    let guarded = Guarded::without_ladder(&[&limits[..], &echo].concat());
    let began = Instant::now();
    let patient = guarded.connect();
    ask_for(&patient, WITHIN);
    assert_eq!(read_within_rate(&patient, WITHIN, began), (WITHIN, None), "throttled, and nothing is lost");
    guarded.wait_for("throttled=1");

    let began = Instant::now();
    let greedy = guarded.connect();
    ask_for(&greedy, TOO_MANY);
    let (before, closed) = read_within_rate(&greedy, TOO_MANY, began);
    assert_eq!(closed.as_deref(), Some("EGRESS-EXHAUSTED"), "after {before} answers");
    assert!(before >= BURST / FRAME_BYTES, "the burst leaves before anything else");
    let close = guarded.server.wait_for_close("egress-throttled");
    assert_eq!(close["error_code"], "EGRESS-EXHAUSTED");
    ask_for(&patient, 1);
    assert_eq!(read_within_rate(&patient, 1, began).0, 1, "whoever caught up is served as before");
    drop((patient, greedy));
    let account = guarded.stop();
    assert_eq!((account.closed_by_rule, account.answered), (1, (WITHIN + before + 1) as u64));

    let made = beyond_the_cap();
    fact(criterion, Fact::count("rate", RATE as u64, "bytes/s"));
    fact(criterion, Fact::count("burst", BURST as u64, "bytes"));
    fact(criterion, Fact::count("answers-throttled-and-delivered", WITHIN as u64, ""));
    fact(criterion, Fact::count("answers-before-the-patience-ended", before as u64, ""));
    fact(criterion, Fact::count("answers-asked-for-then", TOO_MANY as u64, ""));
    fact(criterion, Fact::count("answers-asked-for-beyond-the-cap", made, ""));
}

/// Small requests with larger answers, and a bucket that lets one of them leave. They are under way before the first is
/// answered, since each takes its time, so that nothing but the cap can bound what waits. Returns how many there were.
fn beyond_the_cap() -> u64 {
    const CALLS: usize = 40;
    let slow = ["--workers", "1", "--rounds", "30000", "--budget", "60s", "--log-level", "info"];
    let limits = ["--egress-rate", "1", "--egress-burst", "1", "--limit", "1024", "--egress-backlog", "2048"];
    let guarded = Guarded::without_ladder(&[&slow[..], &limits].concat());
    let (greedy, other) = (guarded.connect(), guarded.connect());
    let calls: Vec<Vec<u8>> = (0..CALLS).map(|number| ordinary(&format!("n{number:02}"))).collect();
    (&greedy).write_all(&calls.concat()).unwrap();
    hear_replies(&greedy, ["n00".to_owned()]);
    let closed = hear(&greedy);
    assert_eq!((closed.id.as_str(), closed.what.as_str()), ("", "EGRESS-EXHAUSTED"));
    assert_eq!(guarded.server.wait_for_close("egress-cap")["error_code"], "EGRESS-EXHAUSTED");
    assert_eq!(ask(&other, "x", &ordinary("x")).what, "ok", "each client has its own bucket and its own cap");
    drop((greedy, other));
    let account = guarded.stop();
    assert_eq!((account.closed_by_rule, account.answered), (1, 2));
    CALLS as u64
}
