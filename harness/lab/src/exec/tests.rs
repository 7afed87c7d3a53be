//! What the runner promises, held against real processes.

use super::*;

fn sh(script: &str) -> Command {
    let mut cmd = Command::new("sh");
    cmd.args(["-c", script]);
    cmd
}

/// True while a process with this pid is there and not a zombie.
fn alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')))
}

/// Waits for a killed process to be gone; the kernel takes a moment.
fn gone(pid: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while alive(pid) && Instant::now() < until {
        std::thread::yield_now();
    }
    !alive(pid)
}

#[test]
fn a_child_that_ends_is_reported_with_both_pipes_and_its_status() {
    let ran = run(&mut sh("echo out; echo err >&2; exit 3"), Duration::from_secs(60)).unwrap();
    assert_eq!(ran.status.code(), Some(3));
    assert_eq!(ran.stdout, b"out\n");
    assert_eq!(ran.stderr, b"err\n");
    assert!(!ran.timed_out);
    assert_eq!(ran.ending(), "exit status 3");
}

#[test]
fn the_deadline_ends_the_child_and_everything_below_it() {
    // The grandchild ignores the polite request and sits in a session of its own, beyond the process group.
    let script = "setsid sh -c 'trap \"\" TERM; echo $$; exec sleep 600' & wait";
    let mut pid = String::new();
    let ran =
        stream(&mut sh(script), Duration::from_millis(700), &mut |_, line| pid = line.to_owned()).unwrap();
    assert!(ran.timed_out);
    assert!(!ran.ok());
    assert!(!pid.is_empty(), "the grandchild never said its pid");
    assert!(gone(&pid), "process {pid} outlived the deadline");
}

#[test]
fn what_a_finished_child_left_running_is_swept_and_does_not_hold_the_pipes() {
    let ran = run(&mut sh("sleep 600 & echo $!"), Duration::from_secs(60)).unwrap();
    assert!(ran.ok());
    let pid = String::from_utf8(ran.stdout).unwrap();
    assert!(gone(&pid), "process {pid} was left behind");
}

#[test]
fn a_flood_of_output_is_bounded_and_its_end_is_kept() {
    let ran =
        run(&mut sh("head -c 40000000 /dev/zero; echo; echo the-end"), Duration::from_secs(60)).unwrap();
    assert!(ran.stdout.len() < 16 * 1024 * 1024, "{}", ran.stdout.len());
    assert!(ran.stdout.ends_with(b"the-end\n"));
}

#[test]
fn a_missing_program_is_a_coded_failure_that_names_it() {
    let failure = run(&mut Command::new("no-such-program-here"), Duration::from_secs(1)).unwrap_err();
    assert_eq!(failure.code.code, "LAB-NO-PROGRAM");
    assert!(failure.what.contains("no-such-program-here"), "{failure}");
}

#[test]
fn a_killed_child_says_which_signal() {
    let ran = run(&mut sh("kill -9 $$"), Duration::from_secs(60)).unwrap();
    assert_eq!(ran.ending(), "killed by signal 9");
}
