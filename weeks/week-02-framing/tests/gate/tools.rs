//! What the two programs do together: names for both sides, retries, ids, a start and a stop.

use evidence::Fact;
use evidence::run::fact;
use faults::process::Signal;
use faults::proxy::{Direction, Proxy, Toxic};

use crate::classed;
use crate::echo::{
    DEADLINE, Echo, Record, assert_exit, client, client_launch, records, reply, request, wait_until,
};

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
    let ids = |records: Vec<Record>| -> Vec<String> {
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
