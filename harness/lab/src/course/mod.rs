//! The course as data: one strict `week.yaml` a week.

pub mod load;
pub mod week;

pub use load::Course;
pub use week::*;
