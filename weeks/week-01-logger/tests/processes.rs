//! Several processes, one log: nothing is torn, lost, doubled or out of order, whoever dies and whenever it rotates.
//!
//! These claims could be fooled by writers that happen to take turns. So there are more writers than processors, they
//! all run for many scheduler slices, and the rotating storm rotates often enough that every writer is surprised by
//! somebody else's rotation.

mod tool;

use faults::process::{Signal, Stream};
use tool::storm::Storm;
use tool::{CLOCK, DEADLINE, Folder, lines};

#[test]
fn eight_processes_of_which_one_is_killed_lose_and_tear_nothing() {
    let storm =
        Storm { writers: 8, records_each: 10_000, arguments: &[], kill_after: Some(4_000), followed: false };
    let account = storm.run(&Folder::new());
    assert!((4_000..=6_000).contains(&account.killed_at), "{} records before the kill", account.killed_at);
    // The victim may have been killed inside its write; then that one record is torn, closed, and reported.
    assert!(account.damage.len() <= 1, "{:?}", account.damage);
}

#[test]
fn records_survive_rotation_by_several_processes_and_a_follower_sees_each_once() {
    let arguments = &["--rotate-bytes", "65536", "--keep", "99"];
    let storm = Storm { writers: 4, records_each: 5_000, arguments, kill_after: None, followed: true };
    let folder = Folder::new();
    let account = storm.run(&folder);
    assert_eq!((account.stored, account.followed, account.damage.len()), (20_000, 20_000, 0));
    assert!(account.rotations > 30, "{} rotations are too few to surprise anybody", account.rotations);
    for name in folder.names() {
        assert!(folder.read(&name).len() <= 65_536, "{name}");
    }
}

#[test]
fn rotation_keeps_no_more_files_than_it_was_told_to() {
    let arguments = &["--rotate-bytes", "16384", "--keep", "3"];
    let folder = Folder::new();
    for _ in 0..2 {
        let input = lines(1_000, |n| format!("record {n}"));
        folder.feed(&[&["append", "app.log", "--stdin"][..], arguments].concat(), input).ok();
    }
    assert_eq!(folder.names().len(), 4, "{:?}", folder.names());
}

#[test]
fn a_sole_owner_keeps_every_other_writer_out_and_lets_readers_in() {
    let folder = Folder::new();
    let args = ["append", "app.log", "--stdin", "--sole", "--json", "--clock", CLOCK];
    let mut owner = folder.launch(args).stdin_open().spawn().unwrap();
    std::io::Write::write_all(owner.stdin().unwrap(), b"mine\n").unwrap();
    owner.wait_for_line(Stream::Stdout, |_| true, DEADLINE).unwrap();
    assert_eq!(folder.run(["search", "app.log", "--contains", "mine", "--count"]).ok(), "1\n");
    let refused = folder.run(["append", "app.log", "--msg", "intruder", "--lock-wait", "100ms"]);
    assert_eq!(refused.exit, 5);
    assert!(
        refused.stderr.starts_with("error[LOG-BUSY]: `app.log` was locked by another process"),
        "{}",
        refused.stderr
    );
    owner.kill().unwrap();
    folder.run(["append", "app.log", "--msg", "heir"]).ok();
    assert_eq!(folder.run(["search", "app.log", "--count"]).ok(), "2\n");
}

#[test]
fn a_follower_ends_at_its_deadline_or_when_it_is_asked_to() {
    let folder = Folder::with_three_records();
    let timed = folder.run(["read", "app.log", "--follow", "--for", "50ms"]).ok();
    assert_eq!(timed.lines().count(), 3);
    for signal in [Signal::INT, Signal::TERM] {
        let mut follower = folder.launch(["read", "app.log", "--follow"]).spawn().unwrap();
        follower.wait_for_line(Stream::Stdout, |line| line.contains("line one"), DEADLINE).unwrap();
        folder.run(["append", "app.log", "--msg", "while followed"]).ok();
        follower.wait_for_line(Stream::Stdout, |line| line.contains("while followed"), DEADLINE).unwrap();
        follower.signal(signal).unwrap();
        let ended = follower.wait_with_deadline(DEADLINE).unwrap();
        assert_eq!((ended.code(), ended.stderr_text().as_str()), (Some(0), ""), "{signal:?}");
        std::fs::write(folder.file("app.log"), tool::fixture("three-records.log")).unwrap();
    }
}

#[test]
fn a_follower_says_when_files_were_gone_before_it_could_read_them() {
    let folder = Folder::new();
    folder.append_lines(&lines(40, |n| format!("record {n}")), &["--rotate-bytes", "1024", "--keep", "99"]);
    let mut follower = folder.launch(["read", "app.log", "--follow"]).spawn().unwrap();
    follower.wait_for_line(Stream::Stdout, |line| line.contains("record 39"), DEADLINE).unwrap();
    // Frozen while the log rotates on, with only one archive kept.
    follower.stop(DEADLINE).unwrap();
    folder.append_lines(&lines(60, |n| format!("later {n}")), &["--rotate-bytes", "1024", "--keep", "1"]);
    follower.resume(DEADLINE).unwrap();
    follower.wait_for_line(Stream::Stdout, |line| line.contains("later 59"), DEADLINE).unwrap();
    follower.signal(Signal::INT).unwrap();
    let ended = follower.wait_with_deadline(DEADLINE).unwrap();
    let said = ended.stderr_text();
    assert!(said.starts_with("warning[LOG-FOLLOW-GAP]: `app.log` lost "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn output_that_nobody_reads_any_more_ends_the_tool_quietly() {
    let folder = Folder::new();
    folder.append_lines(&lines(20_000, |n| format!("record {n}")), &[]);
    let command = format!("'{}' read app.log | head -n 1", env!("CARGO_BIN_EXE_eventlog"));
    let shell = faults::process::Launch::of("/bin/sh").args(["-c", &command]).dir(folder.path());
    let ran = tool::finish(shell.spawn().unwrap());
    assert_eq!(ran.ok(), "2026-01-01T00:00:00.000000Z INFO  local record 0\n");
}

#[test]
fn a_follower_goes_on_after_the_log_was_emptied_in_place() {
    let folder = Folder::with_three_records();
    let mut follower = folder.launch(["read", "app.log", "--follow"]).spawn().unwrap();
    follower.wait_for_line(Stream::Stdout, |line| line.contains("line one"), DEADLINE).unwrap();
    folder.write("app.log", "");
    folder.run(["append", "app.log", "--msg", "anew"]).ok();
    follower.wait_for_line(Stream::Stdout, |line| line.ends_with("anew"), DEADLINE).unwrap();
    follower.signal(Signal::INT).unwrap();
    let ended = follower.wait_with_deadline(DEADLINE).unwrap();
    assert!(ended.stderr_text().starts_with("warning[LOG-FOLLOW-GAP]: "), "{}", ended.stderr_text());
}

#[test]
fn a_torn_tail_is_closed_without_passing_the_size_limit() {
    let folder = Folder::new();
    let record = folder.run(["append", "one.log", "--msg", "x", "--clock", CLOCK]);
    assert_eq!(record.exit, 0);
    let bytes = folder.read("one.log").len();
    // With the newline that closes the fragment, the record would make the file one byte too large.
    folder.write("app.log", "torn");
    let limit = (4 + bytes).to_string();
    folder.run(["append", "app.log", "--msg", "x", "--clock", CLOCK, "--rotate-bytes", &limit]).ok();
    assert_eq!((folder.read("app.log.000001").as_str(), folder.read("app.log").len()), ("torn", bytes));
}

#[test]
fn things_that_only_have_a_name_are_no_logs() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let _socket = std::os::unix::net::UnixListener::bind(folder.file("socket")).unwrap();
    symlink("elsewhere", folder.file("link")).unwrap();
    symlink("/dev/full", folder.file("device")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.file("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    for name in ["socket", "link", "device", "fifo"] {
        let ran = folder.run(["append", name, "--msg", "x"]);
        assert_eq!(ran.exit, 4, "{name}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("error[LOG-NOT-A-FILE]: "), "{name}: {}", ran.stderr);
    }
    assert!(!folder.file("elsewhere").exists(), "a record went where a symbolic link pointed");
}
