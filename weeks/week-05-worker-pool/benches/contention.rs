//! Where tasks wait: in the queue, for the lock, behind a long one; and what it costs to know.
//!
//! The pool alone, without a loop, with tasks whose computing time is known. One worker, because the thread that offers
//! needs a core of its own to be punctual.

use std::error::Error;
use std::time::{Duration, Instant};

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Ratio, Series};
use load::pin;
use worker_pool::{ClassId, Config, Metrics, Pool};

use crate::spin::{LONG, SHORT, Spin, Timetable, classes, drain};

const SHORT_TIME: Duration = Duration::from_micros(50);
const LONG_TIME: Duration = Duration::from_millis(1);
/// Of every so many tasks one is long, so that both classes together take as much time as the short one alone twice.
const LONG_EVERY: u64 = 20;
/// How long anybody waits for a pool to become empty.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lock may be found taken, and whoever waits for it may lose that share of the time.
const LOCK_SHARE_MAX: f64 = 0.01;

/// Queue wait for each class at three loads, and what was waited for the lock.
pub(crate) fn waits(mut finding: Finding, profile: Profile) -> Result<Finding, Box<dyn Error>> {
    eprintln!("where tasks wait");
    let mut waits = Measurement::of("contention-wait", "Queue wait by class and load", "ns");
    let mut runs = Measurement::of("contention-run", "Run time by class and load", "ns");
    let time = Duration::from_millis(profile.pick(100, 600, 3000));
    // Both classes together: 1 ms of long work to every 20 short tasks of 50 µs each is 2 ms for 21 tasks.
    let capacity_each = (SHORT_TIME * LONG_EVERY as u32 + LONG_TIME) / (LONG_EVERY as u32 + 1);
    let mut lock = Vec::new();
    for (word, of_capacity) in [("low", 0.3), ("full", 0.95), ("excessive", 2.0)] {
        let every = capacity_each.div_f64(of_capacity);
        let metrics = offer(every, time)?;
        for (class, name) in [(SHORT, "short"), (LONG, "long")] {
            let meter = &metrics.classes[usize::from(class.0)];
            let depth = metrics.levels.classes[usize::from(class.0)];
            let series =
                |histogram| Series::of(&format!("{name}, {word} load"), Histogram::from_hdr(histogram));
            waits = waits.series(series(&meter.wait).fact(Fact::count("refused", depth.refused, "")));
            runs = runs.series(series(&meter.run));
        }
        let contention = metrics.contention();
        lock.push((word, contention, time));
    }
    let mut criterion = Criterion::check(
        "worker-pool.lock-share",
        "at no load a hundredth of the time is lost waiting for the lock",
        lock.iter().all(|(_, lock, time)| lock.waited_ns as f64 / time.as_nanos() as f64 <= LOCK_SHARE_MAX),
        "see the facts",
    );
    for (word, lock, time) in &lock {
        let share = lock.contended as f64 / lock.taken.max(1) as f64;
        criterion = criterion
            .fact(Fact::count(&format!("{word}-lock-taken"), lock.taken, ""))
            .fact(Fact::real(&format!("{word}-found-taken"), round(share * 100.0), "%"))
            .fact(Fact::real(
                &format!("{word}-waited"),
                round(lock.waited_ns as f64 / time.as_nanos() as f64 * 100.0),
                "%",
            ))
            .fact(Fact::count(&format!("{word}-longest-wait"), lock.longest_ns, "ns"));
    }
    finding = finding.measurement(waits).measurement(runs).criterion(criterion);
    Ok(finding)
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Offers for so long, to one worker.
fn offer(every: Duration, time: Duration) -> Result<Metrics, Box<dyn Error>> {
    pin::this_thread(0)?;
    let config = Config { workers: 1, classes: classes(64, 1, 1)?, measured: true };
    let pool = Pool::start(config, |_| {})?;
    pin::this_thread(1)?;
    let handle = pool.handle();
    let mut timetable = Timetable::begin(every);
    let until = Instant::now() + time;
    let mut number = 0_u64;
    while Instant::now() < until {
        timetable.wait();
        number += 1;
        let long = number.is_multiple_of(LONG_EVERY + 1);
        let (class, time) = if long { (LONG, LONG_TIME) } else { (SHORT, SHORT_TIME) };
        // What is refused is counted by the pool.
        let _ = handle.submit(Spin { class, time });
    }
    drain(&handle, PATIENCE);
    let metrics = handle.metrics();
    pool.shutdown(PATIENCE);
    pin::untie()?;
    Ok(metrics)
}

/// What short tasks wait beside a long one: without it, in one queue with it, and in classes.
pub(crate) fn one_long_task(finding: Finding, profile: Profile) -> Result<Finding, Box<dyn Error>> {
    eprintln!("one long task among many short ones");
    let time = Duration::from_millis(profile.pick(200, 800, 4000));
    let mut measurement = Measurement::of(
        "one-long-task",
        "Queue wait of short tasks beside tasks of 20 ms, two workers",
        "ns",
    );
    // In one class a long task stands in the same line and may have both workers; in two it has one of them at most.
    for (name, long, class, kept_free) in [
        ("no long task", false, LONG, true),
        ("long ones in the same class", true, SHORT, false),
        ("long ones in a class of their own", true, LONG, true),
    ] {
        let running_max = if kept_free { 1 } else { 2 };
        let pool = Pool::start(
            Config { workers: 2, classes: classes(4096, 2, running_max)?, measured: true },
            |_| {},
        )?;
        let handle = pool.handle();
        let mut timetable = Timetable::begin(Duration::from_micros(500));
        let until = Instant::now() + time;
        let mut number = 0_u32;
        while Instant::now() < until {
            timetable.wait();
            number += 1;
            if long && number.is_multiple_of(40) {
                // Two at a time: with one queue, both workers may be taken.
                for _ in 0..2 {
                    let _ = handle.submit(Spin { class, time: Duration::from_millis(20) });
                }
            }
            let _ = handle.submit(Spin { class: SHORT, time: SHORT_TIME });
        }
        drain(&handle, PATIENCE);
        let metrics = handle.metrics();
        pool.shutdown(PATIENCE);
        measurement = measurement.series(Series::of(name, Histogram::from_hdr(&metrics.classes[0].wait)));
    }
    Ok(finding.measurement(measurement))
}

/// What the instruments cost: the same tiny tasks with and without them, in turns.
pub(crate) fn cost(finding: Finding, profile: Profile) -> Result<Finding, Box<dyn Error>> {
    eprintln!("what the instruments cost");
    let tasks = profile.pick(20_000, 100_000, 400_000);
    let mut rounds = Vec::new();
    for round in 0..=profile.pick(3, 10, 20) {
        let per_second = |measured| -> Result<f64, Box<dyn Error>> {
            let config = Config { workers: 1, classes: classes(4096, 1, 1)?, measured };
            let pool = Pool::start(config, |_| {})?;
            let (handle, began) = (pool.handle(), Instant::now());
            for _ in 0..tasks {
                let mut task = Spin { class: ClassId(0), time: Duration::from_micros(1) };
                while let Err(rejected) = handle.submit(task) {
                    task = rejected.task;
                    std::hint::spin_loop();
                }
            }
            pool.shutdown(PATIENCE);
            Ok(tasks as f64 / began.elapsed().as_secs_f64())
        };
        let (on, off) = if round % 2 == 0 {
            (per_second(true)?, per_second(false)?)
        } else {
            let off = per_second(false)?;
            (per_second(true)?, off)
        };
        if round > 0 {
            rounds.push(on / off);
        }
    }
    Ok(finding.ratio(Ratio::of_rounds(
        "instruments-cost",
        "Tasks of one microsecond a second, with histograms over without",
        "with histograms",
        "without",
        &rounds,
        None,
    )))
}
