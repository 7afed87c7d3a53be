//! What both tools accept on their command lines, judged the same way.

use std::time::Duration;

use crate::{FrameLimit, PAYLOAD_BYTES_MAX_DEFAULT};

/// The longest deadline that an argument can ask for: one day.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The default of `--limit`, as text for the help page.
pub const LIMIT_DEFAULT: u32 = PAYLOAD_BYTES_MAX_DEFAULT;

/// A deadline: `250ms`, `5s`, `10m`; from one millisecond to [`TIMEOUT_MAX`].
///
/// # Errors
/// What is wrong, for the tool's usage line.
pub fn timeout(text: &str) -> Result<Duration, String> {
    let duration = logger::clock::parse_duration(text)?.unsigned_abs();
    if (Duration::from_millis(1)..=TIMEOUT_MAX).contains(&duration) {
        Ok(duration)
    } else {
        Err("a deadline is between 1ms and 1440m".into())
    }
}

/// A frame limit in bytes.
///
/// # Errors
/// What is wrong, for the tool's usage line.
pub fn limit(text: &str) -> Result<FrameLimit, String> {
    let bytes = text.parse().map_err(|_| "a limit is a whole number of bytes".to_string())?;
    FrameLimit::new(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_millisecond_at_least_and_a_day_at_most() {
        for refused in ["0ms", "999us", "1441m", "10", "s", "-5s", ""] {
            assert!(timeout(refused).is_err(), "{refused:?}");
        }
        assert_eq!(timeout("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(timeout("1440m"), Ok(TIMEOUT_MAX));
    }

    #[test]
    fn a_limit_argument_obeys_the_hard_maximum() {
        assert!(limit("16777216").is_ok());
        for refused in ["0", "16777217", "4294967296", "1k", "-1", ""] {
            assert!(limit(refused).is_err(), "{refused:?}");
        }
    }
}
