//! The loop alone beside the loop with one, two and four workers: the same requests, in turns.
//!
//! Two cells. In the first a body is hashed once, so that reading it costs the loop nearly as much as hashing it costs a
//! worker; in the second eight times, so that nearly all of the time is computing. The client needs a core as well, and
//! how much of it is on record: on a machine with two cores, the client is one of the things that are full.

use std::time::Duration;

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Ratio, Series};
use faults::process::Process;
use hdrhistogram::Histogram as Recorder;
use load::cpu;
use load::offer::{Group, Offer};

use crate::servers::{Wrong, digest, plan, start, stop};

const BODY_BYTES: usize = 64 << 10;
const CONNECTIONS: usize = 8;
const DEPTH: u32 = 4;
/// Nobody is refused: more may wait than are ever under way.
const QUEUE: &str = "256";

struct Contestant {
    name: String,
    workers: usize,
    server: Process,
    offer: Offer,
    rates: Vec<f64>,
    latency: Recorder<u64>,
    requests: u64,
    right: u64,
    server_time: Duration,
}

/// Measures both cells, and adds a measurement and ratios for each.
pub(crate) fn measure(mut finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    let mut unanswered = Vec::new();
    let mut requests = 0;
    for rounds in [1_u32, 8] {
        eprintln!("64 KiB hashed {rounds} times: the loop alone, and with workers");
        let mut contestants = contestants(rounds, seed)?;
        let slot = Duration::from_millis(profile.pick(60, 250, 600));
        let turns = profile.pick(2, 8, 20);
        let client_before = cpu::time_of(std::process::id())?;
        let began = std::time::Instant::now();
        for round in 0..=turns {
            let count = contestants.len();
            for turn in 0..count {
                contestants[(round + turn) % count].turn(slot, round > 0)?;
            }
        }
        let client = cpu::time_of(std::process::id())?.saturating_sub(client_before);
        let client_share = client.as_secs_f64() / began.elapsed().as_secs_f64();
        let word = format!("scaling-{rounds}x");
        let title = format!("64 KiB hashed {}, by number of workers", times(rounds));
        let mut measurement = Measurement::of(&word, &title, "ns");
        for contestant in &contestants {
            measurement = measurement.series(contestant.series(client_share));
            requests += contestant.requests;
            if contestant.right != contestant.requests {
                unanswered.push(format!(
                    "{} at {word}: {} of {}",
                    contestant.name, contestant.right, contestant.requests
                ));
            }
        }
        finding = finding.measurement(measurement);
        let (alone, pooled) = contestants.split_at(1);
        for contestant in pooled {
            let ratios: Vec<f64> =
                contestant.rates.iter().zip(&alone[0].rates).map(|(ours, alone)| ours / alone).collect();
            finding = finding.ratio(Ratio::of_rounds(
                &format!("{word}-{}", contestant.workers),
                &format!("{title}: requests a second over the loop alone"),
                &contestant.name,
                "the loop alone",
                &ratios,
                None,
            ));
        }
        for contestant in contestants {
            drop(contestant.offer);
            stop(contestant.server)?;
        }
    }
    let claim = "every request is answered with its digest, whoever computes it";
    let all =
        Criterion::check("worker-pool.scaling-answered", claim, unanswered.is_empty(), unanswered.join(", "));
    Ok(finding.criterion(all.fact(Fact::count("requests", requests, ""))))
}

fn times(rounds: u32) -> String {
    if rounds == 1 { "once".into() } else { format!("{rounds} times") }
}

fn contestants(rounds: u32, seed: u64) -> Result<Vec<Contestant>, Wrong> {
    let mut all = Vec::new();
    for workers in [0, 1, 2, 4] {
        let (many, times) = (workers.to_string(), rounds.to_string());
        let (server, address) = start(&["--workers", &many, "--rounds", &times, "--queue", QUEUE])?;
        let group = Group::closed("hash", CONNECTIONS, DEPTH, BODY_BYTES).expecting(digest(rounds));
        let offer = Offer::connect(plan(address, group, seed))?;
        let name = match workers {
            0 => "the loop alone".to_owned(),
            1 => "1 worker".to_owned(),
            many => format!("{many} workers"),
        };
        all.push(Contestant {
            name,
            workers,
            server,
            offer,
            rates: Vec::new(),
            latency: Recorder::new_with_bounds(1, 60_000_000_000, 2)?,
            requests: 0,
            right: 0,
            server_time: Duration::ZERO,
        });
    }
    Ok(all)
}

impl Contestant {
    fn turn(&mut self, slot: Duration, counts: bool) -> Result<(), Wrong> {
        let before = cpu::time_of(self.server.pid())?;
        self.offer.run_for(slot)?;
        let outcome = self.offer.outcome();
        self.offer.reset();
        let group = outcome.group("hash").ok_or("the plan has one group")?;
        self.requests += group.requests;
        self.right += group.right;
        if counts {
            self.rates.push(group.goodput());
            self.latency.add(&group.latency)?;
            self.server_time += cpu::time_of(self.server.pid())?.saturating_sub(before);
        }
        Ok(())
    }

    fn series(&self, client_share: f64) -> Series {
        let mut rates = self.rates.clone();
        rates.sort_by(f64::total_cmp);
        let at = |index: usize| rates.get(index).copied().unwrap_or(0.0).round();
        let percentile =
            |p| Fact::count(&format!("p{p}"), self.latency.value_at_percentile(f64::from(p)), "ns");
        let series = Series::of(&self.name, Histogram::from_hdr(&self.latency));
        series
            .fact(Fact::real("throughput", at(rates.len() / 2), "requests/s"))
            .fact(Fact::real("lowest", at(0), "requests/s"))
            .fact(Fact::real("highest", at(rates.len().saturating_sub(1)), "requests/s"))
            .fact(percentile(50_u32))
            .fact(percentile(95))
            .fact(percentile(99))
            .fact(Fact::real(
                "server-time",
                (self.server_time.as_nanos() as f64 / self.right.max(1) as f64).round(),
                "ns/request",
            ))
            .fact(Fact::real("client-core", (client_share * 100.0).round(), "%"))
    }
}
