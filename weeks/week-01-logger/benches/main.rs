//! What a record costs, by durability mode and number of writers, beside what a Rust program would use instead.
//!
//! Every contestant does the same work: a `tracing` event with four fields becomes one line of JSON in a file on the
//! same file system. They take turns in short slices, round after round, so that a disturbance of the machine meets
//! all of them; a ratio is taken within each round. What they *promise* is not the same, as the table in `contestants`
//! says: a fast promise of less is not a win.
//!
//! The time is that of the call, as the logging thread feels it. Throughput counts until every record of the slice is
//! in the file, so a queue that is still full when the slice ends is waited for.

mod contestants;
mod slice;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Ratio, Series};

use crate::contestants::Contestant;
use crate::slice::Outcome;

/// How many threads log at once.
const WRITERS: [usize; 2] = [1, 4];

/// What was found about one contestant: an outcome for each round.
type Rounds = BTreeMap<(usize, &'static str), Vec<Outcome>>;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(4)
        }
    }
}

fn measure() -> io::Result<()> {
    let profile = Profile::current();
    let slice = Duration::from_millis(profile.pick(20, 45, 160));
    let rounds = profile.pick(5, 9, 15);
    // Below the build's own folder: a real file system, where `/tmp` may be memory.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;

    let mut found = Rounds::new();
    for round in 0..=rounds {
        for writers in WRITERS {
            for contestant in contestants::ALL {
                let outcome = slice::run(contestant, writers, slice, dir.path())?;
                // The first round warms caches and the allocator up.
                if round > 0 {
                    found.entry((writers, contestant.name)).or_default().push(outcome);
                }
            }
        }
    }
    let finding = report(&found, dir.path());
    evidence::run::hand_back(&finding)
}

fn report(found: &Rounds, dir: &Path) -> Finding {
    let mut finding = Finding::of(
        "Each durability mode keeps its promise at a known price, and where the promise is the same as the \
         peer's, the price is no higher.",
    );
    for writers in WRITERS {
        let title = match writers {
            1 => "Time of one logging call, 1 thread".into(),
            n => format!("Time of one logging call, {n} threads"),
        };
        let mut measurement = Measurement::of(&format!("append-{writers}"), &title, "ns");
        for contestant in contestants::ALL {
            measurement = measurement.series(series(contestant, &found[&(writers, contestant.name)]));
        }
        finding = finding.measurement(measurement);
    }
    for (subject, peer, id, claim, measure_of, bar) in contestants::COMPARED {
        for writers in WRITERS {
            let rounds = |name| found[&(writers, name)].iter();
            let ratios: Vec<f64> =
                rounds(subject).zip(rounds(peer)).map(|(ours, theirs)| measure_of(ours, theirs)).collect();
            let id = format!("{id}-{writers}");
            let claim = match writers {
                1 => format!("{claim} One thread."),
                n => format!("{claim} {n} threads."),
            };
            finding = finding.ratio(Ratio::of_rounds(&id, &claim, subject, peer, &ratios, *bar));
        }
    }
    finding = finding.criterion(nothing_lost(found).fact(Fact::text("file-system", &file_system_of(dir))));
    finding.concluded()
}

/// A logging call that dropped its record would be the fastest of all.
fn nothing_lost(found: &Rounds) -> Criterion {
    let outcomes = || found.values().flatten();
    let lost: u64 = outcomes().map(|outcome| outcome.logged.abs_diff(outcome.stored)).sum();
    let stored = outcomes().map(|outcome| outcome.stored).sum();
    let claim = "Every record that a contestant was given is in its file when its turn is over.";
    Criterion::check("logger.bench-nothing-lost", claim, lost == 0, format!("{lost} records are missing"))
        .fact(Fact::count("stored", stored, "records"))
}

/// What the files of this folder lie on; the price of a sync depends on it.
fn file_system_of(dir: &Path) -> String {
    match rustix::fs::statfs(dir).map(|stat| stat.f_type) {
        Ok(0xef53) => "ext4".into(),
        Ok(0x9123_683e) => "btrfs".into(),
        Ok(0x5846_5342) => "xfs".into(),
        Ok(0x0102_1994) => "tmpfs: its syncs cost nothing".into(),
        Ok(0x794c_7630) => "overlayfs".into(),
        Ok(other) => format!("number {other:#x}"),
        Err(error) => error.to_string(),
    }
}

fn series(contestant: &Contestant, outcomes: &[Outcome]) -> Series {
    let mut all = slice::recorder();
    for outcome in outcomes {
        // Both recorders have the same bounds, so every value fits.
        let _ = all.add(&outcome.latency);
    }
    let mut throughput: Vec<f64> = outcomes.iter().map(Outcome::records_per_second).collect();
    throughput.sort_by(f64::total_cmp);
    let series = Series::of(contestant.name, Histogram::from_hdr(&all))
        .fact(Fact::real("throughput", throughput[throughput.len() / 2].round(), "records/s"))
        .fact(Fact::real("throughput-low", throughput[0].round(), "records/s"))
        .fact(Fact::real("throughput-high", throughput[throughput.len() - 1].round(), "records/s"));
    if contestant.peer { series.peer() } else { series }
}
