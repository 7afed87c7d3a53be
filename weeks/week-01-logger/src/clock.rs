//! Time as an argument. Nothing in this crate asks the machine what time it is, except [`SystemClock`].
//!
//! A program that reads the wall clock wherever it pleases cannot be tested exactly: every golden file would need
//! holes where the times are. So time comes in as a [`Clock`], chosen once, on the command line:
//!
//! | `--clock` | every reading gives |
//! | --- | --- |
//! | `system` | the time of this machine |
//! | `fixed:2026-01-01T00:00:00Z` | exactly that instant |
//! | `fixed:2026-01-01T00:00:00Z,step=1ms` | that instant, then 1 ms later, then 2 ms later … |

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

// ANCHOR: clock
/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The current time. Not monotonic: the machine's clock may be set back.
    fn now(&self) -> Timestamp;
}
// ANCHOR_END: clock

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

// ANCHOR: fixed-clock
/// A clock that starts at a given instant and moves by a fixed step per reading; a step of zero stands still.
#[derive(Debug)]
pub struct FixedClock {
    start: Timestamp,
    step: SignedDuration,
    readings: AtomicI64,
}
// ANCHOR_END: fixed-clock

impl FixedClock {
    /// A clock that always shows `start`.
    pub const fn at(start: Timestamp) -> Self {
        FixedClock::stepping(start, SignedDuration::ZERO)
    }

    /// A clock whose n-th reading is `start + n * step`, counted from 0.
    pub const fn stepping(start: Timestamp, step: SignedDuration) -> Self {
        FixedClock { start, step, readings: AtomicI64::new(0) }
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        // lab:hole logger.fixed-clock
        let reading = self.readings.fetch_add(1, Ordering::Relaxed);
        let offset = self.step.as_nanos().saturating_mul(i128::from(reading));
        let shown = self.start.as_nanosecond().saturating_add(offset);
        Timestamp::from_nanosecond(shown).unwrap_or(Timestamp::MAX)
        // lab:stub todo!("logger.fixed-clock: the n-th reading is start + n * step, whichever thread asks")
        // lab:end
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The value of `--clock`: which clock to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockSpec {
    /// `system`
    #[default]
    System,
    /// `fixed:<RFC 3339>` with an optional `,step=<duration>`
    Fixed {
        /// What the first reading shows.
        start: Timestamp,
        /// How far each further reading is from the one before.
        step: SignedDuration,
    },
}

impl ClockSpec {
    /// Builds the clock.
    pub fn build(self) -> Arc<dyn Clock> {
        match self {
            ClockSpec::System => Arc::new(SystemClock),
            ClockSpec::Fixed { start, step } => Arc::new(FixedClock::stepping(start, step)),
        }
    }
}

impl FromStr for ClockSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "system" {
            return Ok(ClockSpec::System);
        }
        let Some(fixed) = text.strip_prefix("fixed:") else {
            return Err("a clock is `system` or `fixed:2026-01-01T00:00:00Z`".into());
        };
        let (start, step) = match fixed.split_once(",step=") {
            Some((start, step)) => (start, parse_duration(step)?),
            None => (fixed, SignedDuration::ZERO),
        };
        let start = parse_time(start)?;
        Ok(ClockSpec::Fixed { start, step })
    }
}

impl fmt::Display for ClockSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClockSpec::System => f.write_str("system"),
            ClockSpec::Fixed { start, step } if step.is_zero() => write!(f, "fixed:{start}"),
            ClockSpec::Fixed { start, step } => write!(f, "fixed:{start},step={}us", step.as_micros()),
        }
    }
}

/// Parses an RFC 3339 instant, as in `2026-01-01T00:00:00Z`, for a command line argument.
pub fn parse_time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "a time is RFC 3339, as in 2026-01-01T00:00:00Z".into())
}

/// Parses a duration of whole units for a command line argument: `500us`, `20ms`, `5s`, `10m`.
pub fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let micros_per_unit = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        _ => return Err("a duration is a whole number and a unit, as in 500us, 20ms, 5s or 10m".into()),
    };
    let number: i64 = number.parse().map_err(|_| "a duration starts with a whole number, as in 20ms")?;
    let micros = number.checked_mul(micros_per_unit).ok_or("a duration must fit 64 bits of microseconds")?;
    Ok(SignedDuration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn a_fixed_clock_shows_the_same_instant_every_time() {
        let clock = FixedClock::at(parse_time(NEW_YEAR).unwrap());
        assert_eq!([clock.now(), clock.now()].map(|t| t.to_string()), [NEW_YEAR, NEW_YEAR]);
    }

    #[test]
    fn a_stepping_clock_starts_at_its_start_and_moves_by_its_step() {
        let clock = "fixed:2026-01-01T00:00:00Z,step=1ms".parse::<ClockSpec>().unwrap().build();
        let shown = [clock.now(), clock.now(), clock.now()].map(|t| t.to_string());
        assert_eq!(shown, [NEW_YEAR, "2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.002Z"]);
    }

    #[test]
    fn a_stepping_clock_gives_no_reading_twice_to_two_threads() {
        let clock = FixedClock::stepping(parse_time(NEW_YEAR).unwrap(), SignedDuration::from_micros(1));
        let mut shown = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..1000).map(|_| clock.now()).collect::<Vec<_>>())).collect();
            threads.into_iter().flat_map(|t| t.join().unwrap()).collect::<Vec<_>>()
        });
        shown.sort();
        shown.dedup();
        assert_eq!(shown.len(), 4000);
    }

    #[test]
    fn a_clock_that_would_run_past_the_calendar_stays_at_its_end() {
        let clock = FixedClock::stepping(Timestamp::MAX, SignedDuration::from_secs(1));
        clock.now();
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn clock_arguments_that_mean_nothing_are_refused_with_an_example() {
        for text in ["", "now", "fixed:", "fixed:yesterday", "fixed:2026-01-01T00:00:00Z,step=fast"] {
            let refusal = text.parse::<ClockSpec>().unwrap_err();
            assert!(refusal.contains("as in") || refusal.contains("fixed:2026"), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_clock_argument_survives_a_round_trip() {
        for text in ["system", "fixed:2026-01-01T00:00:00Z", "fixed:2026-01-01T00:00:00Z,step=1500us"] {
            assert_eq!(text.parse::<ClockSpec>().unwrap().to_string(), text);
        }
    }
}
