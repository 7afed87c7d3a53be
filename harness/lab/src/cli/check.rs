//! `cargo lab check 2.3` and `cargo lab watch 2.3`: the fast loop, shown.

use std::time::{Duration, Instant};

use logger::{Coded, Exit};

use super::{Console, Context, Mark, Step};
use crate::course::{DayId, week_number};
use crate::error::{BUILD_FAILED, Failure, NEXTEST_FAILED, TESTS_HUNG};
use crate::learn::check::{DayReport, HoleReport, Watcher, check};
use crate::learn::day::{StartedWeek, started, workbench};
use crate::learn::watch::{Saved, Saves};
use crate::nextest::TestOutcome;
use crate::workspace::Workspace;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 everything passes and is written, 1 something is red, unwritten or does not compile."
)]
pub struct Args {
    /// A day, as in 2.3, or a whole week, as in 2
    #[arg(value_name = "WEEK[.DAY]")]
    what: String,
}

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// A day, as in 2.3, or a whole week, as in 2
    #[arg(value_name = "WEEK[.DAY]")]
    what: String,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// Reads `2.3` or `2`: the week and its days.
fn days(what: &str) -> Result<(u8, Vec<u8>), Failure> {
    if what.contains('.') {
        let id: DayId = what.parse()?;
        return Ok((id.week, vec![id.day]));
    }
    Ok((week_number(what)?, (1..=6).collect()))
}

/// The workbench, named where it is not the folder that we stand in.
fn found(context: &Context) -> Result<Workspace, Failure> {
    let here = context.workspace()?;
    let bench = workbench(&here)?;
    if bench.root != here.root {
        context.console().note(format!("in {}", bench.root.display()));
    }
    Ok(bench)
}

/// Checks once.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (number, days) = days(&args.what)?;
    let bench = found(context)?;
    let course = bench.course()?;
    let week = started(&bench, &course, number)?;
    once(context.console(), &bench, &week, &days)
}

/// Checks now and after every save, until Ctrl-C.
pub fn watch(args: &WatchArgs, context: &Context) -> Result<Exit, Failure> {
    let (number, days) = days(&args.what)?;
    let bench = found(context)?;
    let until = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let console = context.console();
    let saves = Saves::below(&bench.root.join("weeks"))?;
    loop {
        // Read anew each time: week.yaml is a file of the workbench like any other.
        let course = bench.course()?;
        let week = started(&bench, &course, number)?;
        match once(console, &bench, &week, &days) {
            Ok(_) => {}
            // What a save can mend does not end the watch.
            Err(failure) if [&BUILD_FAILED, &NEXTEST_FAILED, &TESTS_HUNG].contains(&failure.code) => {
                console.note(&failure.detail);
                console.note(failure.line());
            }
            Err(failure) => return Err(failure),
        }
        console.note(console.dim(&format!("watching {} (Ctrl-C ends it)", week.folder.display())));
        match saves.wait(until) {
            Saved::Over => return Ok(Exit::Done),
            Saved::File(path) => {
                console.note(console.dim(&format!("saved {}", path.display())));
            }
        }
    }
}

fn once(console: &Console, bench: &Workspace, week: &StartedWeek<'_>, days: &[u8]) -> Result<Exit, Failure> {
    let mut progress = Progress { console, label: format!("week {}", week.week.week), step: None };
    let reports = check(bench, week, days, &mut progress)?;
    drop(progress);
    for report in &reports {
        console.event(&report.json());
        show(console, bench, report);
    }
    let green = reports.iter().all(DayReport::green);
    Ok(if green { Exit::Done } else { Exit::Untrue })
}

/// A bar while tests are built and run; nothing in a pipe, where only the outcome counts.
struct Progress<'a> {
    console: &'a Console,
    label: String,
    step: Option<Step<'a>>,
}

impl Watcher for Progress<'_> {
    fn building(&mut self, tests: usize) {
        self.step = Some(self.console.step(&self.label, Some(tests as u64)));
    }

    fn compiled(&mut self, name: &str) {
        if let Some(step) = &self.step {
            step.now(&format!("compiled {name}"));
        }
    }

    fn ran(&mut self, outcome: &TestOutcome) {
        if let Some(step) = &self.step {
            step.advance();
            step.now(&outcome.name);
        }
    }
}

fn show(console: &Console, bench: &Workspace, report: &DayReport) {
    console.say(console.bold(&format!("{} {}", report.id, report.title)));
    for hole in &report.holes {
        show_hole(console, hole);
    }
    for file in &report.deliverables {
        let path = file.path.strip_prefix(&bench.root).unwrap_or(&file.path).display();
        let mark = if file.written() { Mark::Good } else { Mark::Open };
        let word = console.paint(mark, if file.written() { "written" } else { "to write" });
        console.say(format!("  {word:<8}  {path}"));
        if !file.written() {
            console.say(format!("            {}", console.dim(&file.missing())));
        }
    }
    console.say(format!("  {}", summary(report)));
}

fn show_hole(console: &Console, hole: &HoleReport) {
    let green = hole.tests.iter().all(|test| test.passed);
    let (mark, word) = match (hole.open, green) {
        (true, _) => (Mark::Open, "open"),
        (false, true) => (Mark::Good, "green"),
        (false, false) => (Mark::Bad, "red"),
    };
    let word = console.paint(mark, &format!("{word:<8}"));
    console.say(format!("  {word}  {}  {}", hole.id, console.dim(&hole.place)));
    for test in &hole.tests {
        let (mark, word) = if test.passed { (Mark::Good, "green") } else { (Mark::Bad, "red") };
        let why = if test.passed { String::new() } else { format!(": {}", test.why) };
        console.say(format!("    {} {}{why}", console.paint(mark, &format!("{word:<6}")), test.check));
    }
}

/// The last line: what is expected, what is not, and what to do about it.
fn summary(report: &DayReport) -> String {
    let (red, expected) = (report.red(), report.expected());
    let id = report.id;
    let unwritten = report.deliverables.iter().filter(|file| !file.written()).count();
    let waits: Vec<&str> = report.waits_for().into_iter().collect();
    let waits = waits.join(", ");
    match (red, red - expected) {
        (0, _) if unwritten == 0 => format!("day {id} is green; `cargo lab next` says what follows"),
        (0, _) => {
            format!("no test is red; {unwritten} of {} deliverables to write", report.deliverables.len())
        }
        (_, 0) => format!("{red} red, and {expected} are expected: still open is {waits}"),
        (_, news) if expected == 0 => {
            format!("{red} red, and none is expected: {news} to look into; `cargo lab hint {id}` helps")
        }
        (_, news) => {
            format!("{red} red, and {expected} are expected (open: {waits}); {news} to look into")
        }
    }
}
