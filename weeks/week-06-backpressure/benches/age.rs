//! What queue age buys: the same two disturbances, judged by depth alone and by age.
//!
//! *Slow work*: every request costs ten times as much as the thresholds were set for, so that a queue which is short by
//! count is long by time. *A burst*: as many requests at once as fit into the queue, and then nothing; it is over before
//! anybody has waited long. Depth misses the first and refuses the second.

use std::time::Duration;

use evidence::run::Profile;
use evidence::{Fact, Finding, Measurement, Series};
use load::offer::{Group, GroupOutcome, Importance, Offer, Plan};

use crate::servers::{BODY_BYTES, PATIENCE, ROUNDS, Server, Wrong, take};

/// Requests of a burst on each of its connections, and how many connections.
const BURST: (usize, u32) = (16, 10);

/// Measures, and adds a measurement.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> Result<Finding, Wrong> {
    let mut measurement = Measurement::of(
        "age-or-depth",
        "What is answered in time, refused, and waited for in vain",
        "requests/s",
    );
    let time = Duration::from_millis(profile.pick(500, 2000, 5000));
    for (word, name) in [("on", "by age and depth"), ("depth-only", "by depth alone")] {
        eprintln!("what queue age buys: {name}");
        let args = ["--ladder", word, "--queue", "4096", "--source-in-flight", "65536"];
        let slow = Server::start(ROUNDS * 10, &args)?;
        let capacity = slow.capacity(seed, Duration::from_millis(profile.pick(300, 1000, 1000)))?;
        let rate = ((capacity * 2.0) as u64).max(1);
        let group = Group::open("slow", 64, rate, BODY_BYTES)
            .calls(PATIENCE, Importance::Ordinary)
            .deadline(PATIENCE);
        let mut offer = Offer::connect(Plan { seed, ..Plan::to(slow.address).group(group) })?;
        offer.push_for(time / 3)?;
        offer.reset();
        offer.run_for(time)?;
        let seen = take(&mut offer, "slow")?;
        drop(offer);
        slow.stop()?;
        measurement = measurement.series(series(&format!("slow work, {name}"), &seen));

        let quick = Server::start(ROUNDS / 10, &args)?;
        let burst = Group::closed("burst", BURST.0, BURST.1, BODY_BYTES);
        let burst =
            burst.calls(Duration::from_secs(1), Importance::Ordinary).deadline(Duration::from_secs(1));
        let mut offer = Offer::connect(Plan { seed, ..Plan::to(quick.address).group(burst) })?;
        // As short as can be asked for: what is in flight at once is the burst.
        offer.run_for(Duration::from_millis(2))?;
        let seen = take(&mut offer, "burst")?;
        drop(offer);
        quick.stop()?;
        measurement = measurement.series(series(&format!("a burst, {name}"), &seen));
    }
    Ok(finding.measurement(measurement))
}

fn series(name: &str, seen: &GroupOutcome) -> Series {
    let refused =
        seen.codes.iter().filter(|(code, _)| code.starts_with("OVERLOAD-")).map(|(_, times)| times).sum();
    Series::named(name)
        .fact(Fact::count("requests", seen.requests, ""))
        .fact(Fact::count("answered-in-time", seen.right, ""))
        .fact(Fact::count("refused-at-once", refused, ""))
        .fact(Fact::count(
            "expired-in-the-queue",
            seen.codes.get("DEADLINE-EXPIRED").copied().unwrap_or(0),
            "",
        ))
        .fact(Fact::count("waited-in-vain", seen.requests.saturating_sub(seen.right + refused), ""))
}
