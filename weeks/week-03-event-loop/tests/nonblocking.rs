//! Claim: nothing on the path of the loop waits but its poller.
//!
//! Shown from outside, on the running process. Every descriptor that the loop uses is non-blocking; the thread is found in
//! no other waiting system call, however often one looks; and neither a peer that dribbles, nor one that does not read,
//! nor a log that nobody reads makes anybody else wait: the others complete their work while each of them is as stuck as
//! it will ever be. No time is measured, since a fast server that waits would pass on a fast machine.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use load::{Dialect, Group, Load, Plan, Role};
use rustix::fs::{CWD, Mode, OFlags};

use wire::{Server, exchange, request, wait_until};

/// The open descriptors of a process: what each is, and its flags.
fn descriptors(pid: u32) -> BTreeMap<i32, (String, OFlags)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        let entry = entry.unwrap();
        let number: i32 = entry.file_name().to_str().unwrap().parse().unwrap();
        // One that was closed since the listing has no flags any more.
        let Ok(target) = std::fs::read_link(entry.path()) else { continue };
        let Ok(info) = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")) else { continue };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
        let flags = OFlags::from_bits_retain(u32::from_str_radix(flags, 8).unwrap());
        found.insert(number, (target.to_string_lossy().into_owned(), flags));
    }
    found
}

#[test]
fn every_descriptor_of_the_loop_is_non_blocking() {
    const CLIENTS: usize = 40;
    for poller in ["select", "poll"] {
        let server = Server::start(&["--poller", poller, "--log-level", "warn"]);
        let plan = Plan::to(server.address, Dialect::Echo)
            .group(Group::closed("busy", CLIENTS / 2, 4, 1024))
            .group(Group::idle("idle", CLIENTS / 2));
        let mut load = Load::connect(plan).unwrap();
        load.run_for(Duration::from_millis(50)).unwrap();
        let all = descriptors(server.pid());
        // What this process was started with, the server was started with too.
        let inherited = descriptors(std::process::id());
        let (mut clients, mut wrong) = (0, Vec::new());
        for (number, (what, flags)) in &all {
            clients += usize::from(what.starts_with("socket:"));
            // Standard input and output are used before the loop begins and after it has ended; the log, with the folder
            // that it is in, by another thread.
            let log = server.log();
            let logs = Path::new(what) == log || Some(Path::new(what)) == log.parent();
            let theirs = *number <= 2 || logs || inherited.get(number).is_some_and(|(it, _)| it == what);
            if !theirs && !flags.contains(OFlags::NONBLOCK) {
                wrong.push(format!("{number}: {what}, {flags:?}"));
            }
        }
        assert!(clients > CLIENTS, "{clients} sockets for {CLIENTS} clients and a listener: {all:?}");
        assert!(wrong.is_empty(), "under {poller}, these could block: {wrong:#?}");
        drop(load);
        server.assert_survived();
        server.stop();
    }
}

/// The number of the system call that a thread is in, where it waits in one.
fn waits_in(pid: u32, thread: u32) -> Option<i64> {
    let line = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/syscall")).ok()?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn the_thread_of_the_loop_is_never_found_waiting_but_in_its_poller() {
    const LOOKS: usize = 2000;
    for poller in ["select", "poll"] {
        let server = Server::start(&["--poller", poller, "--log-level", "warn", "--write-timeout", "60s"]);
        let pid = server.pid();
        let never_reads = Role::SlowReader { after: Duration::ZERO, opening: None };
        let plan = Plan::to(server.address, Dialect::Echo)
            .group(Group::open("polite", 30, 2000, 512))
            .group(Group::closed("deaf", 3, 1, 4096).role(never_reads));
        let mut load = Load::connect(plan).unwrap();
        let mut looks: BTreeMap<Option<i64>, usize> = BTreeMap::new();
        for _ in 0..20 {
            load.push_for(Duration::from_millis(10)).unwrap();
            for _ in 0..LOOKS / 20 {
                // The first thread of the process is the loop's.
                *looks.entry(waits_in(pid, pid)).or_default() += 1;
            }
        }
        load.drain().unwrap();
        // What it waits in with nobody at work is its poller's call, by definition: nothing else can be under way.
        let idle: BTreeSet<i64> = wait_until("the loop to be at rest", || {
            let found: BTreeSet<i64> = (0..50).filter_map(|_| waits_in(pid, pid)).collect();
            (found.len() == 1).then_some(found)
        });
        let waiting: BTreeSet<i64> = looks.keys().flatten().copied().filter(|number| *number >= 0).collect();
        assert!(
            waiting.is_subset(&idle),
            "under {poller} it also waits in system calls {waiting:?}: {looks:?}"
        );
        drop(load);
        server.stop();
    }
}

#[test]
fn nobody_waits_for_a_peer_that_dribbles_or_does_not_read() {
    const ROUNDS: usize = 300;
    let server = Server::start(&["--log-level", "warn", "--limit", "16777216", "--outbound-cap", "33554432"]);
    // One whose answer fills every buffer on the way, and who takes none of it.
    let deaf = server.connect();
    (&deaf).write_all(&request("deaf", &vec![1; 12 << 20])).unwrap();
    wait_until("the first bytes of the answer", || {
        (rustix::io::ioctl_fionread(&deaf).unwrap() > 0).then_some(())
    });
    // One whose frame comes a byte at a time.
    let dribbling = server.connect();
    let slow = request("slow", &[2; ROUNDS]);
    let polite: Vec<TcpStream> = (0..10).map(|_| server.connect()).collect();
    for (round, byte) in slow.iter().take(ROUNDS).enumerate() {
        (&dribbling).write_all(&[*byte]).unwrap();
        // A server that waited for the rest of that frame, or for room in that buffer, would not come to this.
        exchange(&polite[round % polite.len()], "polite", b"meanwhile");
    }
    (&dribbling).write_all(&slow[ROUNDS..]).unwrap();
    assert_eq!(wire::frame(&dribbling), wire::reply("slow", &[2; ROUNDS]), "and it is answered in the end");
    assert!(wire::frame(&deaf) == wire::reply("deaf", &vec![1; 12 << 20]), "and so is this one");
    drop((deaf, dribbling, polite));
    server.assert_survived();
    server.stop();
}

#[test]
fn nobody_waits_for_a_log_that_nobody_reads() {
    const REQUESTS: usize = 3000;
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("log.pipe");
    rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    // Open for reading, so that the server can open it for writing; and never read.
    let mut options = std::fs::OpenOptions::new();
    let never_read = options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(&pipe).unwrap();
    let script = format!("exec \"$0\" --listen 127.0.0.1:0 2>{}", pipe.display());
    // Without `--log`, records go to standard error, which is the pipe here.
    let server = Server::of(
        faults::process::Launch::of("/bin/sh").args(["-c", &script]).arg(wire::program()).spawn().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let peer = server.connect();
    for _ in 0..REQUESTS {
        exchange(&peer, "a-record-each", &[3; 100]);
    }
    let waiting = rustix::io::ioctl_fionread(&never_read).unwrap();
    assert!(waiting > 32 << 10, "{waiting} bytes do not fill a pipe, so nothing was proved");
    drop((peer, never_read));
}
