//! A number that somebody chose, and the range that it has to be in.

use std::ops::RangeInclusive;

use logger::{Coded, ErrorCode};

use crate::catalog;

/// A number outside of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}, not {from} to {to}")]
pub struct OutOfRange {
    /// What was chosen, with its unit.
    pub name: &'static str,
    /// What it was chosen to be.
    pub value: u64,
    /// The least that it may be.
    pub from: u64,
    /// The most that it may be.
    pub to: u64,
}

impl Coded for OutOfRange {
    fn code(&self) -> &'static ErrorCode {
        &catalog::LIMIT_OUT_OF_RANGE
    }
}

/// The value, if it lies in the range.
pub(crate) fn within(name: &'static str, value: u64, range: RangeInclusive<u64>) -> Result<u64, OutOfRange> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(OutOfRange { name, value, from: *range.start(), to: *range.end() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_pass_and_one_beyond_either_is_named() {
        for value in [2, 5] {
            assert_eq!(within("eggs", value, 2..=5), Ok(value));
        }
        for value in [1, 6] {
            let error = within("eggs", value, 2..=5).unwrap_err();
            assert_eq!(error.to_string(), format!("eggs is {value}, not 2 to 5"));
            assert_eq!(error.code().code, "LIMIT-OUT-OF-RANGE");
        }
    }
}
