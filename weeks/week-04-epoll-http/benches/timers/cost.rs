//! What deadlines cost, by what is done with them and how many there are.
//!
//! Time is an argument of every contestant, so hours of a server's life fit into a millisecond, and what is measured is
//! the work alone. All contestants see the same calls in the same order, and they take turns round by round.
//!
//! What makes it fair: the heap gets the same trick for postponed deadlines as a contestant of its own, and passes the
//! same conformance suite as the wheel. What it does not show: a program whose deadlines nearly all pass, and whose heap
//! is small, is served as well by the heap.

use std::hint::black_box;
use std::time::{Duration, Instant};

use epoll_http::Wheel;
use event_loop::{Scan, Timers, Token};
use evidence::run::Profile;
use evidence::{Finding, Histogram, Measurement, Ratio, Series};
use framing::rng::SplitMix64;

use super::heap::Heap;

/// How long a connection may be idle, and how long a request may take to arrive.
const IDLE: Duration = Duration::from_secs(20);
const READ: Duration = Duration::from_secs(5);

/// Requests that one turn of the loop works off before it asks about time, and how long such a turn takes.
const REQUESTS_A_TURN: usize = 32;
const TURN: Duration = Duration::from_millis(1);

/// Operations of one contestant in one round: so many that a heap has to sweep within it, by size.
const OPERATIONS: [usize; 2] = [16_000, 96_000];
/// A contestant that looks at every deadline in every turn gets fewer.
const OPERATIONS_OF_SCANS: [usize; 2] = [3_200, 320];

/// How many deadlines there are.
const SIZES: [(u32, &str); 2] = [(1_000, "1,000"), (100_000, "100,000")];

/// What is done with them; the bars are for the wheel's speed over that of the heap, by size.
const WORKLOADS: [Workload; 3] = [
    Workload {
        id: "requests",
        what: "a request: its read deadline set, then the idle deadline set again",
        bars: [Some(1.5), Some(1.2)],
        run: requests,
    },
    Workload {
        id: "connections",
        what: "a connection closed and another opened: a deadline taken back, a deadline set",
        bars: [Some(1.2), Some(1.2)],
        run: connections,
    },
    Workload {
        id: "expiries",
        what: "a deadline set within the next second and told when it is due",
        bars: [Some(1.2), Some(1.5)],
        run: expiries,
    },
];

struct Workload {
    id: &'static str,
    what: &'static str,
    bars: [Option<f64>; 2],
    /// Takes timers through that many operations.
    run: fn(&mut Bench<'_>, usize) -> usize,
}

/// Timers with as many deadlines as the case wants, and the present that they live in.
struct Bench<'a> {
    timers: &'a mut dyn Timers,
    deadlines: u32,
    generations: Vec<u32>,
    now: Instant,
    rng: SplitMix64,
    expired: Vec<Token>,
}

/// A contestant and its times.
struct Contestant {
    name: &'static str,
    timers: Box<dyn Timers>,
    scans: bool,
    /// Nanoseconds for a thousand operations, by round.
    times: Vec<u64>,
}

/// Measures all cases: one measurement a case, and the ratios of the wheel to each other contestant.
pub(super) fn measure(mut finding: Finding, profile: Profile, seed: u64) -> Finding {
    for workload in &WORKLOADS {
        for (case, ((deadlines, size), bar)) in SIZES.into_iter().zip(workload.bars).enumerate() {
            let plan = Plan {
                rounds: [profile.pick(5, 15, 61), profile.pick(2, 5, 41)][case],
                warm_up: Duration::from_secs(profile.pick(3, 21, 41)),
                operations: OPERATIONS[case],
                operations_of_scans: OPERATIONS_OF_SCANS[case],
            };
            let contestants = run(workload, deadlines, &plan, seed);
            let id = format!("timers-{}-{deadlines}", workload.id);
            let title = format!("1,000 times {}; {size} deadlines", workload.what);
            let (wheel, peers) = contestants.split_first().expect("the wheel is the first contestant");
            let series =
                |of: &Contestant| Series::of(of.name, Histogram::of_values(of.times.iter().copied()));
            let mut measurement = Measurement::of(&id, &title, "ns").series(series(wheel));
            for peer in peers {
                measurement = measurement.series(series(peer).peer());
                let ratios: Vec<f64> = wheel
                    .times
                    .iter()
                    .zip(&peer.times)
                    .map(|(ours, theirs)| *theirs as f64 / *ours as f64)
                    .collect();
                let bar = bar.filter(|_| peer.name == HEAP);
                let id = format!("{id}-{}", peer.name.replace(' ', "-"));
                let claim = format!("{}, {size} deadlines", workload.what);
                finding = finding.ratio(Ratio::of_rounds(&id, &claim, wheel.name, peer.name, &ratios, bar));
            }
            finding = finding.measurement(measurement);
        }
    }
    finding
}

const HEAP: &str = "heap";

/// How long a case is measured.
struct Plan {
    rounds: u32,
    /// Of the contestants' own time: until as many deadlines pass, or would have passed, as do so later on.
    warm_up: Duration,
    operations: usize,
    operations_of_scans: usize,
}

fn run(workload: &Workload, deadlines: u32, plan: &Plan, seed: u64) -> Vec<Contestant> {
    let start = Instant::now();
    let contestant =
        |name, timers: Box<dyn Timers>, scans| Contestant { name, timers, scans, times: Vec::new() };
    let mut contestants = vec![
        contestant("wheel", Box::new(Wheel::new(start)), false),
        contestant(HEAP, Box::new(Heap::new()), false),
        contestant("postponing heap", Box::new(Heap::postponing()), false),
    ];
    // A scan a millisecond over 100,000 deadlines would take longer than all the rest of the measurement.
    if workload.id != "expiries" || deadlines < 100_000 {
        contestants.push(contestant("scan", Box::<Scan>::default(), true));
    }
    let mut benches: Vec<_> = contestants
        .iter_mut()
        .map(|contestant| {
            (
                contestant.scans,
                &mut contestant.times,
                Bench::new(&mut *contestant.timers, deadlines, start, seed),
            )
        })
        .collect();
    // What a contestant does later with the deadlines of now belongs to its price; a scan has no later.
    for (scans, _, bench) in &mut benches {
        let until = if *scans || workload.id == "expiries" { start } else { start + plan.warm_up };
        while bench.now <= until {
            (workload.run)(bench, plan.operations_of_scans);
        }
    }
    for _ in 0..plan.rounds {
        for (scans, times, bench) in &mut benches {
            let wanted = if *scans { plan.operations_of_scans } else { plan.operations };
            let began = Instant::now();
            let done = (workload.run)(bench, wanted);
            let nanos = began.elapsed().as_nanos() as u64;
            times.push((nanos * 1_000 / done as u64).max(1));
        }
    }
    drop(benches);
    contestants
}

impl<'a> Bench<'a> {
    fn new(timers: &'a mut dyn Timers, deadlines: u32, now: Instant, seed: u64) -> Self {
        let generations = vec![0; deadlines as usize];
        Bench { timers, deadlines, generations, now, rng: SplitMix64::new(seed), expired: Vec::new() }
    }

    /// Every connection idle since some moment of the last second.
    fn fill(&mut self) {
        if self.timers.next().is_none() {
            for place in 0..self.deadlines {
                let since = Duration::from_nanos(self.rng.next_u64() % 1_000_000_000);
                self.timers.set(Token::new(place, 0), self.now + IDLE - since);
            }
        }
    }

    fn any(&mut self) -> Token {
        let place = (self.rng.next_u64() % u64::from(self.deadlines)) as u32;
        Token::new(place, self.generations[place as usize])
    }

    /// The end of a turn: what the loop asks its timers. A deadline that passes belongs to a connection that nobody has
    /// chosen for a minute; another one takes its place.
    fn turn(&mut self) {
        self.now += TURN;
        black_box(self.timers.next());
        self.timers.expire(self.now, &mut self.expired);
        for token in self.expired.drain(..) {
            self.timers.set(token, self.now + IDLE);
        }
    }
}

// ANCHOR: requests
fn requests(bench: &mut Bench<'_>, wanted: usize) -> usize {
    bench.fill();
    for _ in 0..wanted / REQUESTS_A_TURN {
        for _ in 0..REQUESTS_A_TURN {
            let token = bench.any();
            bench.timers.set(token, bench.now + READ);
            bench.timers.set(token, bench.now + IDLE);
        }
        bench.turn();
    }
    wanted
}
// ANCHOR_END: requests

fn connections(bench: &mut Bench<'_>, wanted: usize) -> usize {
    bench.fill();
    for _ in 0..wanted / REQUESTS_A_TURN {
        for _ in 0..REQUESTS_A_TURN {
            let token = bench.any();
            bench.timers.cancel(token);
            let next = Token::new(token.slot() as u32, token.generation().wrapping_add(1));
            bench.generations[token.slot()] = next.generation();
            bench.timers.set(next, bench.now + IDLE);
        }
        bench.turn();
    }
    wanted
}

/// As many as there are places, whatever was wanted: a deadline can be told once.
fn expiries(bench: &mut Bench<'_>, _wanted: usize) -> usize {
    let end = bench.now + Duration::from_secs(1);
    for place in 0..bench.deadlines {
        let after = Duration::from_nanos(bench.rng.next_u64() % 1_000_000_000);
        bench.timers.set(Token::new(place, 0), bench.now + after);
    }
    while bench.now <= end {
        bench.now += Duration::from_millis(1);
        bench.timers.expire(bench.now, &mut bench.expired);
    }
    let told = bench.expired.len();
    bench.expired.clear();
    assert_eq!(told, bench.deadlines as usize, "a contestant lost deadlines");
    told
}
