//! Five times what the server can do, for as long as it takes to see that memory does not follow.

use std::time::Duration;

use evidence::Fact;
use evidence::run::{Profile, fact, seed_or};
use faults::counters;
use load::offer::{Group, GroupOutcome, Importance, Offer, Plan};

use crate::guarded::{Account, Guarded};

/// The body of each request, hashed so often that a computer has some hundred of them to do a second.
const BODY_BYTES: usize = 4096;
const SERVICE: [&str; 8] = ["--service", "echo", "--workers", "1", "--rounds", "1000", "--budget", "5s"];
const BOUNDS: [&str; 6] = ["--queue", "65536", "--source-in-flight", "65536", "--log-level", "error"];
/// From the first quarter to the end, memory may rise by so much: 4 MiB.
const RISE_BYTES_MAX: u64 = 4 << 20;
const PIECES: u64 = 40;

/// What a server did at five times of what it can do.
struct Seen {
    offered: u64,
    outcome: GroupOutcome,
    account: Account,
    /// The highest resident memory in the first quarter, and after it.
    early: u64,
    late: u64,
}

fn overload(ladder: &str, time: Duration) -> Seen {
    let guarded = Guarded::as_it_comes(&[&SERVICE[..], &BOUNDS, &["--ladder", ladder]].concat());
    let group = |name: &str| Group::closed(name, 4, 2, BODY_BYTES).calls(time, Importance::Ordinary);
    let plan = |group| Plan { seed: seed_or(6), ..Plan::to(guarded.address()).group(group) };
    let mut closed = Offer::connect(plan(group("closed"))).unwrap();
    closed.run_for(Duration::from_millis(500)).unwrap();
    let capacity = (closed.outcome().group("closed").unwrap().goodput() as u64).max(1);
    drop(closed);

    let clients = Group::open("clients", 64, 5 * capacity, BODY_BYTES)
        .calls(Duration::from_millis(250), Importance::Ordinary);
    let mut offer = Offer::connect(plan(clients)).unwrap();
    let (mut early, mut late) = (0, 0);
    for piece in 0..PIECES {
        offer.push_for(time / PIECES as u32).unwrap();
        let resident = counters::rss_bytes_of(guarded.pid()).unwrap();
        let highest = if piece < PIECES / 4 { &mut early } else { &mut late };
        *highest = resident.max(*highest);
    }
    let outcome = offer.outcome().group("clients").unwrap().clone();
    drop(offer);
    Seen { offered: 5 * capacity, outcome, account: guarded.stop(), early, late }
}

#[test]
fn five_times_capacity_leaves_memory_level() {
    let criterion = "backpressure.memory-bounded";
    let time = Duration::from_secs(Profile::current().pick(3, 4, 10));
    let seen = overload("on", time);
    let Seen { outcome, account, .. } = &seen;
    let refused: u64 = outcome.codes.values().sum();
    assert!(refused > outcome.right, "{refused} refused beside {} answered is no overload", outcome.right);
    assert!(outcome.right > 0 && outcome.ends.is_empty(), "somebody is served, and nobody is sent away");
    let rise = seen.late.saturating_sub(seen.early);
    assert!(rise <= RISE_BYTES_MAX, "{rise} bytes above the {} of the first quarter", seen.early);
    // The same without the ladder shows what the queue would have taken.
    let control = overload("off", time);
    fact(criterion, Fact::count("offered", seen.offered, "requests/s"));
    fact(criterion, Fact::count("answered-in-time", outcome.right, ""));
    fact(criterion, Fact::count("turned-away", account.turned_away(), ""));
    fact(criterion, Fact::count("memory-in-the-first-quarter", seen.early, "bytes"));
    fact(criterion, Fact::count("rise-after-it", rise, "bytes"));
    fact(
        criterion,
        Fact::count("rise-without-the-ladder", control.late.saturating_sub(control.early), "bytes"),
    );
    fact(criterion, Fact::count("answered-in-time-without-the-ladder", control.outcome.right, ""));
}
