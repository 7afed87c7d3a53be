//! `cargo lab gate`, `drill`, `bench`, `demo`: one run of one kind for one week or month, on record.

use evidence::{Kind, Record, Verdict};
use logger::Exit;

use super::{Console, Context, Mark};
use crate::course::check::number_of_month;
use crate::course::{WEEKS, WEEKS_A_MONTH, week_number};
use crate::error::{Failure, NO_SUCH_WEEK, NOT_PASSED, WEEK_NOT_BUILT};
use crate::run::{Options, Session};

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// The smallest run that still proves the claim
    Quick,
    /// The everyday run
    Default,
    /// The long run: soaks, fine spreads
    Full,
}

impl Profile {
    /// The word that records carry.
    pub fn word(self) -> &'static str {
        match self {
            Profile::Quick => "quick",
            Profile::Default => "default",
            Profile::Full => "full",
        }
    }
}

/// Arguments of `gate`.
#[derive(Debug, clap::Args)]
pub struct GateArgs {
    /// The week, 1 to 24
    week: String,
    /// Go on although the gate of the week before has not passed; the skip is put on record
    #[arg(long)]
    skip_gate: bool,
    /// How long to measure
    #[arg(long, value_enum, default_value = "default")]
    profile: Profile,
}

/// Arguments of `drill`.
#[derive(Debug, clap::Args)]
pub struct DrillArgs {
    /// The week, 1 to 24
    week: String,
    /// The seed of every random choice: the same seed gives the same faults
    #[arg(long)]
    seed: Option<u64>,
    /// How long to measure
    #[arg(long, value_enum, default_value = "default")]
    profile: Profile,
}

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// The week, 1 to 24
    week: String,
    /// How long to measure
    #[arg(long, value_enum, default_value = "default")]
    profile: Profile,
}

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// The month, 1 to 6
    month: String,
    /// The seed of every random choice: the same seed gives the same faults
    #[arg(long)]
    seed: Option<u64>,
    /// How long to measure
    #[arg(long, value_enum, default_value = "default")]
    profile: Profile,
}

/// Runs a gate, where it is unlocked.
pub fn gate(args: &GateArgs, context: &Context) -> Result<Exit, Failure> {
    let skip = Some(args.skip_gate);
    one(context, &args.week, Kind::Gate, skip, options(args.profile, None))
}

/// Runs a drill.
pub fn drill(args: &DrillArgs, context: &Context) -> Result<Exit, Failure> {
    one(context, &args.week, Kind::Drill, None, options(args.profile, args.seed))
}

/// Runs a measurement.
pub fn bench(args: &BenchArgs, context: &Context) -> Result<Exit, Failure> {
    one(context, &args.week, Kind::Bench, None, options(args.profile, None))
}

/// Runs a month's demo. It composes the weeks of its month, so it arrives with the last of them; until then this says
/// what it will show.
pub fn demo(args: &DemoArgs, context: &Context) -> Result<Exit, Failure> {
    let month = args.month.parse::<u8>().ok().filter(|month| (1..=WEEKS / WEEKS_A_MONTH).contains(month));
    let month = month.ok_or_else(|| {
        Failure::new(&NO_SUCH_WEEK, format!("there is no month `{}`, months are 1 to 6", args.month))
    })?;
    let course = context.workspace()?.course()?;
    let (_, week) = course.week(month * WEEKS_A_MONTH)?;
    if !week.built {
        let shows = week.month_review.as_ref().map_or("", |review| &review.demo);
        let what = format!("the demo of month {month} arrives with week {}", week.week);
        return Err(Failure::new(&WEEK_NOT_BUILT, what).with_detail(format!("What it will show: {shows}")));
    }
    one(context, &week.week.to_string(), Kind::Demo, None, options(args.profile, args.seed))
}

fn options(profile: Profile, seed: Option<u64>) -> Options {
    Options { profile: profile.word().to_owned(), evidence: None, seed }
}

fn one(
    context: &Context,
    week: &str,
    kind: Kind,
    skip: Option<bool>,
    options: Options,
) -> Result<Exit, Failure> {
    let week = week_number(week)?;
    let workspace = context.workspace()?;
    let course = workspace.course()?;
    let console = context.console();
    let session = Session::begin(&workspace, &course, console, options)?;
    session.must_be_built(week)?;
    if let Some(skip) = skip
        && let Some(skipped) = session.unlock(week, skip)?
    {
        console.say(format!("{} {} is on record as skipped", console.paint(Mark::Open, "–"), skipped.id));
    }
    let records = session.run(&[week], &[kind])?;
    let published = session.publish();
    let page = match kind {
        Kind::Demo => format!("month-{}-demo/README.md", number_of_month(week)),
        _ => format!("week-{week:02}/report.md"),
    };
    console.say(session.evidence().join(page).display().to_string());
    let exit = verdict(console, &records)?;
    published?;
    Ok(exit)
}

/// Exit code 0 when everything passed; else a failure that counts what did not.
pub(super) fn verdict(console: &Console, records: &[Record]) -> Result<Exit, Failure> {
    let open: Vec<&Record> =
        records.iter().filter(|record| record.finding.verdict != Verdict::Passed).collect();
    if open.is_empty() {
        return Ok(Exit::Done);
    }
    if records.len() > 1 {
        console.say(console.bold(&format!("{} of {} did not pass:", open.len(), records.len())));
        for record in &open {
            console.say(format!("  {} {}  again: {}", record.id, record.finding.verdict, record.command));
        }
    }
    let names: Vec<String> =
        open.iter().map(|record| format!("{} {}", record.id, record.finding.verdict)).collect();
    Err(Failure::new(&NOT_PASSED, names.join(", ")))
}
