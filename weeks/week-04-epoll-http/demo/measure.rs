//! What was measured: latencies in each part of the script, and the course of answers and failures over time.

use std::time::Duration;

use evidence::{Fact, Finding, Histogram, Measurement, Series};

use crate::account::Account;
use crate::clients::{Did, Sent};
use crate::marks::{Marks, Span, overlaps};
use crate::probe::Probe;

/// Points of a course over time.
const POINTS_MAX: f64 = 100.0;

/// Adds all measurements.
pub(crate) fn all(
    finding: Finding,
    marks: &Marks,
    clients: &[Did],
    prober: &[Probe],
    account: &Account,
) -> Finding {
    finding
        .measurement(echo_latency(marks, clients))
        .measurement(health_latency(marks, prober))
        .measurement(course(marks, clients, account))
}

/// The part of the script that a request belongs to: the first one that it was under way in, failures first.
fn part(marks: &Marks, began: std::time::Instant, took: Duration) -> usize {
    let recovery: Span = (marks.outage.0, marks.recovered);
    match () {
        () if overlaps(began, took, recovery) => 2,
        () if overlaps(began, took, marks.server_frozen) => 1,
        () if began < marks.outage.0 => 0,
        () => 3,
    }
}

const PARTS: [&str; 4] = ["before", "frozen server", "outage and recovery", "after"];

fn echo_latency(marks: &Marks, clients: &[Did]) -> Measurement {
    let mut parts: [Vec<u64>; 4] = Default::default();
    for Sent { began, took, .. } in clients.iter().flat_map(|did| &did.sent) {
        parts[part(marks, *began, *took)].push(nanoseconds(*took));
    }
    let measurement = Measurement::of("echo-latency", "One echo of up to 4 KiB, with all its attempts", "ns");
    PARTS.iter().zip(parts).filter(|(_, values)| !values.is_empty()).fold(
        measurement,
        |measurement, (name, values)| {
            let count = values.len() as u64;
            let series = Series::of(name, Histogram::of_values(values));
            measurement.series(series.fact(Fact::count("requests", count, "requests")))
        },
    )
}

fn health_latency(marks: &Marks, prober: &[Probe]) -> Measurement {
    let undisturbed = |probe: &&Probe| probe.up && !overlaps(probe.at, probe.took, marks.server_frozen);
    let values = prober.iter().filter(undisturbed).map(|probe| nanoseconds(probe.took));
    Measurement::of("health-latency", "One question about health, answered", "ns")
        .series(Series::of("GET /health", Histogram::of_values(values)))
}

/// Requests answered and attempts failed, in each slice of time.
fn course(marks: &Marks, clients: &[Did], account: &Account) -> Measurement {
    let slice = (marks.length().as_secs_f64() / POINTS_MAX * 10.0).ceil() / 10.0;
    let slices = (marks.length().as_secs_f64() / slice).ceil() as usize;
    let count = |moments: &mut dyn Iterator<Item = f64>| {
        let mut counts = vec![0_u64; slices];
        for at in moments {
            let index = (at.max(0.0) / slice) as usize;
            counts[index.min(slices - 1)] += 1;
        }
        let point = |(index, count): (usize, u64)| ((index as f64 + 0.5) * slice, count as f64 / slice);
        counts.into_iter().enumerate().map(point).collect::<Vec<_>>()
    };
    let sent = clients.iter().flat_map(|did| &did.sent).filter(|sent| sent.attempts.is_some());
    let answered = count(&mut sent.map(|sent| marks.at(sent.began + sent.took)));
    let failed = count(&mut account.failures.iter().map(|(ms, _)| marks.at_log_time(*ms)));
    Measurement::of("course", "Answers to the eight paced clients, and failed attempts of all", "1/s")
        .series(Series::over_time("answered", answered))
        .series(Series::over_time("failed attempts", failed))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
