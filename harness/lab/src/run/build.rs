//! Builds everything that a run needs, with as few calls of cargo as there are build profiles.

use std::collections::BTreeSet;
use std::path::Path;

use evidence::Kind;

use crate::course::Week;
use crate::error::Failure;
use crate::exec::{Artifact, cargo::build_watched};
use crate::nextest::Prebuilt;

/// What was built for some weeks.
#[derive(Debug, Default)]
pub struct Built {
    /// The gates' test binaries, where gates were asked for.
    pub tests: Option<Prebuilt>,
    /// Binaries and drills.
    pub debug: Vec<Artifact>,
    /// Binaries, measurements and demos, optimised.
    pub release: Vec<Artifact>,
}

/// The name of a week's drill, an example target: `week-02-drill`.
pub fn drill_name(week: u8) -> String {
    format!("week-{week:02}-drill")
}

/// The name of a week's measurement, a bench target: `week-02-bench`.
pub fn bench_name(week: u8) -> String {
    format!("week-{week:02}-bench")
}

/// The name of a month's demo, an example target of the week that closes it: `month-1-demo`.
pub fn demo_name(month: u8) -> String {
    format!("month-{month}-demo")
}

/// Builds what these kinds of run of these weeks need. `shown` are the weeks whose tools the demos among them start. `on_compiled` is told of each crate that had to be compiled.
///
/// All weeks in one call each: cargo chooses a dependency's features by the packages that it is asked for together,
/// so asking week by week would build the same crates once a combination.
pub fn build(
    root: &Path,
    weeks: &[&Week],
    shown: &[&Week],
    kinds: &[Kind],
    on_compiled: &mut dyn FnMut(&str),
) -> Result<Built, Failure> {
    let packages: Vec<&str> = weeks.iter().flat_map(|week| ["-p", week.library.as_str()]).collect();
    let named = |flag: &'static str, name: fn(u8) -> String| -> Vec<String> {
        weeks.iter().flat_map(|week| [flag.to_owned(), name(week.week)]).collect()
    };
    let mut built = Built::default();
    if kinds.contains(&Kind::Gate) {
        built.tests =
            Some(Prebuilt::build(root, &[&packages[..], &["--test", "gate"]].concat(), on_compiled)?);
    }
    if kinds.contains(&Kind::Drill) {
        let drills = named("--example", drill_name);
        let drills: Vec<&str> = drills.iter().map(String::as_str).collect();
        built.debug =
            build_watched(root, &[&["build"], &packages[..], &["--bins"], &drills].concat(), on_compiled)?;
    }
    if kinds.contains(&Kind::Bench) {
        let benches = named("--bench", bench_name);
        let benches: Vec<&str> = benches.iter().map(String::as_str).collect();
        let args = [&["bench"], &packages[..], &["--no-run"], &benches].concat();
        built.release = build_watched(root, &args, on_compiled)?;
    }
    let months: Vec<u8> = weeks.iter().filter_map(|week| week.closes_month()).collect();
    if kinds.contains(&Kind::Demo) && !months.is_empty() {
        built.release.extend(demos(root, weeks, shown, &months, on_compiled)?);
    }
    Ok(built)
}

/// The demos and every tool that they start. Optimised: a demo shows numbers, and a run of everything has built these
/// crates so for the measurements already, with the same features.
fn demos(
    root: &Path,
    weeks: &[&Week],
    shown: &[&Week],
    months: &[u8],
    on_compiled: &mut dyn FnMut(&str),
) -> Result<Vec<Artifact>, Failure> {
    let names: Vec<String> = months.iter().map(|month| demo_name(*month)).collect();
    let libraries: BTreeSet<&str> = weeks.iter().chain(shown).map(|week| week.library.as_str()).collect();
    let packages = libraries.into_iter().flat_map(|library| ["-p", library]);
    let examples = names.iter().flat_map(|name| ["--example", name.as_str()]);
    let args: Vec<&str> =
        ["build", "--release", "--bins"].into_iter().chain(packages).chain(examples).collect();
    build_watched(root, &args, on_compiled)
}
