//! Limits bite from the first instruction, for root too. How these tests could be fooled: a limit that is set after
//! the program started would pass on a slow program, so the program under test is one that acts at once.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use faults::limits::Limits;
use faults::process::{Ended, Launch};

fn run(launch: Launch) -> Ended {
    // Messages in the language that the tests expect.
    launch.env("LC_ALL", "C").spawn().unwrap().wait_with_deadline(Duration::from_secs(30)).unwrap()
}

#[test]
fn a_file_may_grow_to_its_limit_and_not_a_byte_further() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let dd = |path: &std::path::Path| {
        Launch::of("dd").args(["if=/dev/zero", "bs=300", "count=10"]).arg(format!("of={}", path.display()))
    };
    let ended = run(dd(&path).limits(Limits::none().file_size_bytes(1000)));
    assert_eq!(ended.signal(), None, "the signal is ignored, so that the program sees an error");
    assert_ne!(ended.code(), Some(0));
    assert!(ended.stderr_text().contains("File too large"), "{}", ended.stderr_text());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 1000);

    let free = run(dd(&dir.path().join("free")).limits(Limits::none().file_size_bytes(3000)));
    assert_eq!(free.code(), Some(0), "a limit that is just enough changes nothing");
}

#[test]
fn descriptors_run_out_at_the_limit() {
    let script = "exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null; echo opened";
    let sh = |limits| run(Launch::of("/bin/sh").args(["-c", script]).limits(limits));
    let few = sh(Limits::none().open_files(6));
    assert_ne!(few.code(), Some(0));
    assert!(few.stderr_text().contains("Too many open files"), "{}", few.stderr_text());
    assert_eq!(sh(Limits::none().open_files(64)).stdout_text(), "opened\n");
}

#[test]
fn memory_runs_out_at_the_limit() {
    // dd takes its block in one allocation.
    let dd = || Launch::of("dd").args(["if=/dev/zero", "of=/dev/null", "bs=256M", "count=1"]);
    let ended = run(dd().limits(Limits::none().memory_bytes(64 << 20)));
    assert_ne!(ended.code(), Some(0));
    assert!(ended.stderr_text().contains("memory"), "{}", ended.stderr_text());
    assert_eq!(run(dd()).code(), Some(0));
}

#[test]
fn permission_bits_count_without_privilege() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let path = dir.path().join("log");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
    let script = format!("echo x >> {}", path.display());
    let sh = Launch::of("/bin/sh").args(["-c", &script]).limits(Limits::none().without_privilege());
    let ended = run(sh);
    assert_ne!(ended.code(), Some(0));
    assert!(ended.stderr_text().contains("ermission denied"), "{}", ended.stderr_text());
}

#[test]
fn limits_change_neither_arguments_nor_input_nor_environment() {
    let script = "printf '%s|' \"$@\"; printf '%s|' \"$SAMPLE\"; cat";
    let launch = |limits| {
        Launch::of("/bin/sh")
            .args(["-c", script, "name", "two words", "it's", "$HOME", ""])
            .env("SAMPLE", "a b")
            .stdin("fed")
            .limits(limits)
    };
    let plain = run(launch(Limits::none()));
    assert_eq!(plain.stdout_text(), "two words|it's|$HOME||a b|fed");
    let limited = run(launch(Limits::none().open_files(64).file_size_bytes(1 << 20)));
    assert_eq!(limited.stdout, plain.stdout);
}
