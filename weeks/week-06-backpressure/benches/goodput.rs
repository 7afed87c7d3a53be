//! Goodput against offered load, with the ladder and without it, in one run.
//!
//! Goodput is what was of use: right answers within the deadline of whoever asked. Both servers stand all the time and take
//! turns at each load; before each turn the server has come to rest, so that no load inherits the queue of another.

use std::time::Duration;

use evidence::run::Profile;
use evidence::{Fact, Finding, Measurement, Ratio, Series};
use hdrhistogram::Histogram as Recorder;
use load::offer::Offer;

use crate::servers::{Server, Wrong, clients, timed};

const AXIS: &str = "offered load, times capacity";
/// At five times capacity at least this part of the peak has to remain.
const BAR: f64 = 0.9;
/// Where the error rate is capped: four fifths of capacity.
const TARGET_LOAD: f64 = 0.8;
/// Of all requests at the target load, that many may fail: one in a hundred.
const ERROR_RATE_MAX: f64 = 0.01;
/// Without the ladder less than this part of the peak remains, or there was nothing to be defended against.
const COLLAPSE_MAX: f64 = 0.5;

/// One server at one load, over all rounds.
#[derive(Debug)]
struct Point {
    load: f64,
    goodput: Vec<f64>,
    errors: Vec<f64>,
    latency: Recorder<u64>,
}

/// A server and its points.
struct Curve {
    name: &'static str,
    server: Server,
    points: Vec<Point>,
}

/// Measures, and adds four measurements, the ratio, and the criteria.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    let loads: &[f64] = match profile {
        Profile::Quick => &[0.5, 0.8, 1.0, 2.0, 5.0],
        _ => &[0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0],
    };
    let (time, rounds) = (Duration::from_millis(profile.pick(300, 800, 2000)), profile.pick(1, 3, 6_u64));
    let guarded = Server::guarded()?;
    eprintln!("capacity");
    let capacity = guarded.capacity(seed, Duration::from_millis(profile.pick(300, 1000, 2000)))?;
    let mut curves = [
        Curve::new("with the ladder", guarded, loads)?,
        Curve::new("without it", Server::unguarded()?, loads)?,
    ];
    for round in 0..rounds {
        for (at, load) in loads.iter().enumerate() {
            eprintln!("goodput at {load} times capacity, round {} of {rounds}", round + 1);
            for turn in 0..2 {
                let curve = &mut curves[(round as usize + turn) % 2];
                curve.turn(at, capacity * load, time, seed + round)?;
            }
        }
    }
    let finding = report(finding, &curves, capacity, profile);
    for curve in curves {
        curve.server.stop()?;
    }
    Ok(finding)
}

impl Curve {
    fn new(name: &'static str, server: Server, loads: &[f64]) -> Result<Self, Wrong> {
        let point = |load: &f64| -> Result<Point, Wrong> {
            let latency = Recorder::new_with_bounds(1, 60_000_000_000, 2)?;
            Ok(Point { load: *load, goodput: Vec::new(), errors: Vec::new(), latency })
        };
        Ok(Curve { name, server, points: loads.iter().map(point).collect::<Result<_, _>>()? })
    }

    fn turn(&mut self, at: usize, per_second: f64, time: Duration, seed: u64) -> Result<(), Wrong> {
        self.server.settle()?;
        let mut offer = Offer::connect(clients(self.server.address, per_second, seed))?;
        // Not counted: until the queue is as long as this load makes it, a server looks better than it is.
        offer.push_for(time / 3)?;
        offer.reset();
        offer.push_for(time)?;
        // Not drained: as much was under way when the count began as is now that it ends.
        let outcome = offer.outcome();
        let (mut right, mut asked) = (0, 0);
        for group in &outcome.groups {
            right += group.right;
            asked += group.requests;
            self.points[at].latency.add(&group.latency)?;
        }
        self.points[at].goodput.push(right as f64 / time.as_secs_f64());
        self.points[at].errors.push((1.0 - right as f64 / asked.max(1) as f64).max(0.0));
        Ok(())
    }

    fn curve(&self, of: impl Fn(&Point) -> Option<f64>) -> Series {
        let points = self.points.iter().filter_map(|point| of(point).map(|value| (point.load, value)));
        Series::curve(self.name, points.collect())
    }

    /// The highest goodput of a round, over all loads.
    fn peak(&self, round: usize) -> f64 {
        self.points.iter().filter_map(|point| point.goodput.get(round)).copied().fold(0.0, f64::max)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn report(finding: Finding, curves: &[Curve; 2], capacity: f64, profile: Profile) -> Finding {
    let all = |id: &str, title: &str, unit: &str, of: &dyn Fn(&Point) -> Option<f64>| {
        let measurement = Measurement::of(id, title, unit).over(AXIS);
        curves.iter().fold(measurement, |measurement, curve| measurement.series(curve.curve(of)))
    };
    let quantile = |q: f64| {
        // A percentile of a handful is an anecdote.
        move |point: &Point| (point.latency.len() >= 20).then(|| point.latency.value_at_quantile(q) as f64)
    };
    let [with, without] = curves;
    let rounds = with.points[0].goodput.len();
    let last = |curve: &Curve, round: usize| {
        curve.points.last().and_then(|point| point.goodput.get(round)).copied().unwrap_or(0.0)
    };
    let kept = |curve: &Curve| -> Vec<f64> {
        (0..rounds).map(|round| last(curve, round) / curve.peak(round).max(1.0)).collect()
    };
    let target = with.points.iter().find(|point| point.load == TARGET_LOAD);
    let errors = target.map_or(1.0, |point| median(&point.errors));
    let percent = |value: f64| (value * 1e4).round() / 100.0;
    let error_cap = timed(
        "backpressure.error-cap",
        "at four fifths of capacity no more than one request in a hundred fails",
        errors <= ERROR_RATE_MAX,
        format!("{} % failed", percent(errors)),
        profile,
    )
    .fact(Fact::real("failed", percent(errors), "%"))
    .fact(Fact::real("cap", percent(ERROR_RATE_MAX), "%"))
    .fact(Fact::real("capacity", capacity.round(), "requests/s"));
    let remains = median(&kept(without));
    let collapse = timed(
        "backpressure.collapse-without",
        "without the ladder the same load leaves less than half of the peak",
        remains < COLLAPSE_MAX,
        format!("{} % of the peak remains", percent(remains)),
        profile,
    )
    .fact(Fact::real("remains-without", percent(remains), "%"))
    .fact(Fact::real("remains-with", percent(median(&kept(with))), "%"));
    finding
        .measurement(all("goodput", "Goodput: right answers in time", "requests/s", &|point| {
            Some(median(&point.goodput))
        }))
        .measurement(all(
            "goodput-errors",
            "Requests that failed, were refused or came too late",
            "%",
            &|point| Some(percent(median(&point.errors))),
        ))
        .measurement(all("goodput-p50", "Median latency of right answers in time", "ns", &quantile(0.5)))
        .measurement(all("goodput-p99", "99th percentile of right answers in time", "ns", &quantile(0.99)))
        .criterion(error_cap)
        .criterion(collapse)
        .ratio(Ratio::of_rounds(
            "goodput-at-5x",
            "Goodput at five times capacity over the peak goodput, with the ladder",
            "at five times capacity",
            "at the best load",
            &kept(with),
            (profile != Profile::Quick).then_some(BAR),
        ))
}
