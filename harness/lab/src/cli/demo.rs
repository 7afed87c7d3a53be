//! `cargo lab demo 1`: a month's demo.

use logger::Exit;

use super::Context;
use crate::error::{Failure, NO_SUCH_WEEK, WEEK_NOT_BUILT};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The month, 1 to 6
    month: String,
}

/// A demo composes the four weeks of its month, so it arrives with the last of them; until then this says so.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let month = args.month.parse::<u8>().ok().filter(|month| (1..=6).contains(month));
    let month = month.ok_or_else(|| {
        Failure::new(&NO_SUCH_WEEK, format!("there is no month `{}`, months are 1 to 6", args.month))
    })?;
    let course = context.workspace()?.course()?;
    let (_, week) = course.week(month * 4)?;
    let shows = week.month_review.as_ref().map_or("", |review| &review.demo);
    Err(Failure::new(&WEEK_NOT_BUILT, format!("the demo of month {month} arrives with week {}", week.week))
        .with_detail(format!("What it will show: {shows}")))
}
