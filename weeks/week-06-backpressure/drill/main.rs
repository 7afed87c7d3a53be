//! The drill of week 6: two thousand senders dribble their messages, and come back when they are closed.
//!
//! Hypothesis: being slow on purpose does not pay. The rule of minimum progress closes each slow sender under its own
//! code, about when it is due; memory stays level, and fifty normal clients are served as ever. The control run is the
//! same server with the same normal clients and no crowd, for as long.

mod crowd;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use evidence::run::Profile;
use evidence::{Fact, Histogram, Measurement, Series};
use faults::counters;
use faults::drill::{Drill, Trial, TrialResult};
use faults::process::{Launch, Process, Signal, Stream};
use hdrhistogram::Histogram as Recorder;
use load::crowd::GroupTally;
use load::offer::{Group, GroupOutcome, Offer, Plan};

/// Long enough for a server to start, to answer or to stop on any machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// Slow connections at once.
const SLOW: usize = 2000;
/// Each of them has to bring so many bytes in each window, and brings one a second.
const PROGRESS_BYTES: &str = "64";
const WINDOW: Duration = Duration::from_secs(1);
/// A slow sender is closed at the end of a window, and the loop has some thousands to close: two windows from its first byte.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);
/// What the machine itself may add to that on a bad day.
const CLOSED_SLACK: Duration = Duration::from_secs(1);
/// The median p99 of the windows may be so many times what it was before; below the noise, which is what a machine with two
/// shared cores does by itself, factors say nothing. The measurement of this week judges the factor more sharply, in turns.
const FACTOR_MAX: f64 = 1.5;
const NOISE_NS: u64 = 5_000_000;
/// A window in which some hundred requests are asked.
const LOOK: Duration = Duration::from_millis(200);
/// Two thousand connections with a few bytes each, and the room that tables have to spare: 24 MiB.
const GROWTH_BYTES_MAX: u64 = 24 << 20;

type Wrong = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let claim = "Two thousand senders dribble their headers from real sockets; the progress rule closes them with its \
                 reason, memory stays flat, and normal clients keep close to their usual p99 throughout.";
    Drill::new(6, "backpressure.slowloris", claim)
        .steady_state("fifty normal clients are answered, each request once and rightly")
        .fault("two thousand connections send one byte a second of messages that never end, and come back when closed")
        .degraded_mode("the slow ones are closed as SLOW-READ; nobody else notices")
        .recovery("the slow senders leave", Duration::from_secs(5))
        .trial_deadline(Duration::from_secs(60))
        .main(dribble)
}

fn dribble(trial: &Trial) -> TrialResult {
    let (process, address) = start(trial)?;
    let clients = Group::open("normal", 50, 2000, 64);
    let mut normal = Offer::connect(Plan { seed: trial.seed(), ..Plan::to(address).group(clients) })?;
    let before = watch(&mut normal, Duration::from_millis(Profile::current().pick(1000, 2000, 4000)), None)?;
    if before.answered() {
        trial.steady(format!("{} requests answered", before.requests));
    }
    let quiet_bytes = counters::rss_bytes_of(process.pid())?;

    let time = Duration::from_millis(Profile::current().pick(3500, 6000, 20_000));
    let mut slow: Option<GroupTally> = None;
    let mut during = None;
    trial.inject("slow senders closed by a rule", || -> Result<u64, Wrong> {
        let mut crowd = crowd::Running::begin(address, SLOW, trial.seed())?;
        during = Some(watch(&mut normal, time, Some(process.pid()))?);
        let tally = crowd.end()?;
        let closed = tally.codes.values().sum();
        slow = Some(tally);
        Ok(closed)
    })?;
    let during = match during {
        Some(seen) => seen,
        None => watch(&mut normal, time, Some(process.pid()))?,
    };

    trial.recovery_begins("the slow senders have left");
    let until = Instant::now() + DEADLINE;
    let after = loop {
        let seen = watch(&mut normal, Duration::from_millis(300), None)?;
        if seen.answered() || Instant::now() > until {
            break seen;
        }
    };
    trial.recovered(format!("{} requests answered", after.requests));
    judge(trial, [&before, &during, &after], quiet_bytes);
    judge_slow(trial, slow.as_ref());
    drop(normal);
    stop(trial, process)
}

/// What normal clients saw for a while.
struct Watched {
    requests: u64,
    right: u64,
    latency: Recorder<u64>,
    /// The p99 of each window.
    p99_ns: Vec<u64>,
    /// The highest resident memory meanwhile, where it was asked for.
    peak_bytes: u64,
}

impl Watched {
    fn answered(&self) -> bool {
        self.right == self.requests && self.requests > 0
    }

    /// The median of the windows: one bad moment of the machine is one window.
    fn p99_ns(&self) -> u64 {
        let mut sorted = self.p99_ns.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }
}

fn watch(offer: &mut Offer, time: Duration, server: Option<u32>) -> Result<Watched, Wrong> {
    let latency = Recorder::new_with_bounds(1, 60_000_000_000, 2)?;
    let mut seen = Watched { requests: 0, right: 0, latency, p99_ns: Vec::new(), peak_bytes: 0 };
    let until = Instant::now() + time;
    while Instant::now() < until {
        offer.run_for(LOOK)?;
        let outcome = offer.outcome();
        offer.reset();
        let group: &GroupOutcome = outcome.group("normal").ok_or("the plan has one group")?;
        seen.requests += group.requests + group.carried;
        seen.right += group.right;
        seen.p99_ns.push(group.latency.value_at_quantile(0.99));
        seen.latency.add(&group.latency)?;
        if let Some(pid) = server {
            seen.peak_bytes = seen.peak_bytes.max(counters::rss_bytes_of(pid)?);
        }
    }
    Ok(seen)
}

fn judge(trial: &Trial, phases: [&Watched; 3], quiet_bytes: u64) {
    let [before, during, after] = phases;
    let requests: u64 = phases.iter().map(|phase| phase.requests).sum();
    let right: u64 = phases.iter().map(|phase| phase.right).sum();
    trial.invariant(
        "backpressure.normal-answered",
        "every request of the normal clients is answered rightly",
        phases.iter().all(|phase| phase.answered()),
        format!("{right} of {requests}"),
        vec![Fact::count("requests", requests, "")],
    );
    let (usual, beside) = (before.p99_ns(), during.p99_ns());
    let factor = beside as f64 / usual.max(1) as f64;
    trial.invariant(
        "backpressure.normal-unharmed",
        "the median p99 of the normal clients stays within 1.5 times what it was, or within the machine's noise",
        factor <= FACTOR_MAX || beside.saturating_sub(usual) <= NOISE_NS,
        format!("{beside} ns beside {usual} ns before"),
        vec![
            Fact::count("p99-before", usual, "ns"),
            Fact::count("p99-during", beside, "ns"),
            Fact::real("factor", (factor * 100.0).round() / 100.0, "x"),
        ],
    );
    let grown = during.peak_bytes.saturating_sub(quiet_bytes);
    trial.invariant(
        "backpressure.memory-flat",
        "memory grows by no more than two thousand begun messages cost",
        grown <= GROWTH_BYTES_MAX,
        format!("{grown} bytes"),
        vec![Fact::count("growth", grown, "bytes"), Fact::count("bound", GROWTH_BYTES_MAX, "bytes")],
    );
    let series = |name, phase: &Watched| Series::of(name, Histogram::from_hdr(&phase.latency));
    trial.measured(
        Measurement::of("normal-latency", "A request of one of fifty normal clients", "ns")
            .series(series("before the slow senders", before))
            .series(series("beside them", during))
            .series(series("after them", after)),
    );
}

/// What became of the slow ones; in the control run there are none, and the invariant has nothing to break it.
fn judge_slow(trial: &Trial, slow: Option<&GroupTally>) {
    let closed = slow.map_or(0, |tally| tally.codes.get("SLOW-READ").copied().unwrap_or(0));
    let others = slow.map_or(0, |tally| tally.codes.values().sum::<u64>() - closed);
    let enough = slow.is_none_or(|tally| closed >= SLOW as u64 && tally.connected > SLOW as u64);
    trial.invariant(
        "backpressure.slow-closed",
        "slow senders are closed as SLOW-READ, every one of those who came first at the least, and for no other reason",
        enough && others == 0,
        format!("{closed} closed as SLOW-READ, {others} otherwise: {:?}", slow.map(|tally| (&tally.codes, &tally.ends))),
        vec![
            Fact::count("slow-connections", slow.map_or(0, |tally| tally.connected), ""),
            Fact::count("closed-as-slow-read", closed, ""),
        ],
    );
    let latest = slow.map_or(0, |tally| tally.since_first_byte.value_at_quantile(0.99));
    let bound = u64::try_from((CLOSED_WITHIN + CLOSED_SLACK).as_nanos()).unwrap_or(u64::MAX);
    trial.invariant(
        "backpressure.closed-when-due",
        "ninety-nine of a hundred slow senders are closed within two windows of their first byte, and a second of slack",
        latest <= bound,
        format!("{latest} ns"),
        vec![Fact::count("first-byte-to-close-p99", latest, "ns"), Fact::count("bound", bound, "ns")],
    );
}

fn start(trial: &Trial) -> Result<(Process, std::net::SocketAddr), Wrong> {
    let window = format!("{}ms", WINDOW.as_millis());
    let launch = Launch::of(faults::binary("guarded-server")?)
        .args([
            "--listen",
            "127.0.0.1:0",
            "--log-level",
            "error",
            "--service",
            "echo",
            "--connections",
            "8192",
        ])
        // The header deadline is out of the way: the rule that this drill is about is the one of progress.
        .args(["--header-timeout", "30s", "--progress-bytes", PROGRESS_BYTES, "--progress-window", &window])
        .args(["--source-connections", "4096"]);
    let process = trial.spawn(launch)?;
    let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
    let address = line.strip_prefix("listening on ").ok_or_else(|| format!("first line was {line:?}"))?;
    let address = address.parse()?;
    Ok((process, address))
}

fn stop(trial: &Trial, mut process: Process) -> TrialResult {
    process.signal(Signal::TERM)?;
    let ended = process.wait_with_deadline(DEADLINE)?;
    trial.invariant(
        "backpressure.ends-in-order",
        "the server ends in order when it is told to",
        ended.code() == Some(0),
        format!("exit {:?}: {}", ended.code(), ended.stderr_text()),
        Vec::new(),
    );
    Ok(())
}
