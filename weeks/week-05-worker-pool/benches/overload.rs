//! What is accepted under overload: its 99th percentile, beside that of the same server with little to do.
//!
//! A bound on the queue is a bound on the wait. With one worker and one place to wait, whoever is accepted waits for what
//! runs and for nothing else, however many are refused meanwhile. Bodies have several sizes, as they have anywhere.

use std::time::Duration;

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Ratio, Series};
use hdrhistogram::Histogram as Recorder;
use load::offer::{Group, GroupOutcome, Offer};

use crate::servers::{Wrong, digest, plan, start, stop};

/// Bytes and weight: what is asked for, small and large.
const SIZES: [(usize, u32); 3] = [(4 << 10, 2), (16 << 10, 2), (32 << 10, 1)];
const ROUNDS: u32 = 40;
const CONNECTIONS: usize = 16;
/// The p99 of accepted work under overload may be twice what it is without.
const BAR: f64 = 0.5;

/// Measures, and adds a measurement, a criterion and the ratio.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    eprintln!("accepted work under overload");
    let rounds = ROUNDS.to_string();
    let (server, address) = start(&["--workers", "1", "--queue", "1", "--rounds", &rounds])?;
    let group =
        |rate| Group::open("hash", CONNECTIONS, rate, SIZES[0].0).sizes(SIZES).expecting(digest(ROUNDS));
    let capacity = capacity(address, seed, profile)?;
    let rate = |of_capacity: f64| ((capacity * of_capacity) as u64).max(1);
    let mut calm = Offer::connect(plan(address, group(rate(0.1)), seed))?;
    let mut storm = Offer::connect(plan(address, group(rate(3.0)), seed))?;
    let slot = Duration::from_millis(profile.pick(200, 500, 1500));
    let mut seen = [Seen::new("a tenth of capacity")?, Seen::new("three times capacity")?];
    let mut ratios = Vec::new();
    for round in 0..=profile.pick(2, 8, 16) {
        let mut p99 = [0.0; 2];
        for (at, offer) in [&mut calm, &mut storm].into_iter().enumerate() {
            offer.run_for(slot)?;
            let outcome = offer.outcome();
            offer.reset();
            let group = outcome.group("hash").ok_or("the plan has one group")?;
            p99[at] = group.latency.value_at_quantile(0.99).max(1) as f64;
            if round > 0 {
                seen[at].add(group)?;
            }
        }
        if round > 0 {
            ratios.push(p99[0] / p99[1]);
        }
    }
    drop((calm, storm));
    stop(server)?;
    let [calm, storm] = &seen;
    let accounted = seen.iter().all(|seen| seen.requests == seen.right + seen.refused && seen.right > 0);
    let claim =
        "under overload each request is answered rightly or refused with POOL-FULL, and nothing else happens";
    let detail = format!("{} + {} of {}", storm.right, storm.refused, storm.requests);
    let criterion =
        Criterion::check("worker-pool.overload-accounted", claim, accounted && storm.refused > 0, detail)
            .fact(Fact::real("capacity", capacity.round(), "requests/s"))
            .fact(Fact::count("requests", storm.requests, ""))
            .fact(Fact::count("answered", storm.right, ""))
            .fact(Fact::count("refused", storm.refused, ""));
    let measurement = Measurement::of("overload", "Accepted requests, from due to answered", "ns");
    let bar = (profile != Profile::Quick).then_some(BAR);
    Ok(finding
        .measurement(measurement.series(calm.series()).series(storm.series()))
        .criterion(criterion)
        .ratio(Ratio::of_rounds(
            "overload-p99",
            "p99 of accepted work at a tenth of capacity over that at three times capacity",
            "at three times capacity",
            "at a tenth of it",
            &ratios,
            bar,
        )))
}

/// What one worker can do, asked by a closed loop that never leaves it idle.
fn capacity(address: std::net::SocketAddr, seed: u64, profile: Profile) -> Result<f64, Wrong> {
    let group = Group::closed("hash", 2, 1, SIZES[0].0).sizes(SIZES).expecting(digest(ROUNDS));
    let mut offer = Offer::connect(plan(address, group, seed))?;
    offer.run_for(Duration::from_millis(profile.pick(200, 500, 1000)))?;
    let outcome = offer.outcome();
    Ok(outcome.group("hash").ok_or("the plan has one group")?.goodput())
}

/// What was seen at one load.
struct Seen {
    name: &'static str,
    latency: Recorder<u64>,
    requests: u64,
    right: u64,
    refused: u64,
}

impl Seen {
    fn new(name: &'static str) -> Result<Self, Wrong> {
        let latency = Recorder::new_with_bounds(1, 60_000_000_000, 2)?;
        Ok(Seen { name, latency, requests: 0, right: 0, refused: 0 })
    }

    fn add(&mut self, group: &GroupOutcome) -> Result<(), Wrong> {
        self.latency.add(&group.latency)?;
        self.requests += group.requests;
        self.right += group.right;
        self.refused += group.rejected.get("POOL-FULL").copied().unwrap_or(0);
        Ok(())
    }

    fn series(&self) -> Series {
        Series::of(self.name, Histogram::from_hdr(&self.latency))
            .fact(Fact::count("answered", self.right, ""))
            .fact(Fact::count("refused", self.refused, ""))
    }
}
