//! The course as data: one strict `week.yaml` a week.

pub mod check;
pub mod day_id;
pub mod load;
pub mod week;

pub use day_id::{DAYS, DayId, WEEKS, week_number};
pub use load::Course;
pub use week::*;
