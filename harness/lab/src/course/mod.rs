//! The course as data: one strict `week.yaml` a week.

pub mod check;
pub mod day_id;
pub mod load;
pub mod output;
pub mod week;

pub use day_id::{DAYS, DayId, WEEKS, WEEKS_A_MONTH, week_number};
pub use load::Course;
pub use output::Output;
pub use week::*;
