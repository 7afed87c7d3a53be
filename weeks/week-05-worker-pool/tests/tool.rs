//! Claim: a `pool-server` that could not keep its promises does not start, and says why on one line with its code; each bound
//! of its arguments is allowed, and one past it is refused by name.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod wire;

use std::io::Write;

use faults::process::{Ended, Launch, Signal, Stream};

use wire::{Answer, DEADLINE, Server, answer, program, request};

/// A process that ends by itself, with its log out of the way unless `args` say where it goes.
fn runs_to_its_end(args: &[&str]) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    let mut launch = Launch::of(program()).args(args);
    if !args.contains(&"--log") {
        launch = launch.arg("--log").arg(dir.path().join("server.jsonl"));
    }
    launch.spawn().unwrap().wait_with_deadline(DEADLINE).unwrap()
}

/// The error line of a start that fails with this exit code and this code.
fn complaint(args: &[&str], exit: i32, code: &str) -> String {
    let ended = runs_to_its_end(args);
    let said = ended.stderr_text();
    assert_eq!(ended.code(), Some(exit), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{args:?}: one line is enough: {said}");
    assert!(said.starts_with(&format!("error[{code}]: ")), "{args:?}: {said}");
    said
}

#[test]
fn each_argument_beyond_its_bound_is_refused_by_name_with_exit_code_2() {
    for (args, code, named) in [
        (["--workers", "257"], "USAGE", "0..=256"),
        (["--workers", "9999"], "USAGE", "9999"),
        (["--rounds", "0"], "USAGE", "--rounds"),
        (["--queue", "0"], "POOL-CLASSES", "`queue_max` of class `short` is 0"),
        (["--queue", "65537"], "POOL-CLASSES", "1 to 65536"),
        (["--long-queue", "0"], "POOL-CLASSES", "`queue_max` of class `long` is 0"),
        (["--long-queue", "65537"], "POOL-CLASSES", "class `long`"),
        (["--budget", "0ms"], "USAGE", "--budget"),
        (["--budget", "60001ms"], "POOL-CLASSES", "`budget` of class `short`"),
        (["--finish", "0ms"], "USAGE", "--finish"),
        (["--service", "sleep"], "USAGE", "--service"),
        (["--health-port-file", "x"], "USAGE", "--health"),
        (["--wokers", "1"], "USAGE", "--wokers"),
    ] {
        let said = complaint(&[&["--listen", "127.0.0.1:0"], &args[..]].concat(), 2, code);
        assert!(said.contains(named), "{args:?}: {named:?} is not in {said}");
    }
    // Also where nobody would wait in a queue: the bounds are those of the classes, and not of the pool.
    complaint(&["--listen", "127.0.0.1:0", "--workers", "0", "--queue", "0"], 2, "POOL-CLASSES");
}

#[test]
fn every_argument_at_its_bound_is_served() {
    for args in [
        ["--workers", "256", "--queue", "1", "--budget", "60s"],
        ["--workers", "0", "--queue", "65536", "--budget", "1ms"],
        ["--workers", "1", "--long-queue", "65536", "--finish", "1ms"],
    ] {
        let mut server = Server::start(&[&args[..], &["--log-level", "error"]].concat());
        let client = server.connect();
        (&client).write_all(&request("hello", b"")).unwrap();
        assert_eq!(answer(&client), Answer::digest("hello", b""), "{args:?}");
        drop(client);
        server.terminate();
        let ended = server.wait_end();
        assert_eq!((ended.code(), ended.stderr_text().as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn what_the_system_refuses_ends_the_start_with_the_codes_of_the_weeks_before() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for workers in ["0", "2"] {
        for (args, exit, code) in [
            (["--listen", &taken, "--service", "hash"], 5, "ECHO-PORT-IN-USE"),
            (["--listen", "127.0.0.1:0", "--health", &taken], 5, "ECHO-PORT-IN-USE"),
            (["--listen", "127.0.0.1:0", "--port-file", "/nonexistent/port"], 4, "ECHO-PORT-FILE"),
            (["--listen", "127.0.0.1:0", "--outbound-cap", "10"], 2, "LOOP-BOUNDS"),
            (["--listen", "127.0.0.1:0", "--log", "/nonexistent/log"], 4, "LOG-NOT-FOUND"),
        ] {
            complaint(&[&["--workers", workers], &args[..]].concat(), exit, code);
        }
    }
}

#[test]
fn help_names_every_argument_of_the_pool_and_what_the_exit_codes_mean() {
    let ended = runs_to_its_end(&["--help"]);
    let said = ended.stdout_text();
    assert_eq!((ended.code(), ended.stderr_text().as_str()), (Some(0), ""));
    for word in
        ["--workers", "--service", "--rounds", "--queue", "--long-queue", "--budget", "--finish", "--health"]
    {
        assert!(said.contains(word), "{word} is not in:\n{said}");
    }
    assert!(said.contains("Exit code 0 then; 5 with the names"), "{said}");
}

#[test]
fn in_json_the_last_line_is_the_account_of_the_pool() {
    let launch = Launch::of(program()).args(["--listen", "127.0.0.1:0", "--log-level", "error", "--json"]);
    let mut process = launch.spawn().unwrap();
    process.wait_for_line(Stream::Stdout, |line| line.contains("listening"), DEADLINE).unwrap();
    process.signal(Signal::TERM).unwrap();
    let ended = process.wait_with_deadline(DEADLINE).unwrap();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr_text());
    let said = ended.stdout_text();
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    for name in ["accepted", "finished", "cancelled", "panicked", "unfinished", "refused"] {
        assert_eq!(last[name], 0, "{name} in {last}");
    }
}

#[test]
fn a_request_without_a_body_ends_with_its_budget_like_any_other() {
    // It would take hours, and there is nothing to hash between two questions to the budget.
    let server = Server::start(&["--workers", "1", "--rounds", "4294967295", "--budget", "20ms"]);
    let client = server.connect();
    (&client).write_all(&request("empty", b"")).unwrap();
    assert_eq!(answer(&client), Answer::refusal("empty", "POOL-BUDGET"));
    drop(client);
    let pool = server.stop();
    assert_eq!((pool.accepted, pool.cancelled), (1, 1));
}
