//! The drill of week 2: clients that disconnect in the middle of a frame, at every byte offset, in both ways there are.
//!
//! Hypothesis: wherever in a frame a client leaves, and whether it leaves with an end or with a reset, the server
//! names the reason once, gives the connection back and answers the next client as before. The control run walks the
//! same offsets with clients that pause there and then finish, so what the experiment sees comes from the disconnect
//! and not from the pause.

#[path = "../tests/echo/mod.rs"]
mod echo;

use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use echo::{Echo, Peer, reply, request, wait_until};
use evidence::Fact;
use evidence::run::Profile;
use faults::counters;
use faults::drill::{Drill, Trial, TrialResult};

const ID: &str = "cut-request";

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// It sends the rest first: the control run.
    AfterTheReply,
    /// It ends its side (FIN).
    WithAnEnd,
    /// It resets the connection (RST).
    WithAReset,
}

fn main() -> ExitCode {
    let claim = "A client disconnects in the middle of a frame, once at every byte offset and both with an end and \
                 with a reset; each time the server names the reason once, releases the connection and serves the \
                 next client as before.";
    Drill::new(2, "framing.disconnect-mid-frame", claim)
        .steady_state(
            "a request is answered, and the server holds the descriptors and threads of a quiet server",
        )
        .fault("a client leaves after n bytes of a frame, for every n from 1 to one less than the whole")
        .degraded_mode("the request that was cut is not answered; nobody else notices")
        .recovery("the last client has left; nobody repairs anything", Duration::from_secs(2))
        .trial_deadline(Duration::from_secs(60))
        .main(walk)
}

fn walk(trial: &Trial) -> TrialResult {
    let dir = tempfile::tempdir()?;
    let echo = Echo::of(trial.spawn(Echo::launch("127.0.0.1:0", dir.path(), &[]))?, dir);
    let mut walk = Walk::new(&echo)?;
    walk.ask_as_a_stranger(0);
    trial.steady("a request was answered");

    // One frame: header, head, body. The body is longer the more time there is.
    let whole = request(ID, &vec![b'.'; Profile::current().pick(12, 60, 600)]);
    let offsets = 1..whole.len();
    for leaving in [Leaving::WithAnEnd, Leaving::WithAReset] {
        let how = if leaving == Leaving::WithAReset { "with a reset" } else { "with an end" };
        let what = format!("{} clients left {how}, after 1 to {} bytes", offsets.len(), offsets.end - 1);
        trial.inject(&what, || walk.every_offset(&whole, offsets.clone(), leaving))?;
        if !trial.breaks() {
            walk.every_offset(&whole, offsets.clone(), Leaving::AfterTheReply)?;
        }
    }
    trial.recovery_begins("the last client has left");
    let (fds, threads) = walk.wait_until_quiet();
    trial.recovered("a request was answered and the server is quiet");
    walk.judge(trial, fds, threads);
    Ok(())
}

/// A walk over all offsets, and what it saw.
struct Walk<'a> {
    echo: &'a Echo,
    pid: u32,
    /// Descriptors and threads of the server before the first client.
    quiet: (u64, u64),
    /// Connections made so far; the server numbers them in the same order.
    connections: u64,
    cut: u64,
    misnamed: Vec<String>,
    unanswered: Vec<usize>,
}

impl<'a> Walk<'a> {
    fn new(echo: &'a Echo) -> Result<Self, faults::FaultError> {
        let pid = echo.process.pid();
        let quiet = (counters::fds_of(pid)?, counters::threads_of(pid)?);
        Ok(Walk { echo, pid, quiet, connections: 0, cut: 0, misnamed: Vec::new(), unanswered: Vec::new() })
    }

    fn connect(&mut self) -> (Peer, u64) {
        self.connections += 1;
        (self.echo.connect(), self.connections)
    }

    /// One client after the other, each leaving one byte later. Returns how many left mid-frame.
    fn every_offset(
        &mut self,
        whole: &[u8],
        offsets: Range<usize>,
        leaving: Leaving,
    ) -> Result<u64, faults::FaultError> {
        let before = self.cut;
        for offset in offsets {
            let (mut peer, number) = self.connect();
            peer.send(&whole[..offset]);
            match leaving {
                Leaving::WithAnEnd => drop(peer),
                Leaving::WithAReset => peer.reset(),
                Leaving::AfterTheReply => {
                    peer.send(&whole[offset..]);
                    if peer.frame() != reply(ID, &whole[4 + 2 + ID.len()..]) {
                        self.unanswered.push(offset);
                    }
                    drop(peer);
                }
            }
            self.cut += u64::from(leaving != Leaving::AfterTheReply);
            self.ask_as_a_stranger(offset);
            self.check_the_name(number, offset, whole.len(), leaving);
        }
        Ok(self.cut - before)
    }

    /// The next request, from somebody else.
    fn ask_as_a_stranger(&mut self, offset: usize) {
        let (mut stranger, _) = self.connect();
        stranger.send(&request("stranger", b"still there?"));
        if stranger.frame() != reply("stranger", b"still there?") {
            self.unanswered.push(offset);
        }
    }

    /// The connection left exactly one record, and it says what happened, to the byte.
    fn check_the_name(&mut self, number: u64, offset: usize, whole: usize, leaving: Leaving) {
        let mark = format!(" connection={number} ");
        let closes = wait_until("the record of a closed connection", || {
            let ours = |record: &echo::Record| record.is_close() && record.msg.contains(&mark);
            let closes: Vec<_> = self.echo.records().into_iter().filter(ours).collect();
            (!closes.is_empty()).then_some(closes)
        });
        let (class, detail) = match (leaving, offset) {
            (Leaving::AfterTheReply, _) => ("peer-finished", "between two frames".to_string()),
            (Leaving::WithAReset, _) => ("peer-reset", String::new()),
            (Leaving::WithAnEnd, 1..=3) => ("short-header", format!("after {offset} of 4 header bytes")),
            (Leaving::WithAnEnd, _) => {
                ("truncated-payload", format!("after {} of {} payload bytes", offset - 4, whole - 4))
            }
        };
        if closes.len() != 1 || closes[0].result() != class || !closes[0].msg.contains(&detail) {
            self.misnamed.push(format!("{leaving:?} after {offset} bytes: {closes:?}"));
        }
    }

    /// Waits for the descriptors and threads of a quiet server; more for ever is a leak, and the wait fails.
    fn wait_until_quiet(&mut self) -> (u64, u64) {
        self.ask_as_a_stranger(0);
        wait_until("the server to hold what a quiet server holds", || {
            let now = (counters::fds_of(self.pid).ok()?, counters::threads_of(self.pid).ok()?);
            (now == self.quiet).then_some(now)
        })
    }

    fn judge(&self, trial: &Trial, fds: u64, threads: u64) {
        trial.invariant(
            "framing.reason-logged-once",
            "every connection leaves one record, and it names the reason and the byte",
            self.misnamed.is_empty(),
            self.misnamed.join("; "),
            vec![Fact::count("clients-that-left-mid-frame", self.cut, "")],
        );
        trial.invariant(
            "framing.next-request-answered",
            "after each of them, the next client is answered",
            self.unanswered.is_empty(),
            format!("unanswered after these offsets: {:?}", self.unanswered),
            vec![Fact::count("connections", self.connections, "")],
        );
        trial.invariant(
            "framing.nothing-kept",
            "descriptors and threads are back to what a quiet server holds",
            (fds, threads) == self.quiet,
            format!("{fds} descriptors and {threads} threads, and it began with {:?}", self.quiet),
            vec![Fact::count("descriptors", fds, ""), Fact::count("threads", threads, "")],
        );
        trial.invariant(
            "framing.no-crash",
            "the process is the one that was started, and no thread of it panicked",
            self.echo.process.is_running() && self.echo.closes("bug") == 0,
            "the process ended, or a thread panicked",
            Vec::new(),
        );
    }
}
