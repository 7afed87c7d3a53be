//! The drill of week 3: a client that asks for much and reads nothing.
//!
//! Hypothesis: a follower of the feed that stops reading makes its own queue grow, to the cap and no further; it is ended
//! for that reason, its memory returns, and fifty polite clients cannot tell from their latency that it was ever there.
//! The control run does the same with followers that go on reading, so that what the experiment sees comes from the
//! silence and not from the following.
//!
//! A plain echo has no such follower: whoever does not read there is not read from either. The second half breaks that
//! one too, and shows that its queue stays at the pause mark until the write deadline ends it.

mod follower;
mod polite;
#[path = "../tests/wire/mod.rs"]
mod wire;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use evidence::Fact;
use evidence::run::Profile;
use faults::counters;
use faults::drill::{Drill, Trial, TrialResult};
use load::{Group, Role};

use follower::Follower;
use polite::{Courses, Polite};
use wire::{Server, wait_until};

/// What a follower's queue may hold.
const CAP_BYTES: u64 = 2 << 20;
/// Where a plain echo stops reading from a peer.
const PAUSE_BYTES: u64 = 256 << 10;
/// The clients that are to notice nothing.
const POLITE: usize = 50;
/// Their answers, of which every follower gets a copy: some 12 MB a second.
const ANSWER_BYTES: usize = 4 << 10;
const ANSWERS_PER_SECOND: u64 = 3000;
/// One look at their latency.
const WINDOW: Duration = Duration::from_millis(250);

type Wrong = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let claim = "One client asks for much and reads nothing, so its outbound queue grows to the cap; it is closed with \
                 that reason, memory returns, and the latency of the other clients does not tell the difference.";
    Drill::new(3, "event-loop.slow-reader", claim)
        .steady_state(
            "fifty polite clients at a fixed pace are answered, and so is the one that follows them",
        )
        .fault("the follower stops reading; then, of a plain echo, a client that sends and never reads")
        .degraded_mode("that client is ended, with its reason on record; nobody else notices")
        .recovery("the server has ended it; nobody repairs anything", Duration::from_secs(3))
        .trial_deadline(Duration::from_secs(100))
        .main(|trial| {
            let mut courses = Courses::new()?;
            followers(trial, &mut courses)?;
            deaf_echo_client(trial)?;
            courses.report(trial);
            Ok(())
        })
}

fn start(trial: &Trial, args: &[&str]) -> Result<Server, Wrong> {
    let dir = tempfile::tempdir()?;
    let process = trial.spawn(Server::launch(dir.path(), args))?;
    Ok(Server::of(process, dir))
}

/// One follower after the other, each beside the same polite clients.
fn followers(trial: &Trial, courses: &mut Courses) -> TrialResult {
    let rounds = Profile::current().pick(2, 5, 15);
    let cap = CAP_BYTES.to_string();
    let args = ["--service", "feed", "--log-level", "warn", "--limit", "65536", "--outbound-cap", &cap];
    let server = start(trial, &args)?;
    let group = Group::open("polite", POLITE, ANSWERS_PER_SECOND, ANSWER_BYTES);
    let mut polite = Polite::connect(&server, trial.seed(), vec![group])?;
    polite.window(WINDOW)?;
    let before = counters::rss_bytes_of(server.pid())?;
    let (mut peak, mut ended) = (0, 0);
    for round in 0..rounds {
        let follower = Follower::of(&server)?;
        courses.reading.add(&polite.window(WINDOW)?)?;
        if round == 0 {
            trial.steady("every request of the first window was answered, and the follower read along");
        }
        trial.inject("a follower stopped reading", || -> Result<u64, Wrong> {
            follower.stop_reading();
            while server.closed_as("outbound-cap") == ended {
                courses.beside.add(&polite.window(WINDOW)?)?;
                peak = peak.max(counters::rss_bytes_of(server.pid())?);
            }
            ended += 1;
            Ok(1)
        })?;
        if !trial.breaks() {
            courses.beside.add(&polite.window(WINDOW)?)?;
            peak = peak.max(counters::rss_bytes_of(server.pid())?);
        }
        trial.recovery_begins("the follower has been ended, or has read to the last");
        let heard = follower.leave();
        trial.event(format!("the follower leaves, having read {heard} bytes"));
        polite.window(WINDOW / 10)?;
        wait_until("one descriptor for each polite client and none for the follower", || {
            let held = counters::fds_of(server.pid()).ok()?;
            (held == server.quiet_fds + POLITE as u64).then_some(())
        });
        trial.recovered("the polite clients are answered, and the follower's descriptor is back");
    }
    let after = counters::rss_bytes_of(server.pid())?;
    let closes = server.closes();
    let capped = server.closed_as("outbound-cap");
    // At this level only ends with a code are on record; a follower that reads has none.
    trial.invariant(
        "event-loop.ended-for-its-reason",
        "each follower that stops reading is ended at the cap, with that reason, and nobody else is ended",
        capped == ended && closes.len() == ended,
        format!("{ended} stopped reading, {capped} were ended at the cap, {} in all", closes.len()),
        vec![Fact::count("followers", rounds, ""), Fact::count("ended-at-the-cap", capped as u64, "")],
    );
    polite.judge(trial, "event-loop.feed-answered");
    let (at_most, left) = (peak.saturating_sub(before), after.saturating_sub(before));
    trial.invariant(
        "event-loop.memory-returns",
        "the server grows by no more than one queue with its spare room, and not with the number of followers",
        at_most < 4 * CAP_BYTES && left < 3 * CAP_BYTES,
        format!("it grew by {at_most} bytes, and {left} were left after {rounds} followers"),
        vec![
            Fact::count("cap", CAP_BYTES, "bytes"),
            Fact::count("memory-growth-at-most", at_most, "bytes"),
            Fact::count("memory-growth-afterwards", left, "bytes"),
        ],
    );
    drop(polite);
    let fds = server.assert_survived();
    trial.event(format!("the server is as it was, with {fds} descriptors"));
    server.stop();
    Ok(())
}

/// A client of a plain echo that sends as fast as it is let and reads nothing; in the control run it does read.
fn deaf_echo_client(trial: &Trial) -> TrialResult {
    let server = start(trial, &["--log-level", "warn", "--write-timeout", "1s", "--limit", "65536"])?;
    let polite = Group::open("polite", POLITE, 500, 64);
    let never_reads = Role::SlowReader { after: Duration::ZERO, opening: None };
    let role = if trial.breaks() { never_reads } else { Role::Polite };
    let groups = vec![polite, Group::closed("deaf", 1, 1, 1024).role(role)];
    let before = counters::rss_bytes_of(server.pid())?;
    let mut polite = Polite::connect(&server, trial.seed(), groups)?;
    let (mut peak, mut windows) = (0, 0);
    let mut look = || -> Result<(), Wrong> {
        polite.window(WINDOW)?;
        windows += 1;
        peak = peak.max(counters::rss_bytes_of(server.pid())?);
        Ok(())
    };
    trial.inject("a client of the plain echo never read", || -> Result<u64, Wrong> {
        while server.closed_as("write-timeout") == 0 {
            look()?;
        }
        Ok(1)
    })?;
    trial.recovery_begins("the deaf client has been ended, or has read all along");
    look()?;
    trial.recovered("the polite clients are answered");
    polite.judge(trial, "event-loop.echo-answered");
    let grown = peak.saturating_sub(before);
    let capped = server.closed_as("outbound-cap");
    // Fifty clients that were not there before, and one queue up to the mark with what a share may add to it.
    trial.invariant(
        "event-loop.paused-not-capped",
        "a client that asks without reading is paused at the mark: it never meets the cap, and the deadline ends it",
        grown < 16 * PAUSE_BYTES && capped == 0,
        format!("the server grew by {grown} bytes with the mark at {PAUSE_BYTES}, {capped} met the cap"),
        vec![
            Fact::count("pause-mark", PAUSE_BYTES, "bytes"),
            Fact::count("memory-growth-at-most", grown, "bytes"),
            Fact::count("windows", windows, ""),
        ],
    );
    drop(polite);
    server.assert_survived();
    server.stop();
    Ok(())
}
