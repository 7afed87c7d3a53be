//! The rules of a lane, with time as an argument: no sockets, no sleeping, exact to the nanosecond.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::counts::LaneCounts;
use super::lane::{Lane, Step};
use super::toxic::{Toxic, Toxics};
use crate::seed::Dice;

const MS: Duration = Duration::from_millis(1);

/// A lane with a simulated clock and a receiver that takes everything.
struct Line {
    lane: Lane,
    toxics: Toxics,
    counts: LaneCounts,
    now: Instant,
    began: Instant,
    /// Every write: when (since the beginning), and what.
    writes: Vec<(Duration, Vec<u8>)>,
    last: Step,
}

impl Line {
    fn new(seed: u64, toxics: &[Toxic]) -> Self {
        let mut all = Toxics::default();
        toxics.iter().for_each(|toxic| all.add(toxic));
        let now = Instant::now();
        Line {
            lane: Lane::new(&Dice::new(seed), 1 << 16),
            toxics: all,
            counts: LaneCounts::default(),
            now,
            began: now,
            writes: Vec::new(),
            last: Step::Idle,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.lane.push(bytes, self.now, &self.toxics, &mut self.counts);
    }

    fn finish(&mut self) {
        self.lane.end(self.now, &self.toxics);
    }

    /// Lets time pass until there is nothing left to do, or `until` is reached.
    fn run(&mut self, until: Option<Duration>) {
        loop {
            self.last = self.lane.step(self.now, &self.toxics, &mut self.counts);
            match self.last {
                Step::Write(n) => {
                    assert!(n > 0, "a write of nothing would never end");
                    self.writes.push((self.now - self.began, self.lane.front()[..n].to_vec()));
                    self.lane.wrote(n, self.now, &self.toxics, &mut self.counts);
                }
                Step::WaitUntil(at) => {
                    assert!(at > self.now, "waiting for the past would never end");
                    if until.is_some_and(|until| at > self.began + until) {
                        return;
                    }
                    self.now = at;
                }
                Step::End => self.lane.passed_end(),
                Step::Idle | Step::Close | Step::Reset => return,
            }
        }
    }

    fn received(&self) -> Vec<u8> {
        self.writes.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    fn took(&self) -> Duration {
        self.now - self.began
    }

    /// Where the stream was cut, as byte offsets.
    fn cuts(&self) -> Vec<usize> {
        let mut at = 0;
        self.writes
            .iter()
            .map(|(_, bytes)| {
                at += bytes.len();
                at
            })
            .collect()
    }
}

#[test]
fn without_toxics_a_lane_passes_bytes_and_the_end_at_once() {
    let mut line = Line::new(1, &[]);
    line.send(b"hello");
    line.finish();
    line.run(None);
    assert_eq!((line.received(), line.took()), (b"hello".to_vec(), Duration::ZERO));
    assert!(line.lane.ended());
    assert_eq!(line.counts.faults(), 0);
}

#[test]
fn latency_delays_each_byte_and_the_end_but_not_twice() {
    let mut line = Line::new(1, &[Toxic::Latency { delay: 50 * MS, jitter: Duration::ZERO }]);
    line.send(b"a");
    line.run(Some(10 * MS));
    line.now = line.began + 10 * MS;
    line.send(b"b");
    line.finish();
    line.run(None);
    assert_eq!(line.writes, [(50 * MS, b"a".to_vec()), (60 * MS, b"b".to_vec())]);
    assert_eq!((line.took(), line.counts.delayed), (60 * MS, 2), "a pipe, not a queue of sleeps");
    assert!(line.lane.ended());
}

#[test]
fn bandwidth_is_the_rate_in_the_long_run_even_when_wake_ups_are_late() {
    let rate = 100_000_u64;
    let mut line = Line::new(1, &[Toxic::Bandwidth { bytes_per_second: rate }]);
    line.send(&[7; 50_000]);
    // A scheduler that is up to 3 ms late each time.
    let mut dice = Dice::new(9);
    loop {
        match line.lane.step(line.now, &line.toxics, &mut line.counts) {
            Step::Write(n) => line.lane.wrote(n, line.now, &line.toxics, &mut line.counts),
            Step::WaitUntil(at) => line.now = at + dice.up_to(3 * MS),
            _ => break,
        }
    }
    let took = line.took().as_secs_f64();
    assert!((0.47..0.52).contains(&took), "50,000 bytes at {rate} bytes/s took {took} s");
    assert!(line.counts.throttled > 40, "{:?}", line.counts);
}

#[test]
fn an_idle_line_does_not_save_up_bandwidth() {
    let mut line = Line::new(1, &[Toxic::Bandwidth { bytes_per_second: 1000 }]);
    line.send(&[0; 10]);
    line.run(None);
    line.now += Duration::from_secs(3600);
    let resumed = line.now;
    line.send(&[0; 1000]);
    line.run(None);
    assert!(line.now - resumed > 950 * MS, "an hour of silence bought {:?}", line.now - resumed);
}

#[test]
fn a_limit_and_a_reset_fall_after_exactly_so_many_bytes() {
    for n in 0..=5 {
        let mut limit = Line::new(1, &[Toxic::LimitData { bytes: n }]);
        limit.send(b"hello world");
        limit.run(None);
        assert_eq!((limit.received(), limit.last), (b"hello"[..n as usize].to_vec(), Step::Close));

        let mut reset =
            Line::new(1, &[Toxic::Reset { after_bytes: n }, Toxic::Slicer { bytes_max: 2, pause: MS }]);
        reset.send(b"hello world");
        reset.run(None);
        assert_eq!((reset.received(), reset.last), (b"hello"[..n as usize].to_vec(), Step::Reset));
    }
}

#[test]
fn a_limit_that_is_not_reached_changes_nothing() {
    let mut line = Line::new(1, &[Toxic::LimitData { bytes: 6 }]);
    line.send(b"hello");
    line.finish();
    line.run(None);
    assert!(line.lane.ended());
    assert_eq!((line.received(), line.counts.faults()), (b"hello".to_vec(), 0));
}

#[test]
fn a_blackhole_holds_bytes_and_end_back_until_it_is_lifted_and_counts_once() {
    let mut line = Line::new(1, &[Toxic::Blackhole]);
    line.run(None);
    assert_eq!(line.counts.blackholed, 0, "nothing was held back yet");
    line.send(b"late");
    line.finish();
    line.run(None);
    line.run(None);
    assert_eq!((line.writes.len(), line.last, line.counts.blackholed), (0, Step::Idle, 1));
    line.toxics = Toxics::default();
    line.run(None);
    assert_eq!(line.received(), b"late");
    assert!(line.lane.ended());
}

#[test]
fn a_full_lane_takes_nothing_more() {
    let mut line = Line::new(1, &[Toxic::Blackhole]);
    line.send(&vec![0; 1 << 16]);
    assert_eq!(line.lane.room(), 0);
    line.toxics = Toxics::default();
    line.run(None);
    assert_eq!(line.lane.room(), 1 << 16);
}

/// Any mixture of toxics that loses nothing.
fn harmless() -> impl Strategy<Value = Vec<Toxic>> {
    let latency = (0..80_u64, 0..40_u64).prop_map(|(delay, jitter)| Toxic::Latency {
        delay: MS * u32::try_from(delay).unwrap_or(0),
        jitter: MS * u32::try_from(jitter).unwrap_or(0),
    });
    let bandwidth = (500..1_000_000_u64).prop_map(|bytes_per_second| Toxic::Bandwidth { bytes_per_second });
    let slicer =
        (1..50_usize, 0..5_u32).prop_map(|(bytes_max, ms)| Toxic::Slicer { bytes_max, pause: MS * ms });
    prop::collection::vec(prop_oneof![latency, bandwidth, slicer], 0..4)
}

proptest! {
    #[test]
    fn bytes_arrive_unchanged_and_in_order_through_any_toxics(
        seed: u64,
        toxics in harmless(),
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..12),
        gaps_ms in prop::collection::vec(0..100_u32, 12),
    ) {
        let mut line = Line::new(seed, &toxics);
        for (chunk, gap) in chunks.iter().zip(gaps_ms) {
            if !chunk.is_empty() {
                line.send(chunk);
            }
            let until = line.took() + MS * gap;
            line.run(Some(until));
            line.now = line.now.max(line.began + until);
        }
        line.finish();
        line.run(None);
        prop_assert_eq!(line.received(), chunks.concat());
        prop_assert!(line.lane.ended());
        prop_assert_eq!(line.counts.bytes_in, line.counts.bytes_out);
        prop_assert!(line.writes.is_sorted_by_key(|(at, _)| *at));
    }

    #[test]
    fn where_the_slicer_cuts_does_not_depend_on_how_the_bytes_arrived(
        seed: u64,
        bytes_max in 1..20_usize,
        bytes in prop::collection::vec(any::<u8>(), 1..400),
        chunk in 1..400_usize,
    ) {
        let toxics = [Toxic::Slicer { bytes_max, pause: MS }];
        let mut whole = Line::new(seed, &toxics);
        whole.send(&bytes);
        whole.run(None);
        let mut parts = Line::new(seed, &toxics);
        for part in bytes.chunks(chunk) {
            parts.send(part);
            parts.run(None);
        }
        // Arriving in parts adds writes inside a piece, but moves none of its cuts.
        let cuts = parts.cuts();
        prop_assert!(whole.cuts().iter().all(|cut| cuts.contains(cut)), "{:?} in {:?}", whole.cuts(), cuts);
        prop_assert!(whole.writes.iter().all(|(_, piece)| (1..=bytes_max).contains(&piece.len())));
    }

    #[test]
    fn the_same_seed_makes_the_same_course_of_events(seed: u64, toxics in harmless()) {
        let course = |seed| {
            let mut line = Line::new(seed, &toxics);
            line.send(&[1; 300]);
            line.finish();
            line.run(None);
            line.writes
        };
        prop_assert_eq!(course(seed), course(seed));
    }

    #[test]
    fn latency_stays_between_the_delay_and_the_delay_plus_jitter(seed: u64, delay in 0..50_u32, jitter in 0..50_u32) {
        let mut line = Line::new(seed, &[Toxic::Latency { delay: MS * delay, jitter: MS * jitter }]);
        line.send(b"x");
        line.run(None);
        let took = line.took();
        prop_assert!(took >= MS * delay && took <= MS * (delay + jitter), "{:?}", took);
    }
}
