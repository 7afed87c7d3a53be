//! What a process holds, read from `/proc`: descriptors, memory, threads, run state.
//!
//! A leak is a difference: count, do the thing many times, let the process come to rest, count again. Memory is
//! never given back exactly, so memory claims need a bound and not an equality; descriptors and threads are exact.

use std::fs;

use crate::FaultError;

/// Open descriptors of a process.
///
/// # Errors
/// The process is gone, or belongs to somebody else.
pub fn fds_of(pid: u32) -> Result<u64, FaultError> {
    let path = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&path).map_err(|e| FaultError::system(format!("reading {path}"), e))?;
    // Reading our own table opens one more descriptor: the folder that is being read.
    let own = u64::from(pid == std::process::id());
    Ok((entries.count() as u64).saturating_sub(own))
}

/// Resident memory of a process, in bytes: exact, from a walk over its mappings (`smaps_rollup`). The cheaper `VmRSS`
/// is off by what each core has not yet added up.
///
/// # Errors
/// The process is gone, is a zombie (which has no memory left), or belongs to somebody else.
pub fn rss_bytes_of(pid: u32) -> Result<u64, FaultError> {
    number(format!("/proc/{pid}/smaps_rollup"), "Rss").map(|kib| kib * 1024)
}

/// The most resident memory that a process ever had, in bytes, as the kernel's counters saw it: up to some hundred
/// KiB below the truth.
///
/// # Errors
/// As [`rss_bytes_of`].
pub fn peak_rss_bytes_of(pid: u32) -> Result<u64, FaultError> {
    number(format!("/proc/{pid}/status"), "VmHWM").map(|kib| kib * 1024)
}

/// Threads of a process.
///
/// # Errors
/// The process is gone.
pub fn threads_of(pid: u32) -> Result<u64, FaultError> {
    number(format!("/proc/{pid}/status"), "Threads")
}

/// The scheduler's state letter: `R` running, `S` sleeping, `D` in a system call that cannot be interrupted,
/// `T` stopped, `Z` ended but not yet waited for.
///
/// # Errors
/// The process is gone.
pub fn state_of(pid: u32) -> Result<char, FaultError> {
    let path = format!("/proc/{pid}/status");
    field(&read(&path)?, "State")
        .and_then(|value| value.chars().next())
        .ok_or(FaultError::Proc { path, field: "State" })
}

fn number(path: String, name: &'static str) -> Result<u64, FaultError> {
    let text = read(&path)?;
    field(&text, name)
        .and_then(|value| value.split_ascii_whitespace().next()?.parse().ok())
        .ok_or(FaultError::Proc { path, field: name })
}

fn read(path: &str) -> Result<String, FaultError> {
    fs::read_to_string(path).map_err(|e| FaultError::system(format!("reading {path}"), e))
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Launch, Stream};
    use std::io::Write;
    use std::time::Duration;

    #[test]
    fn every_opened_file_adds_exactly_one_descriptor() {
        // A process of its own, because other tests of this binary open descriptors at the same time.
        let script = "echo ready; read line; exec 7</dev/null 8</dev/null; echo opened; read line";
        let mut process = Launch::of("/bin/sh").args(["-c", script]).stdin_open().spawn().unwrap();
        // Until its first word, the kernel may still be closing what the program must not inherit.
        process.wait_for_line(Stream::Stdout, |line| line == "ready", Duration::from_secs(30)).unwrap();
        let before = fds_of(process.pid()).unwrap();
        process.stdin().unwrap().write_all(b"go\n").unwrap();
        process.wait_for_line(Stream::Stdout, |line| line == "opened", Duration::from_secs(30)).unwrap();
        assert_eq!(fds_of(process.pid()).unwrap(), before + 2);
        assert_eq!(threads_of(process.pid()).unwrap(), 1);
    }

    #[test]
    fn memory_that_is_touched_is_resident_and_stays_in_the_peak() {
        let me = std::process::id();
        let before = rss_bytes_of(me).unwrap();
        let block = vec![1_u8; 32 << 20];
        let during = rss_bytes_of(me).unwrap();
        assert!(during >= before + (24 << 20), "{before} then {during} with {} bytes more", block.len());
        drop(block);
        assert!(peak_rss_bytes_of(me).unwrap() >= during - (2 << 20));
    }

    #[test]
    fn a_process_that_does_not_exist_is_an_error_that_names_the_file() {
        let error = fds_of(u32::MAX / 2).unwrap_err().to_string();
        assert!(error.contains("/proc/2147483647/fd"), "{error}");
        assert!(state_of(u32::MAX / 2).is_err());
    }
}
