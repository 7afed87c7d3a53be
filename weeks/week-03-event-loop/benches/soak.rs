//! The soak: the server as it ships under steady mixed load, for as long as the profile allows, watched over time.
//!
//! ```text
//!   54 polite clients    64 B, 4 KiB, 64 KiB, at a fixed rate whatever the server does
//!   churn                short connections that end in every way there is        --->  loop-server --service feed
//!   a deaf client        asks and never reads; comes back when it was ended
//!   a mute follower      is sent everybody's answers and never reads; comes back as well
//! ```
//!
//! Half an hour shows what ten seconds cannot: memory that grows by a little with each connection, descriptors that do not
//! come back, a latency that climbs with the age of the process.

mod course;
mod watch;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Series};
use faults::counters;
use faults::process::{Launch, Process, Signal, Stream};
use load::churn::{Churn, Tally};
use load::{Dialect, Group, GroupOutcome, LoadError, Outcome, Plan, Role};

use watch::{Sample, Watch};

/// Long enough for a server to start, to stop, or to let go of its last connection on any machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// Points of a series: as many as a chart can show.
const POINTS_MAX: u32 = 120;
/// How much the memory of the server may rise from the first quarter to the end, along the line that fits best.
const RISE_BYTES_MAX: f64 = 8.0 * 1024.0 * 1024.0;
/// Connections of one go of churn, and the pause after it: some hundred a second.
const CHURN_AT_A_TIME: u64 = 20;
const CHURN_PAUSE: Duration = Duration::from_millis(200);
/// The names of the polite groups: their requests are the ones that have to be answered.
const POLITE: [&str; 3] = ["64 B", "4 KiB", "64 KiB"];

type Wrong = Box<dyn Error + Send + Sync>;

/// Soaks, and adds four measurements over time, one of the answers by size, and the criteria.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Box<dyn Error>> {
    let time = Duration::from_secs(profile.pick(3, 60, 30 * 60));
    let dir = tempfile::tempdir()?;
    let (mut server, address) = start(dir.path()).map_err(|error| error.to_string())?;
    let pid = server.pid();
    let quiet = counters::fds_of(pid)?;
    let interval = time / POINTS_MAX;
    let stop = AtomicBool::new(false);
    eprintln!("soak: {} s of mixed load", time.as_secs());
    let (outcome, churned, samples) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| Watch { pid, every: interval, whole: time }.until(&stop));
        let churning = scope.spawn(|| churn(address, seed, &stop));
        let outcome = load::run(&plan(address, seed, time, interval));
        stop.store(true, Ordering::Relaxed);
        (outcome, churning.join(), watching.join())
    });
    let outcome = outcome?;
    let churned = churned.map_err(|_| "the churn panicked")??;
    let samples = samples.map_err(|_| "the watch panicked")??;
    let left = fds_once_quiet(pid, quiet)?;
    server.signal(Signal::TERM)?;
    let ended = server.wait_with_deadline(DEADLINE)?;
    let finding = series(finding, &outcome, &samples);
    Ok(judge(finding, &outcome, &churned, &samples, (quiet, left), ended.code()))
}

fn plan(server: SocketAddr, seed: u64, duration: Duration, interval: Duration) -> Plan {
    // A request whose answers the follower is sent too: kind 1, an id of one byte, the word.
    let follow = b"\0\0\0\x09\x01\x01ffollow".to_vec();
    let silent = |opening| Role::SlowReader { after: Duration::ZERO, opening };
    let [small, middle, large] = POLITE;
    Plan {
        seed,
        duration,
        interval: Some(interval),
        reconnect: Some(Duration::from_millis(200)),
        ..Plan::to(server, Dialect::Echo)
    }
    .group(Group::open(small, 40, 2000, 64))
    .group(Group::open(middle, 10, 400, 4 << 10))
    .group(Group::open(large, 4, 40, 64 << 10))
    .group(Group::closed("deaf", 1, 1, 1024).role(silent(None)))
    .group(Group::closed("mute follower", 1, 1, 64).role(silent(Some(follow))))
}

/// Short connections of every kind, until the end.
fn churn(server: SocketAddr, seed: u64, stop: &AtomicBool) -> Result<Vec<Tally>, LoadError> {
    let mut tallies = Vec::new();
    let mut goes = 0;
    while !stop.load(Ordering::Relaxed) {
        goes += 1;
        let churn = Churn {
            at_once: 4,
            seed: seed.wrapping_add(goes),
            ..Churn::of(server, Dialect::Echo, CHURN_AT_A_TIME)
        };
        let tally = churn.run()?;
        // An hour of these is thousands: only what went wrong is kept whole.
        match tallies.last_mut() {
            Some(last) => merge(last, tally),
            None => tallies.push(tally),
        }
        std::thread::sleep(CHURN_PAUSE);
    }
    Ok(tallies)
}

fn merge(into: &mut Tally, tally: Tally) {
    for (death, kind) in tally.kinds {
        into.kinds.entry(death).or_default().connections += kind.connections;
    }
    into.unexpected += tally.unexpected;
    into.examples.extend(tally.examples.into_iter().take(8usize.saturating_sub(into.examples.len())));
}

/// Descriptors of the server, once they are as many as at the beginning, or after the deadline.
fn fds_once_quiet(pid: u32, quiet: u64) -> Result<u64, faults::FaultError> {
    let until = Instant::now() + DEADLINE;
    loop {
        let held = counters::fds_of(pid)?;
        if held == quiet || Instant::now() >= until {
            return Ok(held);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn polite(outcome: &Outcome) -> impl Iterator<Item = &GroupOutcome> {
    POLITE.iter().filter_map(|name| outcome.group(name))
}

fn series(finding: Finding, outcome: &Outcome, samples: &[Sample]) -> Finding {
    let mut latency = Measurement::of("soak-latency", "Latency of 64 B over time", "ns");
    if let Some(small) = outcome.group(POLITE[0]) {
        for (name, of) in course::LATENCIES {
            latency = latency.series(Series::over_time(name, course::latency(&small.intervals, of)));
        }
    }
    let mut answers = Measurement::of("soak-answers", "One answer, over the whole soak", "ns");
    for group in polite(outcome) {
        let series = Series::of(&group.name, Histogram::from_hdr(&group.latency))
            .fact(Fact::count("requests", group.requests, ""))
            .fact(Fact::count("answered", group.replies, ""))
            .fact(Fact::real("rate", group.throughput().round(), "requests/s"));
        answers = answers.series(series);
    }
    let groups: Vec<_> = polite(outcome).collect();
    let errors = course::error_rate(&groups);
    let memory = samples.iter().map(|sample| (sample.at_seconds, sample.memory_bytes as f64)).collect();
    let held = samples.iter().map(|sample| (sample.at_seconds, sample.descriptors as f64)).collect();
    let one = |id, title, unit, name, points| {
        Measurement::of(id, title, unit).series(Series::over_time(name, points))
    };
    finding
        .measurement(latency)
        .measurement(answers)
        .measurement(one(
            "soak-errors",
            "Requests without a right answer over time",
            "%",
            "polite clients",
            errors,
        ))
        .measurement(one("soak-memory", "Resident memory over time", "bytes", "server", memory))
        .measurement(one("soak-descriptors", "Open descriptors over time", "descriptors", "server", held))
}

fn judge(
    finding: Finding,
    outcome: &Outcome,
    churned: &[Tally],
    samples: &[Sample],
    (quiet, left): (u64, u64),
    exit: Option<i32>,
) -> Finding {
    let sum = |of: fn(&GroupOutcome) -> u64| polite(outcome).map(of).sum::<u64>();
    let (requests, replies) = (sum(|group| group.requests), sum(|group| group.replies));
    let (errors, corrupt) = (sum(GroupOutcome::errors_total), sum(GroupOutcome::corrupt_total));
    let why: Vec<String> = polite(outcome)
        .map(|group| format!("{}: {:?} {:?} {:?}", group.name, group.errors, group.ends, group.corrupt))
        .collect();
    let answered = Criterion::check(
        "event-loop.soak-answered",
        "every request of the polite clients is answered, and every byte of every answer is right",
        requests == replies && errors + corrupt == 0 && requests > 0,
        format!("{replies} of {requests} were answered; {}", why.join("; ")),
    )
    .fact(Fact::count("requests", requests, ""))
    .fact(Fact::count("answered", replies, ""))
    .fact(Fact::count("wrong-answers", corrupt, ""))
    .fact(Fact::count("errors", errors, ""));

    let visits: u64 = churned.iter().map(Tally::connections).sum();
    let unexpected: u64 = churned.iter().map(|tally| tally.unexpected).sum();
    let examples: Vec<_> = churned.iter().flat_map(|tally| &tally.examples).collect();
    let came_back = |name: &str| outcome.group(name).map_or(0, |group| group.ends.values().sum());
    let (deaf, follower) = (came_back("deaf"), came_back("mute follower"));
    let others = Criterion::check(
        "event-loop.soak-others",
        "every short connection ends as its kind has to, and those that never read are ended, again and again",
        unexpected == 0 && visits > 0 && deaf > 0 && follower > 0,
        format!("{unexpected} of {visits} ended otherwise: {examples:?}; ended: {deaf} deaf, {follower} following"),
    )
    .fact(Fact::count("short-connections", visits, ""))
    .fact(Fact::count("ends-of-the-deaf-client", deaf, ""))
    .fact(Fact::count("ends-of-the-mute-follower", follower, ""));

    let rise = course::rise_after_the_first_quarter(samples);
    let most = samples.iter().map(|sample| sample.memory_bytes).max().unwrap_or(0);
    let memory = Criterion::check(
        "event-loop.soak-memory",
        "after the first quarter, memory does not rise with time",
        samples.len() >= 8 && rise <= RISE_BYTES_MAX,
        format!("the line through {} samples rises by {rise:.0} bytes", samples.len()),
    )
    .fact(Fact::count("most", most, "bytes"))
    .fact(Fact::real("rise", rise.round(), "bytes"))
    .fact(Fact::count("allowed", RISE_BYTES_MAX as u64, "bytes"));

    let descriptors = Criterion::check(
        "event-loop.soak-descriptors",
        "with the last client gone, the server holds the descriptors that it began with, and stops in order",
        left == quiet && exit == Some(0),
        format!("{quiet} before, {left} afterwards, exit code {exit:?}"),
    )
    .fact(Fact::count("before", quiet, ""))
    .fact(Fact::count("afterwards", left, ""));
    finding.criteria([answered, others, memory, descriptors])
}

fn start(dir: &std::path::Path) -> Result<(Process, SocketAddr), Wrong> {
    let process = Launch::of(env!("CARGO_BIN_EXE_loop-server"))
        .args(["--listen", "127.0.0.1:0", "--service", "feed", "--limit", "131072"])
        .args(["--outbound-cap", "1048576", "--write-timeout", "1s", "--log-level", "warn", "--log"])
        .arg(dir.join("server.jsonl"))
        .spawn()?;
    let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
    let address = line.strip_prefix("listening on ").ok_or_else(|| format!("first line was {line:?}"))?;
    let address = address.parse()?;
    Ok((process, address))
}
