//! How late deadlines are told in real time: as many as a busy server has, at random moments, with the wait of the real
//! loop between them.
//!
//! A deadline's lateness is what the tick adds (a millisecond at most, half of one as a rule), what the kernel adds to a
//! sleep, and what the deadlines before it in the same wake-up take. The heap has no tick: it asks to be woken for every
//! deadline by itself, which makes it more exact, and costs the waits that are counted beside it.

use std::io;
use std::time::{Duration, Instant};

use epoll_http::{Epoll, Wheel};
use event_loop::{Poller, Timers, Token};
use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Series};
use framing::rng::SplitMix64;

use super::heap::Heap;

/// How many deadlines.
const DEADLINES: u32 = 100_000;

/// No wait on a working machine is longer; a wheel that stood still would end here.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What one contestant did.
struct Told {
    /// Nanoseconds after the deadline, for each deadline in the order of telling.
    late: Vec<u64>,
    early: u64,
    waits: u64,
}

/// Measures lateness: one measurement, and the criterion that nothing was early, lost or told twice.
pub(super) fn measure(finding: Finding, profile: Profile, seed: u64) -> io::Result<Finding> {
    let within = Duration::from_millis(profile.pick(150, 700, 2_000));
    let wheel = drive(Wheel::new, within, seed)?;
    let heap = drive(|_| Heap::new(), within, seed)?;
    let title = "Lateness of 100,000 deadlines at random moments";
    let measurement = Measurement::of("timers-lateness", title, "ns")
        .series(wheel.series("wheel"))
        .series(heap.series("heap").peer());
    let whole = |told: &Told| told.late.len() == DEADLINES as usize && told.early == 0;
    let detail = format!("the wheel told {} of {DEADLINES}, {} of them early", wheel.late.len(), wheel.early);
    let claim = "Each of 100,000 deadlines is told once and none before its time.";
    let criterion =
        Criterion::check("epoll-http.timers-never-early", claim, whole(&wheel) && whole(&heap), detail)
            .fact(Fact::count("within", within.as_millis() as u64, "ms"))
            .fact(Fact::count("waits", wheel.waits, ""))
            .fact(Fact::count("waits-of-heap", heap.waits, ""));
    Ok(finding.measurement(measurement).criterion(criterion))
}

/// Sets all deadlines, then waits and tells until none is left.
fn drive<T: Timers>(make: impl Fn(Instant) -> T, within: Duration, seed: u64) -> io::Result<Told> {
    let mut rng = SplitMix64::new(seed);
    let mut poller = Epoll::new()?;
    let mut events = Vec::new();
    let mut expired = Vec::with_capacity(DEADLINES as usize);
    let mut told = Told { late: Vec::with_capacity(DEADLINES as usize), early: 0, waits: 0 };

    // The first deadline is far enough away for all of them to be set before it.
    let start = Instant::now();
    let first = start + Duration::from_millis(50);
    let mut timers = make(start);
    let mut deadlines: Vec<_> = (0..DEADLINES)
        .map(|_| Some(first + Duration::from_nanos(rng.next_u64() % within.as_nanos() as u64)))
        .collect();
    for (slot, at) in (0..).zip(deadlines.iter().flatten()) {
        timers.set(Token::new(slot, 0), *at);
    }
    while let Some(next) = timers.next() {
        let wait = next.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            told.waits += 1;
            poller.wait(&mut events, Some(wait.min(WAIT_MAX)))?;
        }
        timers.expire(Instant::now(), &mut expired);
        for token in expired.drain(..) {
            // The moment at which the program could act on it, and not the one at which the batch began.
            let now = Instant::now();
            let Some(at) = deadlines[token.slot()].take() else { continue };
            told.early += u64::from(now < at);
            told.late.push(now.saturating_duration_since(at).as_nanos() as u64);
        }
    }
    Ok(told)
}

impl Told {
    fn series(&self, name: &str) -> Series {
        Series::of(name, Histogram::of_values(self.late.iter().copied()))
            .fact(Fact::count("waits", self.waits, ""))
            .fact(Fact::count("deadlines", self.late.len() as u64, ""))
    }
}
