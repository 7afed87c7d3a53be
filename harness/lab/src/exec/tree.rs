//! Ends a child and everything below it.
//!
//! A process group is not enough: nextest gives every test a group of its own, so a killed nextest leaves its tests
//! running. We ask first (SIGTERM, twice: on the second nextest kills its tests at once), then kill whatever of the
//! tree is still there. The tree is held by pidfds, which, unlike pids, can never mean another process.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

/// How long the child may take to end itself after each polite request.
const GRACE: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(1)];

/// Ends the process group led by `leader` and every descendant: politely, then for certain.
pub(super) fn end(leader: Pid, leader_fd: &OwnedFd) {
    let mut tree = descendants(leader);
    for grace in GRACE {
        let _ = kill_process_group(leader, Signal::TERM);
        if ends_within(leader_fd, grace) {
            break;
        }
    }
    tree.extend(descendants(leader));
    let _ = kill_process_group(leader, Signal::KILL);
    for member in tree {
        let _ = pidfd_send_signal(member, Signal::KILL);
    }
}

/// Kills what a child that has ended by itself left running in its group.
pub(super) fn sweep(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
}

fn ends_within(pidfd: &OwnedFd, grace: Duration) -> bool {
    let until = Instant::now() + grace;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return false,
        }
    }
}

/// Every process below `ancestor`, as pidfds. One pass over `/proc`; what cannot be read is gone already.
fn descendants(ancestor: Pid) -> Vec<OwnedFd> {
    let Ok(listing) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pairs: Vec<(i32, i32)> = listing
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // `pid (name) state ppid …`; the name may itself hold blanks and brackets.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut found = vec![ancestor.as_raw_nonzero().get()];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found
        .into_iter()
        .skip(1)
        .filter_map(Pid::from_raw)
        .filter_map(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
        .collect()
}
