//! What fifty polite clients feel of a greedy one: their p99 without it and with it, in turns, against the same server.
//!
//! Both crowds stay connected all the time, so that the server watches the same descriptors in either half of a round and
//! the greedy client's requests are the only difference.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Ratio, Series};
use faults::process::{Launch, Process, Signal, Stream};
use hdrhistogram::Histogram as Recorder;
use load::{Dialect, Group, GroupOutcome, LATENCY_NS_MAX, Load, Plan, Role, pin};

/// Long enough for a server to start or to stop on any machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// Clients that wait for each answer before they ask again.
const POLITE: usize = 50;
const REQUEST_BYTES: usize = 64;
/// The p99 of the polite ones with the greedy one may be twice what it is without.
const BAR: f64 = 0.5;

type Wrong = Box<dyn Error + Send + Sync>;

/// What was seen under one poller.
struct Seen {
    poller: &'static str,
    alone: Recorder<u64>,
    beside: Recorder<u64>,
    /// p99 without over p99 with.
    rounds: Vec<f64>,
    requests: u64,
    unanswered: u64,
    greedy_per_second: f64,
}

/// Measures, and adds a measurement, a criterion, and a ratio for each poller.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Box<dyn Error>> {
    // A thread of its own, because it ties itself to a core, and whoever comes next should be free again.
    let measured = std::thread::scope(|scope| {
        scope.spawn(|| ["poll", "select"].map(|poller| under(poller, profile, seed))).join()
    });
    let seen = measured.map_err(|_| "the measurement of fairness panicked")?;
    let mut latency = Measurement::of("fairness-latency", "An answer to one of fifty polite clients", "ns");
    let (mut requests, mut unanswered) = (0, 0);
    let mut ratios = Vec::new();
    for seen in seen {
        let seen = seen.map_err(|error| error.to_string())?;
        let poller = seen.poller;
        latency =
            latency.series(Series::of(&format!("{poller}, alone"), Histogram::from_hdr(&seen.alone))).series(
                Series::of(&format!("{poller}, beside a greedy one"), Histogram::from_hdr(&seen.beside))
                    .fact(Fact::real("greedy-rate", seen.greedy_per_second.round(), "requests/s")),
            );
        ratios.push(Ratio::of_rounds(
            &format!("fairness-{poller}"),
            &format!("p99 of fifty polite clients under {poller} without a greedy one, over that with it"),
            "with the greedy one",
            "without it",
            &seen.rounds,
            Some(BAR),
        ));
        requests += seen.requests;
        unanswered += seen.unanswered;
    }
    let detail = format!("{unanswered} of {requests} requests were not answered rightly");
    let claim = "every request of the polite clients is answered, beside a greedy one as without it";
    let all = Criterion::check("event-loop.fairness-answered", claim, unanswered == 0, detail)
        .fact(Fact::count("requests", requests, ""));
    let finding = finding.measurement(latency).criterion(all);
    Ok(ratios.into_iter().fold(finding, Finding::ratio))
}

fn under(poller: &'static str, profile: Profile, seed: u64) -> Result<Seen, Wrong> {
    eprintln!("fairness under {poller}");
    pin::this_thread(0)?;
    let (mut server, address) = start(poller)?;
    pin::this_thread(1)?;
    let polite = || Group::closed("polite", POLITE, 1, REQUEST_BYTES);
    let plan = Plan { seed, ..Plan::to(address, Dialect::Echo) };
    let greedy = Group::closed("greedy", 1, 1, REQUEST_BYTES).role(Role::Greedy);
    let mut without = Load::connect(plan.clone().group(polite()))?;
    let mut with = Load::connect(plan.group(polite()).group(greedy))?;
    let slot = Duration::from_millis(profile.pick(40, 100, 250));
    for load in [&mut without, &mut with] {
        load.run_for(slot)?;
        load.reset();
    }
    let recorder = || Recorder::new_with_bounds(1, LATENCY_NS_MAX, 2);
    let mut seen = Seen {
        poller,
        alone: recorder()?,
        beside: recorder()?,
        rounds: Vec::new(),
        requests: 0,
        unanswered: 0,
        greedy_per_second: 0.0,
    };
    let rounds = profile.pick(4, 10, 30);
    for _ in 0..rounds {
        let alone = seen.turn(&mut without, slot)?;
        let beside = seen.turn(&mut with, slot)?;
        seen.alone.add(&alone.latency)?;
        seen.beside.add(&beside.latency)?;
        let p99 = |group: &GroupOutcome| group.latency.value_at_quantile(0.99).max(1) as f64;
        seen.rounds.push(p99(&alone) / p99(&beside));
    }
    seen.greedy_per_second /= f64::from(rounds);
    drop((without, with));
    server.signal(Signal::TERM)?;
    server.wait_with_deadline(DEADLINE)?;
    Ok(seen)
}

impl Seen {
    /// One half of a round; returns what the polite ones saw.
    fn turn(&mut self, load: &mut Load, slot: Duration) -> Result<GroupOutcome, Wrong> {
        load.run_for(slot)?;
        let mut outcome = load.outcome();
        load.reset();
        if let Some(greedy) = outcome.group("greedy") {
            self.greedy_per_second += greedy.throughput();
        }
        let polite = outcome.groups.swap_remove(0);
        self.requests += polite.requests;
        self.unanswered += polite.requests - polite.replies.min(polite.requests);
        Ok(polite)
    }
}

/// A server whose log is quiet while all is well.
fn start(poller: &str) -> Result<(Process, SocketAddr), Wrong> {
    let process = Launch::of(env!("CARGO_BIN_EXE_loop-server"))
        .args(["--listen", "127.0.0.1:0", "--log-level", "warn", "--poller", poller])
        .spawn()?;
    let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
    let address = line.strip_prefix("listening on ").ok_or_else(|| format!("first line was {line:?}"))?;
    let address = address.parse()?;
    Ok((process, address))
}
