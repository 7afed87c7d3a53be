//! A setting and what it may be.

use std::fmt::Display;
use std::time::Duration;

use crate::LoadError;

/// Refuses a value outside `low..=high`, by name.
pub(crate) fn within<T: PartialOrd + Display>(
    what: String,
    value: T,
    low: T,
    high: T,
) -> Result<(), LoadError> {
    if value < low || value > high {
        return Err(LoadError::plan(what, value, format!("{low} to {high}")));
    }
    Ok(())
}

/// Refuses a time below a millisecond, which is what the poller can wait, and one above `longest`.
pub(crate) fn within_times(what: String, time: Duration, longest: Duration) -> Result<(), LoadError> {
    let shortest = Duration::from_millis(1);
    if time < shortest || time > longest {
        return Err(LoadError::plan(what, format!("{time:?}"), format!("{shortest:?} to {longest:?}")));
    }
    Ok(())
}
