//! Both tools refuse what they cannot do before they do anything, with a code and its exit; and say what became of a call.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "../../week-03-event-loop/tests/wire/mod.rs"]
mod wire;

use std::path::Path;

use backpressure::POLICY_DEFAULT;
use faults::process::{Ended, Launch};

use wire::{DEADLINE, Server};

fn server(args: &[&str]) -> Ended {
    let launch =
        Launch::of(env!("CARGO_BIN_EXE_guarded-server")).args(["--listen", "127.0.0.1:0"]).args(args);
    launch.spawn().unwrap().wait_with_deadline(DEADLINE).unwrap()
}

fn call(args: &[&str]) -> Ended {
    Launch::of(env!("CARGO_BIN_EXE_guarded-call"))
        .args(args)
        .spawn()
        .unwrap()
        .wait_with_deadline(DEADLINE)
        .unwrap()
}

fn running(args: &[&str]) -> Server {
    Server::start_program(env!("CARGO_BIN_EXE_guarded-server").into(), args)
}

fn assert_refused(ended: &Ended, exit: i32, code: &str, words: &str) {
    let said = ended.stderr_text();
    assert!(said.contains(&format!("error[{code}]: ")) && said.contains(words), "{code}, {words}: {said}");
    assert_eq!(ended.code(), Some(exit), "{said}");
    assert!(ended.stdout.is_empty(), "no address is announced that is not served");
}

#[test]
fn a_number_out_of_its_range_ends_the_start_with_its_name() {
    for (args, code, words) in [
        (&["--egress-rate", "0"][..], "LIMIT-OUT-OF-RANGE", "egress rate"),
        (&["--egress-burst", "0"], "LIMIT-OUT-OF-RANGE", "egress burst"),
        (&["--egress-backlog", "1048643"], "LIMIT-OUT-OF-RANGE", "1048644"),
        (&["--egress-backlog", "1073741825"], "LIMIT-OUT-OF-RANGE", "1073741824"),
        (&["--progress-bytes", "0"], "LIMIT-OUT-OF-RANGE", "least progress"),
        (&["--progress-window", "11m"], "LIMIT-OUT-OF-RANGE", "window"),
        (&["--default-budget", "61s"], "LIMIT-OUT-OF-RANGE", "budget"),
        (&["--workers", "0"], "POOL-CLASSES", "workers"),
        (&["--source-connections", "0"], "USAGE", "--source-connections"),
        (&["--source-in-flight", "0"], "USAGE", "--source-in-flight"),
        (&["--body-rate", "0"], "USAGE", "--body-rate"),
        (&["--header-timeout", "0s"], "USAGE", "--header-timeout"),
        (&["--ladder", "up"], "USAGE", "--ladder"),
    ] {
        assert_refused(&server(args), 2, code, words);
    }
}

#[test]
fn the_bounds_themselves_start() {
    running(&["--egress-backlog", "1048644", "--default-budget", "60s", "--progress-window", "10m"]).stop();
    running(&["--egress-backlog", "1073741824", "--default-budget", "1ms", "--metrics-every", "60m"]).stop();
}

fn with_policy(dir: &Path, text: &str) -> Ended {
    let file = dir.join("policy.yaml");
    std::fs::write(&file, text).unwrap();
    server(&["--policy", file.to_str().unwrap()])
}

#[test]
fn a_policy_that_is_missing_or_contradicts_itself_ends_the_start_under_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.yaml");
    assert_refused(&server(&["--policy", missing.to_str().unwrap()]), 4, "POLICY-FILE", "missing.yaml");
    assert_refused(&with_policy(dir.path(), "shed: {}"), 2, "POLICY-INVALID", "the policy cannot be read");
    let upside_down =
        POLICY_DEFAULT.replacen("age_ms: { enter: 20, leave: 10 }", "age_ms: { enter: 20, leave: 20 }", 1);
    assert_refused(&with_policy(dir.path(), &upside_down), 2, "POLICY-INVALID", "shed.age_ms.leave");
    let unknown = format!("{POLICY_DEFAULT}\nextra: 1\n");
    assert_refused(&with_policy(dir.path(), &unknown), 2, "POLICY-INVALID", "extra");
}

#[test]
fn a_call_says_in_one_line_what_became_of_it() {
    let server = running(&["--workers", "1", "--rounds", "20000", "--budget", "5s"]);
    let address = server.address.to_string();
    let to = ["--server", &address, "--message", "x", "--request-id", "r-1"];
    let answered = call(&to);
    assert_eq!(
        (answered.code(), answered.stdout_text().as_str()),
        (Some(0), "r-1: answered, 32 bytes, attempt 1\n")
    );
    let expired = call(&[&to[..], &["--budget", "1ms"]].concat());
    let line = "r-1: expired DEADLINE-EXPIRED, retry after 0 ms, attempt 1\n";
    assert_eq!((expired.code(), expired.stdout_text().as_str()), (Some(7), line));
    assert!(
        expired.stderr_text().starts_with("error[DEADLINE-EXPIRED]: call r-1: "),
        "{}",
        expired.stderr_text()
    );
    let json = call(&[&to[..], &["--budget", "1ms", "--json"]].concat()).stdout_text();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["result"], &json["error_code"]), (&"expired".into(), &"DEADLINE-EXPIRED".into()));
    server.stop();
}

#[test]
fn a_call_that_is_deferred_comes_back_and_is_served() {
    // A queue of one, and a tenth of a second of work in front of it: the third of three at once is turned away.
    let server = running(&["--workers", "1", "--rounds", "60000", "--budget", "5s", "--queue", "1"]);
    let address = server.address.to_string();
    let to = ["--server", &address, "--message", "x", "--budget", "20s"];
    let at_once = call(&[&to[..], &["--count", "5", "--at-once"]].concat());
    assert_eq!(at_once.code(), Some(7));
    assert!(
        at_once.stdout_text().contains("deferred POOL-FULL, retry after 500 ms, attempt 1"),
        "{}",
        at_once.stdout_text()
    );
    let patient = call(&[&to[..], &["--count", "3", "--attempts", "5"]].concat());
    assert_eq!(patient.code(), Some(0), "{}", patient.stdout_text());
    server.stop();
}

#[test]
fn a_caller_that_cannot_ask_says_why() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = call(&["--server", &nobody, "--message", "x"]);
    assert_refused(&ended, 5, "ECHO-CONNECT-REFUSED", "connecting");
    for (args, words) in [
        (&["--message", "x", "--budget", "61s"][..], "61000"),
        (&["--message", "x", "--size", "3"], "--message"),
        (&["--message", "x", "--count", "0"], "--count"),
        (&[], "missing"),
    ] {
        assert_eq!(call(args).code(), Some(2), "{words}");
        assert!(call(args).stderr_text().contains(words), "{}", call(args).stderr_text());
    }
}
