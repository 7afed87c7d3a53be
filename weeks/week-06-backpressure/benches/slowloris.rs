//! What normal clients feel of two thousand slow senders.
//!
//! Two servers alike stand side by side, one with the crowd on it and one without, and the same normal clients take turns
//! between them. So the crowd's own cost on this machine is there in both halves of a round, and what differs is what the
//! crowd does to its server.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Ratio, Series};
use hdrhistogram::Histogram as Recorder;
use load::crowd::{Behaviour, Crowd, Group as Slow, Plan as Crowding, Tally};
use load::offer::{Group, Offer, Plan};

use crate::servers::{BODY_BYTES, Server, Wrong, take};

/// Connections that are slow on purpose.
const SLOW: usize = 2000;
/// Addresses that they come from, so that no quota does the work of the rule.
const SOURCES: u8 = 20;
/// The p99 of normal clients may be 1.5 times what it is without.
const BAR: f64 = 1.0 / 1.5;
/// What the crowd's frame announces: it will never be whole.
const ANNOUNCED_BYTES: u32 = 4096;

/// Measures, and adds a measurement, a criterion and the ratio.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    eprintln!("normal clients beside two thousand slow senders");
    // Little computing: what is to be seen is the loop.
    let quotas = ["--queue", "4096", "--source-connections", "8192", "--source-in-flight", "65536"];
    // Short windows, so that a measurement of some seconds sees every slow sender closed and come back.
    let rules = ["--header-timeout", "1s", "--progress-window", "1s"];
    let args = [&quotas[..], &rules].concat();
    let (quiet, crowded) = (Server::start(20, &args)?, Server::start(20, &args)?);
    let normal = |server: &Server| {
        Offer::connect(Plan {
            seed,
            ..Plan::to(server.address).group(Group::open("normal", 50, 2000, BODY_BYTES))
        })
    };
    let mut offers = [normal(&quiet)?, normal(&crowded)?];
    let stop = Arc::new(AtomicBool::new(false));
    let crowd = begin_crowd(&crowded, seed, Arc::clone(&stop))?;

    let slot = Duration::from_millis(profile.pick(300, 300, 600));
    let mut latency = [
        Recorder::<u64>::new_with_bounds(1, 60_000_000_000, 2)?,
        Recorder::new_with_bounds(1, 60_000_000_000, 2)?,
    ];
    let (mut ratios, mut requests, mut right) = (Vec::new(), 0, 0);
    for round in 0..=profile.pick(4, 14, 30) {
        let mut p99 = [0.0; 2];
        for turn in 0..2 {
            let at = (round + turn) % 2;
            offers[at].run_for(slot)?;
            let seen = take(&mut offers[at], "normal")?;
            p99[at] = seen.latency.value_at_quantile(0.99).max(1) as f64;
            requests += seen.requests + seen.carried;
            right += seen.right;
            if round > 0 {
                latency[at].add(&seen.latency)?;
            }
        }
        if round > 0 {
            ratios.push(p99[0] / p99[1]);
        }
    }
    stop.store(true, Ordering::Relaxed);
    let tally = crowd.join().map_err(|_| "the crowd panicked")??;
    drop(offers);
    quiet.stop()?;
    crowded.stop()?;
    let seen = tally.group("slow").ok_or("the plan has one group")?;
    let closed: u64 = seen.codes.values().sum();
    let answered = Criterion::check(
        "backpressure.slowloris-answered",
        "every request of the normal clients is answered while two thousand slow senders come back again and again",
        requests == right && requests > 0 && closed > 0,
        format!("{right} of {requests}; {closed} slow senders closed with a code: {:?}", seen.codes),
    )
    .fact(Fact::count("requests", requests, ""))
    .fact(Fact::count("slow-connections", seen.connected, ""))
    .fact(Fact::count("closed-with-a-code", closed, ""));
    let [without, with] = &latency;
    let measurement = Measurement::of("slowloris", "A request of one of fifty normal clients", "ns")
        .series(Series::of("without slow senders", Histogram::from_hdr(without)))
        .series(Series::of("beside 2,000 slow senders", Histogram::from_hdr(with)));
    Ok(finding.measurement(measurement).criterion(answered).ratio(Ratio::of_rounds(
        "slowloris-p99",
        "p99 of normal clients without slow senders over that beside them",
        "beside 2,000 slow senders",
        "without them",
        &ratios,
        (profile != Profile::Quick).then_some(BAR),
    )))
}

type Crowded = std::thread::JoinHandle<Result<Tally, Wrong>>;

/// Two thousand connections, each a byte a second into a message that will never be whole. Whoever is closed comes back.
fn begin_crowd(server: &Server, seed: u64, stop: Arc<AtomicBool>) -> Result<Crowded, Wrong> {
    let says = [&ANNOUNCED_BYTES.to_be_bytes()[..], b"\x01\x04slow", &[0; 256]].concat();
    let behaviour = Behaviour::SlowSender { says, piece_bytes: 1, every: Duration::from_secs(1) };
    let sources = (1..=SOURCES).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 6, last)));
    let slow = Slow::of("slow", SLOW, behaviour).total(SLOW as u64 * 50).sources(sources);
    let mut crowd = Crowd::connect(Crowding { seed, ..Crowding::to(server.address).group(slow) })?;
    Ok(std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            crowd.run_for(Duration::from_millis(50))?;
        }
        Ok(crowd.tally())
    }))
}
