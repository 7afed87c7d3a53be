//! Claims about processes under control, shown on real ones. How these tests could be fooled: a shell that is slow
//! to start looks like one that says nothing, so every wait is for a line and not for a time.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::time::Duration;

use faults::limits::Limits;
use faults::process::{Launch, Signal, Stream};
use faults::{FaultError, counters};

const LONG: Duration = Duration::from_secs(30);

fn sh(script: &str) -> Launch {
    Launch::of("/bin/sh").args(["-c", script])
}

/// Waits for something that the kernel does not announce.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + LONG;
    while !holds() {
        assert!(std::time::Instant::now() < until, "{what} did not come to hold");
        std::thread::yield_now();
    }
}

fn number_after(line: &str, word: &str) -> u32 {
    line.split_whitespace().skip_while(|w| *w != word).nth(1).unwrap().parse().unwrap()
}

fn gone(pid: u32) -> bool {
    matches!(counters::state_of(pid), Err(_) | Ok('Z'))
}

#[test]
fn exit_code_and_both_streams_come_back() {
    let mut process = sh("echo out; echo err >&2; exit 7").spawn().unwrap();
    let ended = process.wait_with_deadline(LONG).unwrap();
    assert_eq!(ended.code(), Some(7));
    assert_eq!((ended.stdout_text().as_str(), ended.stderr_text().as_str()), ("out\n", "err\n"));
    assert_eq!(ended.dropped_bytes, 0);
    // The answer does not change when it is asked for again.
    assert_eq!(process.wait_with_deadline(LONG).unwrap().code(), Some(7));
}

#[test]
fn more_input_and_output_than_a_pipe_holds_does_not_block_either_side() {
    let input: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut cat = Launch::of("cat").stdin(input.clone()).output_bytes_max(4 << 20).spawn().unwrap();
    let ended = cat.wait_with_deadline(LONG).unwrap();
    assert_eq!(ended.code(), Some(0));
    assert!(ended.stdout == input, "{} bytes came back of {}", ended.stdout.len(), input.len());
}

#[test]
fn output_beyond_the_bound_is_counted_and_the_latest_is_kept() {
    let mut process = sh("head -c 1000000 /dev/zero; echo the end").output_bytes_max(1000).spawn().unwrap();
    let ended = process.wait_with_deadline(LONG).unwrap();
    assert!(ended.stdout.len() <= 2000);
    assert!(ended.stdout.ends_with(b"the end\n"));
    assert_eq!(ended.dropped_bytes + ended.stdout.len() as u64, 1_000_008);
}

#[test]
fn input_that_nobody_reads_does_not_keep_the_end_away() {
    let mut process = sh("exit 3").stdin(vec![0; 1 << 20]).spawn().unwrap();
    assert_eq!(process.wait_with_deadline(LONG).unwrap().code(), Some(3));
}

#[test]
fn a_missed_deadline_repeats_stderr_and_leaves_the_process_alone() {
    let mut process = sh("echo working on it >&2; read line; exit 0").stdin_open().spawn().unwrap();
    process.wait_for_line(Stream::Stderr, |line| line == "working on it", LONG).unwrap();
    let error = process.wait_with_deadline(Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, FaultError::Deadline { .. }), "{error}");
    assert!(error.to_string().contains("working on it"), "{error}");
    process.close_stdin();
    assert_eq!(process.wait_with_deadline(LONG).unwrap().code(), Some(0));
}

#[test]
fn a_line_that_cannot_come_any_more_is_told_at_once_with_the_reason() {
    let process = sh("echo no such port >&2; exit 5").spawn().unwrap();
    let error = process.wait_for_line(Stream::Stdout, |_| true, LONG).unwrap_err().to_string();
    assert!(error.contains("exit status: 5") && error.contains("no such port"), "{error}");
}

#[test]
fn lines_are_handed_out_in_order_and_only_once() {
    let process = sh("echo one; echo two; echo three; read line").stdin_open().spawn().unwrap();
    assert_eq!(process.wait_for_line(Stream::Stdout, |line| line.starts_with('t'), LONG).unwrap(), "two");
    assert_eq!(process.wait_for_line(Stream::Stdout, |_| true, LONG).unwrap(), "three");
    assert!(process.wait_for_line(Stream::Stdout, |_| true, Duration::from_millis(1)).is_err());
    assert_eq!(process.said(Stream::Stdout), b"one\ntwo\nthree\n");
}

#[test]
fn a_polite_signal_reaches_the_handler_and_a_kill_needs_none() {
    let mut polite = sh("trap 'echo bye; exit 0' TERM; echo ready; while :; do read line || exit 9; done")
        .stdin_open()
        .spawn()
        .unwrap();
    polite.wait_for_line(Stream::Stdout, |line| line == "ready", LONG).unwrap();
    polite.signal(Signal::TERM).unwrap();
    // The shell runs the trap once `read` gives up.
    polite.close_stdin();
    let ended = polite.wait_with_deadline(LONG).unwrap();
    assert_eq!((ended.code(), ended.stdout_text().as_str()), (Some(0), "ready\nbye\n"));

    let deaf = sh("trap '' TERM INT; echo ready; read line").stdin_open().spawn().unwrap();
    deaf.wait_for_line(Stream::Stdout, |line| line == "ready", LONG).unwrap();
    deaf.signal(Signal::TERM).unwrap();
    assert!(deaf.is_running());
    assert_eq!(deaf.kill().unwrap().signal(), Some(9));
}

#[test]
fn a_stopped_process_answers_nothing_until_it_is_resumed() {
    use std::io::Write;
    let mut process = sh("echo ready; while read line; do echo $line; done").stdin_open().spawn().unwrap();
    process.wait_for_line(Stream::Stdout, |line| line == "ready", LONG).unwrap();
    process.stop(LONG).unwrap();
    assert_eq!(counters::state_of(process.pid()).unwrap(), 'T');
    process.stdin().unwrap().write_all(b"anybody there\n").unwrap();
    assert!(process.wait_for_line(Stream::Stdout, |_| true, Duration::from_millis(30)).is_err());
    process.resume(LONG).unwrap();
    let echoed = process.wait_for_line(Stream::Stdout, |_| true, LONG).unwrap();
    assert_eq!(echoed, "anybody there");
}

#[test]
fn dropping_kills_the_process_and_everything_in_its_group() {
    let process = sh("sleep 600 & echo child $!; sleep 600").spawn().unwrap();
    let line = process.wait_for_line(Stream::Stdout, |line| line.starts_with("child"), LONG).unwrap();
    let (leader, child) = (process.pid(), number_after(&line, "child"));
    assert!(!gone(leader) && !gone(child));
    drop(process);
    eventually("the end of the leader and its child", || gone(leader) && gone(child));
}

#[test]
fn what_the_leader_leaves_behind_is_killed_when_it_ends() {
    let mut process = sh("sleep 600 & echo child $!").spawn().unwrap();
    let ended = process.wait_with_deadline(LONG).unwrap();
    assert_eq!(ended.code(), Some(0));
    let child = number_after(&ended.stdout_text(), "child");
    eventually("the end of the child", || gone(child));
}

#[test]
fn a_process_that_left_the_group_is_not_touched_and_does_not_hold_us_up() {
    // It keeps our pipe open, so reading to the end would take as long as it lives.
    let process = sh("setsid sh -c 'echo stranger $$; exec sleep 60' & sleep 600").spawn().unwrap();
    let line = process.wait_for_line(Stream::Stdout, |line| line.starts_with("stranger"), LONG).unwrap();
    let stranger = number_after(&line, "stranger");
    process.kill().unwrap();
    let survived = !gone(stranger);
    let pid = rustix::process::Pid::from_raw(stranger.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    assert!(survived, "it left our group, so it was not ours to kill");
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let error = Launch::of("/nowhere/echo-server").spawn().unwrap_err().to_string();
    assert!(error.contains("/nowhere/echo-server"), "{error}");
    let error = Launch::of("/nowhere/echo-server").limits(Limits::none().open_files(16)).spawn();
    assert!(matches!(error, Err(FaultError::Start { .. })), "a limited start must fail as a plain one does");
}

#[test]
fn a_harness_that_is_killed_takes_its_children_with_it() {
    let me = std::env::current_exe().unwrap();
    let owner = me.ancestors().nth(2).unwrap().join("examples/owner");
    for signal in [Signal::KILL, Signal::INT] {
        let mut owner = Launch::of(&owner).spawn().unwrap();
        let kept = owner.wait_for_line(Stream::Stdout, |line| line.starts_with("kept"), LONG).unwrap();
        let pids = [number_after(&kept, "kept"), number_after(&kept, "and")];
        let ended = owner.wait_for_line(Stream::Stdout, |line| line.starts_with("ended"), LONG).unwrap();
        assert!(pids.iter().all(|pid| !gone(*pid)));
        owner.signal(signal).unwrap();
        assert_eq!(owner.wait_with_deadline(LONG).unwrap().signal(), Some(signal.as_raw()));
        eventually("the end of what it left", || pids.iter().all(|pid| gone(*pid)));
        assert!(gone(number_after(&ended, "ended")));
    }
}
