//! A request that keeps the only worker, so that whatever comes behind it waits.

use std::io::Write;
use std::net::TcpStream;

use crate::guarded::Guarded;
use crate::wire::{request, reset, wait_until};

/// One worker, and so much hashing that a small request takes some tens of milliseconds, and the holder's longer than a
/// test. The backlog is large enough for the loop to go on reading from a client with such a request under way: it does
/// not see the end of one from which it does not read.
pub(crate) const ONE_WORKER: [&str; 8] =
    ["--workers", "1", "--rounds", "30000", "--budget", "60s", "--egress-backlog", "8388608"];
/// The holder's body, of the class that may compute for a minute.
const BODY_BYTES: usize = 1_000_000;
/// A worker that has computed for so long has taken the only task that there is: looking for work costs it much less.
const AT_WORK_TICKS: u64 = 5;

/// As long as it is there, the only worker is busy with it.
pub(crate) struct Holder(TcpStream);

impl Holder {
    /// Returns once a worker that has been started with [`ONE_WORKER`] is at work on it, so that the queue is empty.
    pub(crate) fn of(guarded: &Guarded) -> Holder {
        let before = ticks_of(guarded.pid(), "worker-");
        let stream = guarded.connect();
        (&stream).write_all(&request("holder", &[7; BODY_BYTES])).unwrap();
        wait_until("the worker to be at work", || {
            (ticks_of(guarded.pid(), "worker-") >= before + AT_WORK_TICKS).then_some(())
        });
        Holder(stream)
    }

    /// Leaves with a reset. After a mere end of its stream the server would finish the request, since the client may
    /// still be listening.
    pub(crate) fn release(self) {
        reset(self.0);
    }
}

/// Clock ticks (of 10 ms) that the threads of a process whose names begin so have computed in all.
fn ticks_of(pid: u32, name: &str) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let stats =
        threads.filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat")).ok());
    // proc_pid_stat(5): the name stands in parentheses, and the twelfth field after it is the time in user mode.
    let of_worker = stats.filter_map(|stat| {
        let (before, after) = stat.rsplit_once(") ")?;
        before.split_once('(')?.1.starts_with(name).then(|| after.split(' ').nth(11)?.parse::<u64>().ok())?
    });
    of_worker.sum()
}
