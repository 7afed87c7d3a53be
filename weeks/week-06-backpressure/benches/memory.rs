//! Resident memory at five times capacity: it rises to its level, and stays there.

use std::time::{Duration, Instant};

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Measurement, Series};
use faults::counters;
use load::offer::Offer;

use crate::servers::{Server, Wrong, clients};

const OVERLOAD: f64 = 5.0;
/// From the first quarter to the end, memory may rise by so much: 8 MiB.
const RISE_BYTES_MAX: u64 = 8 << 20;

/// Measures, and adds a measurement and the criterion.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    eprintln!("memory at five times capacity");
    let server = Server::guarded()?;
    let capacity = server.capacity(seed, Duration::from_millis(profile.pick(300, 500, 1000)))?;
    let mut offer = Offer::connect(clients(server.address, capacity * OVERLOAD, seed))?;
    let time = Duration::from_secs(profile.pick(2, 8, 60));
    let (began, mut points) = (Instant::now(), Vec::new());
    let every = time / 80;
    while began.elapsed() < time {
        offer.push_for(every)?;
        let resident = counters::rss_bytes_of(server.process.pid())?;
        points.push((began.elapsed().as_secs_f64(), resident as f64));
    }
    drop(offer);
    server.stop()?;
    let quarter = points.len() / 4;
    let highest = |part: &[(f64, f64)]| part.iter().map(|point| point.1).fold(0.0, f64::max);
    let (early, late) = (highest(&points[..quarter.max(1)]), highest(&points[quarter..]));
    let rise = (late - early).max(0.0) as u64;
    let criterion = Criterion::check(
        "backpressure.memory-level",
        "at five times capacity memory reaches its level in the first quarter and does not rise above it",
        rise <= RISE_BYTES_MAX,
        format!("{rise} bytes above the first quarter"),
    )
    .fact(Fact::count("rise", rise, "bytes"))
    .fact(Fact::count("bound", RISE_BYTES_MAX, "bytes"));
    let measurement = Measurement::of("memory", "Resident memory at five times capacity", "bytes");
    Ok(finding
        .measurement(measurement.series(Series::over_time("with the ladder", points)))
        .criterion(criterion))
}
