//! A stall of two seconds, and what the retries do afterwards.
//!
//! The load is well below capacity, and the server stands still for two seconds. Then one pair meets it with what most
//! clients do, which is to try again at once, and a server that answers everything; and the other with a retry budget, a
//! deadline that travels, and a ladder. The first can stay down for as long as anybody looks: every answer is for somebody who has
//! gone and come back as a new request (Bronson and others, *Metastable Failures in Distributed Systems*, HotOS 2021).

use std::time::Duration;

use evidence::run::Profile;
use evidence::{Fact, Finding, Measurement, Series};
use load::offer::{Eager, Group, GroupOutcome, Importance, Offer, Plan};

use crate::patient::Patient;
use crate::servers::{BODY_BYTES, PATIENCE, Server, Wrong, timed};

/// Of capacity, before, during and after the stall.
const LOAD: f64 = 0.7;
const STALL: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(250);
/// Attempts of a naive client, the first included, with no pause between them.
const NAIVE_ATTEMPTS: u32 = 10;

/// At the end, goodput has to be that part of what it was before the stall.
const RECOVERED: f64 = 0.9;
/// And retries no more than that part of first attempts.
const RETRIES_MAX: f64 = 0.05;

/// Measures, and adds two measurements and the criteria.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    let (before, after) =
        (Duration::from_millis(profile.pick(1000, 2000, 4000)), Duration::from_secs(profile.pick(4, 8, 20)));
    let mut goodput =
        Measurement::of("storm", "Right answers in time, around a stall of two seconds", "requests/s");
    let mut retries = Measurement::of("storm-retries", "Retries, around the same stall", "requests/s");
    let mut ends = Vec::new();
    for (name, patient) in [("patient clients, the ladder", true), ("naive clients, no ladder", false)] {
        eprintln!("a stall of two seconds: {name}");
        let server = if patient { Server::guarded()? } else { Server::unguarded()? };
        let capacity = server.capacity(seed, Duration::from_millis(profile.pick(300, 1000, 1000)))?;
        let rate = ((capacity * LOAD) as u64).max(1);
        let group = Group::open("clients", 64, rate, BODY_BYTES).deadline(PATIENCE);
        let group = if patient { group.calls(PATIENCE, Importance::Ordinary) } else { group };
        let group = if patient {
            group.retry(Patient::seeded)
        } else {
            group.retry(|_| Eager { attempts: NAIVE_ATTEMPTS, pause: Duration::ZERO })
        };
        let plan = Plan { seed, interval: Some(INTERVAL), ..Plan::to(server.address).group(group) };
        let mut offer = Offer::connect(plan)?;
        offer.push_for(before)?;
        server.process.stop(Duration::from_secs(5))?;
        offer.push_for(STALL)?;
        server.process.resume(Duration::from_secs(5))?;
        offer.push_for(after)?;
        let outcome = offer.outcome();
        let seen = outcome.group("clients").ok_or("the plan has one group")?;
        let per_second = |count: u64| count as f64 / INTERVAL.as_secs_f64();
        let points = |of: fn(&load::offer::Interval) -> u64| -> Vec<(f64, f64)> {
            seen.intervals.iter().map(|interval| (interval.at_seconds, per_second(of(interval)))).collect()
        };
        goodput = goodput.series(Series::over_time(name, points(|interval| interval.right)));
        retries = retries.series(Series::over_time(name, points(|interval| interval.retries)));
        ends.push(End::of(seen, before, after));
        drop(offer);
        server.stop()?;
    }
    let [patient, naive] = &ends[..] else { return Err("two pairs were measured".into()) };
    let percent = |value: f64| (value * 1e4).round() / 100.0;
    let criterion = timed(
        "backpressure.storm-dies-out",
        "after the stall, goodput is back and hardly anybody retries, with patient clients and the ladder",
        patient.goodput >= RECOVERED && patient.retries <= RETRIES_MAX,
        format!("{} % of the goodput, {} % retries", percent(patient.goodput), percent(patient.retries)),
        profile,
    )
    .fact(Fact::real("goodput-at-the-end", percent(patient.goodput), "%"))
    .fact(Fact::real("retries-at-the-end", percent(patient.retries), "%"))
    .fact(Fact::real("naive-goodput-at-the-end", percent(naive.goodput), "%"))
    .fact(Fact::real("naive-retries-at-the-end", percent(naive.retries), "%"));
    Ok(finding.measurement(goodput).measurement(retries).criterion(criterion))
}

/// The last quarter of the time after the stall, beside the time before it.
struct End {
    /// Goodput over that of before.
    goodput: f64,
    /// Retries over first attempts.
    retries: f64,
}

impl End {
    fn of(seen: &GroupOutcome, before: Duration, after: Duration) -> Self {
        let end = (before + STALL + after).as_secs_f64();
        let from = end - after.as_secs_f64() / 4.0;
        let rate = |from: f64, to: f64, of: fn(&load::offer::Interval) -> u64| {
            let within = seen.intervals.iter().filter(|at| at.at_seconds > from && at.at_seconds <= to);
            within.map(of).sum::<u64>() as f64 / (to - from)
        };
        let right = |interval: &load::offer::Interval| interval.right;
        let usual = rate(0.25, before.as_secs_f64(), right).max(1.0);
        let first = rate(from, end, |interval| interval.first).max(1.0);
        End {
            goodput: rate(from, end, right) / usual,
            retries: rate(from, end, |interval| interval.retries) / first,
        }
    }
}
