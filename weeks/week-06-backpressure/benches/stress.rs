//! The five stress scenarios of `fixtures/stress.yaml`: what is broken is done here, what is expected and what decides
//! stands there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use backpressure::scenario::{Load, STRESS_DEFAULT, Scenario, parse};
use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding};
use faults::counters;
use load::crowd::{Behaviour, Crowd, Group as Slow, Plan as Crowding};
use load::offer::{Group, Importance, Offer, Plan};

use crate::patient::Patient;
use crate::servers::{PATIENCE, ROUNDS, Server, Wrong, take, timed};

/// How often the goodput of the storm is looked at.
const INTERVAL: Duration = Duration::from_millis(100);
/// Recovered: that part of the usual goodput.
const RECOVERED: f64 = 0.9;
/// Rules with short windows, so that a scenario of some seconds sees them at work.
const SHORT_RULES: [&str; 6] =
    ["--header-timeout", "1s", "--progress-window", "1s", "--progress-bytes", "1024"];

/// Runs all five, and adds a criterion for each.
pub(crate) fn measure(mut finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    for scenario in parse(STRESS_DEFAULT)? {
        eprintln!("stress: {}", scenario.id);
        let time = Duration::from_secs(scenario.load.seconds) / profile.pick(4, 2, 1);
        let run = Run { load: &scenario.load, time, seed };
        let observed = match scenario.id.as_str() {
            "slow-senders" => run.slow_senders()?,
            "slow-readers" => run.slow_readers()?,
            "burst-10x" => run.burst()?,
            "retry-storm" => run.retry_storm()?,
            "greedy-tenant" => run.greedy_tenant()?,
            other => return Err(format!("nobody knows how to run the scenario `{other}`").into()),
        };
        finding = finding.criterion(judge(&scenario, observed, profile));
    }
    Ok(finding)
}

fn judge(scenario: &Scenario, observed: f64, profile: Profile) -> Criterion {
    let rounded = (observed * 100.0).round() / 100.0;
    let gate = &scenario.gate;
    let id = format!("backpressure.stress-{}", scenario.id);
    let mut criterion =
        timed(&id, &scenario.hypothesis, gate.holds(observed), format!("{rounded} {:?}", gate.unit), profile)
            .fact(Fact::text("fault", &scenario.fault))
            .fact(Fact::real("observed", rounded, ""));
    if let Some(bound) = gate.at_least {
        criterion = criterion.fact(Fact::real("at-least", bound, ""));
    }
    if let Some(bound) = gate.at_most {
        criterion = criterion.fact(Fact::real("at-most", bound, ""));
    }
    criterion
}

/// One scenario's numbers.
struct Run<'a> {
    load: &'a Load,
    time: Duration,
    seed: u64,
}

impl Run<'_> {
    fn polite(&self, address: SocketAddr) -> Result<Offer, Wrong> {
        let group = Group::open("polite", self.load.polite as usize, self.load.requests_per_second, 64);
        let group =
            group.calls(Duration::from_secs(1), Importance::Ordinary).deadline(Duration::from_secs(1));
        Ok(Offer::connect(Plan { seed: self.seed, ..Plan::to(address).group(group) })?)
    }

    /// How many of the slow ones were closed by a rule, in percent.
    fn slow_senders(&self) -> Result<f64, Wrong> {
        let server = Server::start(1, &[&SHORT_RULES[..], &["--source-connections", "8192"]].concat())?;
        let says = [&4096_u32.to_be_bytes()[..], b"\x01\x04slow", &[0; 64]].concat();
        let behaviour = Behaviour::SlowSender { says, piece_bytes: 1, every: Duration::from_millis(500) };
        let slow = Slow::of("slow", self.load.offending as usize, behaviour);
        let mut crowd =
            Crowd::connect(Crowding { seed: self.seed, ..Crowding::to(server.address).group(slow) })?;
        let mut polite = self.polite(server.address)?;
        let time = self.time;
        let crowd = std::thread::spawn(move || crowd.run_for(time).map(|()| crowd.tally()));
        polite.run_for(time)?;
        let tally = crowd.join().map_err(|_| "the crowd panicked")??;
        let seen = tally.group("slow").ok_or("the plan has one group")?;
        let rules = ["SLOW-READ", "HEADER-DEADLINE", "BODY-DEADLINE"];
        let closed: u64 = rules.iter().filter_map(|code| seen.codes.get(*code)).sum();
        drop(polite);
        server.stop()?;
        Ok(closed as f64 * 100.0 / seen.connected.max(1) as f64)
    }

    /// By how much memory grew at most, in MiB.
    fn slow_readers(&self) -> Result<f64, Wrong> {
        let server = Server::start(1, &[&SHORT_RULES[..], &["--source-connections", "8192"]].concat())?;
        let body = vec![7; self.load.body_bytes as usize];
        let payload = [&b"\x01\x04slow"[..], &body].concat();
        let frame = [&(payload.len() as u32).to_be_bytes()[..], &payload].concat();
        let behaviour =
            Behaviour::SlowReader { frame, times: 2000, read_bytes: 128, every: Duration::from_millis(500) };
        let slow = Slow::of("slow", self.load.offending as usize, behaviour).receive_buffer(16 << 10);
        let mut polite = self.polite(server.address)?;
        polite.run_for(Duration::from_millis(200))?;
        let before = counters::rss_bytes_of(server.process.pid())?;
        let mut crowd =
            Crowd::connect(Crowding { seed: self.seed, ..Crowding::to(server.address).group(slow) })?;
        let time = self.time;
        let crowd = std::thread::spawn(move || crowd.run_for(time).map(|()| crowd.tally()));
        polite.run_for(time)?;
        crowd.join().map_err(|_| "the crowd panicked")??;
        let peak = counters::peak_rss_bytes_of(server.process.pid())?;
        drop(polite);
        server.stop()?;
        Ok(peak.saturating_sub(before) as f64 / f64::from(1 << 20))
    }

    /// Goodput during the burst, in percent of capacity.
    fn burst(&self) -> Result<f64, Wrong> {
        let server = Server::guarded()?;
        let capacity = server.capacity(self.seed, self.time / 8)?;
        let group = |name, connections, rate: f64| {
            Group::open(name, connections, rate as u64, self.load.body_bytes as usize)
                .calls(PATIENCE, Importance::Ordinary)
                .deadline(PATIENCE)
        };
        let plan = Plan { seed: self.seed, ..Plan::to(server.address) }
            .group(group("usual", self.load.polite as usize, capacity * 0.5))
            .group(group("burst", self.load.offending as usize, capacity * 9.5));
        let mut offer = Offer::connect(plan)?;
        offer.push_for(self.time / 5)?;
        let outcome = offer.outcome();
        let right: u64 = outcome.groups.iter().map(|group| group.right).sum();
        drop(offer);
        server.stop()?;
        Ok(right as f64 * 100.0 / (self.time / 5).as_secs_f64() / capacity)
    }

    /// How long after a stall of two seconds goodput is back, in milliseconds.
    fn retry_storm(&self) -> Result<f64, Wrong> {
        let server = Server::guarded()?;
        let group = Group::open("polite", self.load.polite as usize, self.load.requests_per_second, 64)
            .calls(PATIENCE, Importance::Ordinary)
            .deadline(PATIENCE)
            .retry(Patient::seeded);
        let plan =
            Plan { seed: self.seed, interval: Some(INTERVAL), ..Plan::to(server.address).group(group) };
        let mut offer = Offer::connect(plan)?;
        let (before, stall) = (Duration::from_secs(1), Duration::from_secs(2));
        offer.push_for(before)?;
        server.process.stop(Duration::from_secs(5))?;
        offer.push_for(stall)?;
        server.process.resume(Duration::from_secs(5))?;
        offer.push_for(self.time.max(Duration::from_secs(4)))?;
        let outcome = offer.outcome();
        let seen = outcome.group("polite").ok_or("the plan has one group")?;
        let usual = self.load.requests_per_second as f64 * INTERVAL.as_secs_f64();
        let over = (before + stall).as_secs_f64();
        let back = seen.intervals.iter().filter(|at| at.at_seconds > over);
        let back = back.into_iter().find(|interval| interval.right as f64 >= usual * RECOVERED);
        drop(offer);
        server.stop()?;
        Ok(back.map_or(1e9, |interval| (interval.at_seconds - over) * 1e3))
    }

    /// How many of the others' requests are answered beside a greedy tenant, in percent.
    fn greedy_tenant(&self) -> Result<f64, Wrong> {
        let server = Server::start(ROUNDS / 100, &["--egress-rate", "1048576", "--egress-burst", "262144"])?;
        let mut polite = self.polite(server.address)?;
        let greedy =
            Group::closed("greedy", 8 * self.load.offending as usize, 32, self.load.body_bytes as usize)
                .source(IpAddr::V4(Ipv4Addr::new(127, 0, 7, 1)))
                .deadline(Duration::from_secs(30));
        let plan =
            Plan { seed: self.seed, reconnect: Some(INTERVAL), ..Plan::to(server.address).group(greedy) };
        let mut offer = Offer::connect(plan)?;
        let time = self.time;
        let greedy = std::thread::spawn(move || offer.push_for(time).map(|()| offer.outcome()));
        polite.run_for(time)?;
        let seen = take(&mut polite, "polite")?;
        greedy.join().map_err(|_| "the greedy tenant panicked")??;
        drop(polite);
        server.stop()?;
        Ok(seen.right as f64 * 100.0 / seen.requests.max(1) as f64)
    }
}
