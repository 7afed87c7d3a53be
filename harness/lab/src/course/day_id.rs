//! A day of the course, written `3.2`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Failure, NO_SUCH_WEEK};

/// Weeks of the course.
pub const WEEKS: u8 = 24;

/// Weeks of a month; the last of them closes it with a review and a demo.
pub const WEEKS_A_MONTH: u8 = 4;

/// Days of a week.
pub const DAYS: u8 = 6;

/// A week and a day of it, written `3.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayId {
    /// 1 to [`WEEKS`].
    pub week: u8,
    /// 1 to [`DAYS`].
    pub day: u8,
}

impl fmt::Display for DayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.week, self.day)
    }
}

impl FromStr for DayId {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parsed = text
            .split_once('.')
            .and_then(|(week, day)| Some(DayId { week: ordinal(week, WEEKS)?, day: ordinal(day, DAYS)? }));
        parsed.ok_or_else(|| Failure::new(&NO_SUCH_WEEK, format!("there is no day `{text}`")))
    }
}

/// A week's number as a person writes it on the command line.
pub fn week_number(text: &str) -> Result<u8, Failure> {
    ordinal(text, WEEKS).ok_or_else(|| Failure::new(&NO_SUCH_WEEK, format!("there is no week `{text}`")))
}

/// A number from 1 to `max` in plain digits: no sign, no leading zero.
fn ordinal(text: &str, max: u8) -> Option<u8> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|n| plain && (1..=max).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use logger::Exit;

    #[test]
    fn a_day_is_written_as_week_dot_day_and_nothing_else() {
        assert_eq!("17.3".parse::<DayId>().unwrap(), DayId { week: 17, day: 3 });
        assert_eq!("24.6".parse::<DayId>().unwrap().to_string(), "24.6");
        for bad in
            ["25.1", "0.1", "1.0", "1.7", "x", "", "1", "1.", ".1", "1.1.1", "+1.1", "01.1", "1.-1", "300.1"]
        {
            let failure = bad.parse::<DayId>().unwrap_err();
            assert_eq!(failure.code.exit, Exit::Usage, "{bad}");
            assert!(failure.what.contains(&format!("`{bad}`")), "{failure}");
        }
    }

    #[test]
    fn a_week_is_a_number_from_1_to_24() {
        assert_eq!(week_number("24").unwrap(), 24);
        for bad in ["0", "25", "", "two", "2.1", "02", "-2"] {
            assert_eq!(week_number(bad).unwrap_err().code.exit, Exit::Usage, "{bad}");
        }
    }
}
