//! Claim: every start and stop in `fixtures/lifecycle.yaml` ends as its row says, run with real processes.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod echo;

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use echo::{DEADLINE, Echo, reply, request};
use faults::process::{Ended, Launch, Signal};
use framing::server::LINGER_MAX;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    scenario: String,
    given: String,
    then: String,
    exit: i32,
    code: String,
}

#[test]
fn every_start_and_stop_of_the_table_ends_as_its_row_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lifecycle.yaml");
    let rows: Vec<Row> = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(rows.len() >= 12, "{} rows", rows.len());
    for row in rows {
        println!("{}: {}", row.scenario, row.then);
        let ended = if row.then == "ends at once" { refused_start(&row.given) } else { full_life(&row) };
        let stderr = ended.stderr_text();
        assert_eq!(ended.code(), Some(row.exit), "{}: {stderr}", row.scenario);
        let complaint = stderr.lines().find(|line| line.starts_with("error["));
        match (row.code.as_str(), complaint) {
            ("", None) => {}
            ("", Some(line)) => panic!("{}: unexpected {line}", row.scenario),
            (code, Some(line)) => assert!(line.starts_with(&format!("error[{code}]: ")), "{line}"),
            (code, None) => panic!("{}: no {code} in {stderr:?}", row.scenario),
        }
    }
}

#[test]
fn a_server_that_was_stopped_for_longer_than_its_whole_drain_ends_in_order() {
    let mut echo = Echo::start(&["--drain", "300ms", "--write-timeout", "300ms"]);
    let [mut begun, mut later] = [echo.connect(), echo.connect()];
    begun.send(&request("b", b"never whole")[..7]);
    later.send(&request("r", b"by now the other one was accepted"));
    assert_eq!(later.frame(), reply("r", b"by now the other one was accepted"));
    drop(later);
    echo.wait_for_close("peer-finished");
    echo.process.signal(Signal::TERM).unwrap();
    echo::wait_until("the stop", || {
        echo.records().iter().find(|record| record.msg.starts_with("stopping")).map(drop)
    });
    echo.process.stop(DEADLINE).unwrap();
    // Not a wait for something to happen: that nothing happens for so long is the fault.
    std::thread::sleep(2 * Duration::from_millis(300) + 2 * LINGER_MAX);
    echo.process.resume(DEADLINE).unwrap();
    let ended = echo.process.wait_with_deadline(DEADLINE).unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr_text());
    assert_eq!(begun.refusal(), "ECHO-DRAIN-DEADLINE");
}

/// A start that fails.
fn refused_start(given: &str) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = holder.local_addr().unwrap().to_string();
    let missing = dir.path().join("missing").join("file");
    let plain = |address: &str, args: &[&str]| Echo::launch(address, dir.path(), args);
    let bare = |option: &str| {
        Launch::of(echo::server_program()).args(["--listen", "127.0.0.1:0"]).arg(option).arg(&missing)
    };
    let launch = match given {
        "busy port" => plain(&busy, &[]),
        // 192.0.2.0/24 is reserved for documentation (RFC 5737): no machine has it.
        "foreign address" => plain("192.0.2.1:0", &[]),
        "malformed address" => plain("localhost", &[]),
        "limit out of range" => plain("127.0.0.1:0", &["--limit", "16777217"]),
        "port file in a missing folder" => bare("--port-file"),
        "log in a missing folder" => bare("--log"),
        other => panic!("no such start: {other}"),
    };
    launch.spawn().unwrap().wait_with_deadline(DEADLINE).unwrap()
}

/// A start that succeeds, some life, and the signal that ends it.
fn full_life(row: &Row) -> Ended {
    let mut echo = match row.given.as_str() {
        "nothing" => Echo::start(&[]),
        "a port file" => {
            let dir = tempfile::tempdir().unwrap();
            let port_file = dir.path().join("port");
            let launch = Echo::launch("127.0.0.1:0", dir.path(), &[]).arg("--port-file").arg(&port_file);
            let echo = Echo::of(launch.spawn().unwrap(), dir);
            let told = echo::wait_until("the port file", || std::fs::read_to_string(&port_file).ok());
            assert_eq!(told, format!("{}\n", echo.address));
            echo
        }
        "short drain" => Echo::start(&["--drain", "100ms"]),
        "port of a killed server" => {
            let first = Echo::start(&[]);
            let (address, mut peer) = (first.address.to_string(), first.connect());
            peer.send(&request("r-1", b"x"));
            assert_eq!(peer.frame(), reply("r-1", b"x"));
            // Our side of the connection stays open, so the killed server's side cannot be gone without a trace.
            first.process.signal(Signal::KILL).unwrap();
            drop(first);
            Echo::at(&address, &[])
        }
        other => panic!("no such start: {other}"),
    };
    let (signal, life) = row.then.split_once(" while ").unwrap_or_else(|| panic!("{}", row.then));
    let signal = match signal {
        "SIGTERM" => Signal::TERM,
        "SIGINT" => Signal::INT,
        other => panic!("no such signal: {other}"),
    };
    if life == "no peer is connected" {
        echo.process.signal(signal).unwrap();
    } else {
        let class = stop_with_a_peer(&echo, signal, life);
        echo.wait_for_close(class);
        assert_eq!(echo.closes(class), 1);
    }
    let ended = echo.process.wait_with_deadline(DEADLINE).unwrap();
    assert!(
        ended.stdout_text().lines().last().unwrap().starts_with("stopped after "),
        "{}",
        ended.stdout_text()
    );
    let last = echo.records().pop().unwrap();
    assert!(last.msg.starts_with("stopped: ") && last.msg.ends_with(" 0 abandoned"), "{}", last.msg);
    ended
}

/// A peer in some state when the signal comes; returns the class that its connection must end with.
fn stop_with_a_peer(echo: &Echo, signal: Signal, life: &str) -> &'static str {
    let whole = request("half", b"and half");
    let mut peer = echo.connect();
    if life != "a peer is quiet" {
        peer.send(&whole[..7]);
    }
    // One exchange on a later connection: by then the server has accepted the first one.
    let mut later = echo.connect();
    later.send(&request("r-2", b"y"));
    assert_eq!(later.frame(), reply("r-2", b"y"));
    drop(later);
    echo.wait_for_close("peer-finished");
    echo.process.signal(signal).unwrap();
    match life {
        "a peer is quiet" => {
            assert_eq!(peer.refusal(), "ECHO-STOPPING");
            "stopping"
        }
        "a frame is half here and the rest comes" => {
            peer.send(&whole[7..]);
            assert_eq!(peer.frame(), reply("half", b"and half"));
            assert_eq!(peer.refusal(), "ECHO-STOPPING");
            "stopping"
        }
        "a frame is half here and the rest never comes" => {
            assert_eq!(peer.refusal(), "ECHO-DRAIN-DEADLINE");
            "drain-deadline"
        }
        other => panic!("no such life: {other}"),
    }
}
