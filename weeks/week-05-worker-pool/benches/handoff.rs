//! What it costs to hand a task to another thread: ours beside what a user would take.
//!
//! One message at a time, so that nothing but the hand-off is in the way: the producer writes down the time, hands over,
//! and waits until the consumer has seen it. *Awake*, the next one follows a microsecond later, and the consumer still looks
//! for it; *asleep*, it follows a fifth of a millisecond later, and the consumer has to be woken by the kernel.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use evidence::run::Profile;
use evidence::{Finding, Histogram, Measurement, Ratio, Series};
use hdrhistogram::Histogram as Recorder;
use load::pin;
use worker_pool::{Budget, Cancelled, Class, ClassId, Classes, Config, Handle, Pool, Queue, Task};

/// Tasks that may wait, for everybody.
const QUEUE_TASKS: usize = 1024;
/// Our median may be 1.3 times that of the bounded channel.
const BAR: f64 = 1.0 / 1.3;

/// A hand-off in nanoseconds; longer ones are recorded as this.
const HANDOFF_NS_MAX: u64 = 1_000_000_000;

type Sent = Box<dyn Fn(Instant)>;

/// What the consumer has seen: nanoseconds of the last hand-off, plus one; zero when it was collected.
#[derive(Clone, Default)]
struct Seen(Arc<AtomicU64>);

impl Seen {
    fn note(&self, sent: Instant) {
        let ns = u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX).min(HANDOFF_NS_MAX);
        self.0.store(ns + 1, Ordering::Release);
    }

    /// Waits for the consumer, without sleeping: that would be measured too.
    fn collect(&self) -> u64 {
        loop {
            match self.0.swap(0, Ordering::Acquire) {
                0 => std::hint::spin_loop(),
                ns => return ns - 1,
            }
        }
    }
}

/// Somebody who hands over: how, and what the other thread saw.
struct Contestant {
    name: &'static str,
    peer: bool,
    send: Sent,
    seen: Seen,
    all: Recorder<u64>,
    medians: Vec<f64>,
}

/// How a contestant's consumer ends, once nobody can send any more.
type End = Box<dyn FnOnce()>;

/// Measures both, and adds a measurement and the ratios of each.
pub(crate) fn measure(finding: Finding, profile: Profile) -> Result<Finding, Box<dyn Error>> {
    let cells = tied(profile)?;
    let mut finding = finding;
    for (word, title, contestants) in cells {
        let mut measurement = Measurement::of(&format!("handoff-{word}"), title, "ns");
        for contestant in &contestants {
            let series = Series::of(contestant.name, Histogram::from_hdr(&contestant.all));
            measurement = measurement.series(if contestant.peer { series.peer() } else { series });
        }
        finding = finding.measurement(measurement);
        let of = |name| contestants.iter().find(|contestant| contestant.name == name);
        for (subject, peer, bar) in [
            ("queue", "crossbeam-channel", Some(BAR)),
            ("pool", "rayon", None),
            ("pool", "crossbeam-channel", None),
        ] {
            let (Some(ours), Some(theirs)) = (of(subject), of(peer)) else { continue };
            let rounds: Vec<f64> =
                ours.medians.iter().zip(&theirs.medians).map(|(ours, theirs)| theirs / ours).collect();
            finding = finding.ratio(Ratio::of_rounds(
                &format!("handoff-{word}-{subject}-{peer}"),
                &format!("{title}: the peer's median over ours"),
                subject,
                peer,
                &rounds,
                bar.filter(|_| profile != Profile::Quick),
            ));
        }
    }
    Ok(finding)
}

type Cell = (&'static str, &'static str, Vec<Contestant>);

fn tied(profile: Profile) -> Result<Vec<Cell>, Box<dyn Error>> {
    let rounds = profile.pick(3, 12, 30);
    let mut cells = Vec::new();
    for (word, title, messages, pause) in [
        (
            "awake",
            "Hand-off to a thread that is awake",
            profile.pick(2000, 20_000, 50_000),
            Duration::from_micros(1),
        ),
        (
            "asleep",
            "Hand-off to a thread that sleeps",
            profile.pick(100, 400, 1000),
            Duration::from_micros(200),
        ),
    ] {
        eprintln!("{title}");
        // The consumers are tied to the core that their starter is tied to.
        pin::this_thread(0)?;
        let (mut contestants, ends): (Vec<Contestant>, Vec<End>) = contestants()?.into_iter().unzip();
        pin::this_thread(1)?;
        for round in 0..=rounds {
            let count = contestants.len();
            for turn in 0..count {
                let contestant = &mut contestants[(round + turn) % count];
                let seen = turn_of(contestant, messages, pause)?;
                // The first round is not counted: threads find their place, caches fill.
                if round > 0 {
                    contestant.medians.push(seen.value_at_quantile(0.5).max(1) as f64);
                    contestant.all.add(&seen)?;
                }
            }
        }
        // Whoever still looks for work would take time from whoever comes next.
        for contestant in &mut contestants {
            contestant.send = Box::new(|_| {});
        }
        ends.into_iter().for_each(|end| end());
        cells.push((word, title, contestants));
    }
    pin::untie()?;
    Ok(cells)
}

fn turn_of(
    contestant: &Contestant,
    messages: usize,
    pause: Duration,
) -> Result<Recorder<u64>, Box<dyn Error>> {
    let mut seen = recorder()?;
    for _ in 0..messages {
        if pause < Duration::from_micros(50) {
            let until = Instant::now() + pause;
            while Instant::now() < until {
                std::hint::spin_loop();
            }
        } else {
            std::thread::sleep(pause);
        }
        (contestant.send)(Instant::now());
        seen.saturating_record(contestant.seen.collect());
    }
    Ok(seen)
}

fn recorder() -> Result<Recorder<u64>, hdrhistogram::CreationError> {
    Recorder::new_with_bounds(1, HANDOFF_NS_MAX, 2)
}

fn contestants() -> Result<Vec<(Contestant, End)>, Box<dyn Error>> {
    let contestant = |name, peer, send, seen, end| -> Result<(Contestant, End), Box<dyn Error>> {
        Ok((Contestant { name, peer, send, seen, all: recorder()?, medians: Vec::new() }, end))
    };
    let mut all = Vec::new();

    let (queue, seen) = (Arc::new(Queue::new(&classes()?)), Seen::default());
    let (to, noted) = (Arc::clone(&queue), seen.clone());
    let consumer: JoinHandle<()> = std::thread::spawn(move || {
        let mut before = None;
        while let Some(taken) = to.pop(before.take()) {
            noted.note(taken.task);
            before = Some(worker_pool::Ran { class: taken.class, time: Duration::ZERO });
        }
    });
    let from = Arc::clone(&queue);
    let send: Sent = Box::new(move |sent| assert!(from.push(sent, ClassId(0), sent).is_ok(), "room for one"));
    all.push(contestant("queue", false, send, seen, end(move || queue.close(), consumer))?);

    let seen = Seen::default();
    let config = Config { workers: 1, classes: classes()?, measured: true };
    let pool = Pool::start(config, |_| {})?;
    let handle: Handle<Note> = pool.handle();
    let noted = seen.clone();
    let send: Sent =
        Box::new(move |sent| assert!(handle.submit(Note(sent, noted.clone())).is_ok(), "room for one"));
    let stop = move || drop(pool.shutdown(Duration::from_secs(5)));
    all.push(contestant("pool", false, send, seen, Box::new(stop))?);

    let (seen, (sender, receiver)) = (Seen::default(), crossbeam_channel::bounded::<Instant>(QUEUE_TASKS));
    let noted = seen.clone();
    let consumer = std::thread::spawn(move || receiver.iter().for_each(|sent| noted.note(sent)));
    let to = sender.clone();
    let send: Sent = Box::new(move |sent| assert!(to.try_send(sent).is_ok(), "room for one"));
    all.push(contestant("crossbeam-channel", true, send, seen, end(move || drop(sender), consumer))?);

    let seen = Seen::default();
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let noted = seen.clone();
    let send: Sent = Box::new(move |sent| {
        let noted = noted.clone();
        rayon.spawn(move || noted.note(sent));
    });
    all.push(contestant("rayon", true, send, seen, Box::new(|| {}))?);
    Ok(all)
}

/// Closes, and waits for the consumer.
fn end(close: impl FnOnce() + 'static, consumer: JoinHandle<()>) -> End {
    Box::new(move || {
        close();
        let _ = consumer.join();
    })
}

fn classes() -> Result<Classes, worker_pool::ClassError> {
    Classes::new(vec![Class {
        name: "all".into(),
        weight: 1,
        queue_max: QUEUE_TASKS,
        running_max: 1,
        budget: Duration::from_secs(1),
    }])
}

/// The task of the whole pool: the same, with everything that a pool does around it.
struct Note(Instant, Seen);

impl Task for Note {
    type Answer = ();
    type Name = u64;

    fn class(&self) -> ClassId {
        ClassId(0)
    }

    fn name(&self) -> u64 {
        0
    }

    fn run(&mut self, _budget: &Budget<'_>) -> Result<(), Cancelled> {
        self.1.note(self.0);
        Ok(())
    }
}
