//! Axes: from values to pixels, and which values get a tick.

use crate::pages::quantity::{quantity, three_digits};

/// A linear or logarithmic axis between two pixel positions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// An axis on which equal distances are equal differences.
    pub(super) fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        Axis { low, high: if high > low { high } else { low + 1.0 }, from, to, log: false }
    }

    /// An axis on which equal distances are equal factors. Values at or below zero sit at its lower end.
    pub(super) fn log(low: f64, high: f64, from: f64, to: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        Axis { low, high: if high > low { high } else { low * 10.0 }, from, to, log: true }
    }

    /// The pixel of a value, clamped to the axis.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }
}

/// Ticks of a logarithmic axis that covers `low..=high`, and the bounds widened to the outermost ticks.
///
/// Prefers whole decades; takes finer steps until there are four ticks, so that a narrow range is still readable.
pub(super) fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let low = if low > 0.0 { low } else { 1.0 };
    let high = high.max(low * 1.02);
    let sets: [&[f64]; 5] = [
        &[1.0],
        &[1.0, 2.0, 5.0],
        &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
        &[1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0],
        &[
            1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2, 3.4, 3.6,
            3.8, 4.0, 4.4, 4.8, 5.2, 5.6, 6.0, 6.4, 6.8, 7.2, 7.6, 8.0, 8.5, 9.0, 9.5,
        ],
    ];
    let mut ticks = Vec::new();
    for set in sets {
        ticks = covering(low, high, set);
        if ticks.len() >= 4 {
            break;
        }
    }
    ticks
}

/// Ticks of a logarithmic axis in steps of about two: close around what they cover, where whole decades would leave
/// most of the axis empty.
pub(super) fn fine_log_ticks(low: f64, high: f64) -> Vec<f64> {
    covering(low, high.max(low * 1.02), &[1.0, 2.0, 5.0])
}

/// The members of `set × 10^n` from the last one at or below `low` to the first one at or above `high`.
fn covering(low: f64, high: f64, set: &[f64]) -> Vec<f64> {
    let first = low.log10().floor() as i32;
    let last = high.log10().floor() as i32 + 1;
    let all: Vec<f64> =
        (first..=last).flat_map(|decade| set.iter().map(move |m| m * 10f64.powi(decade))).collect();
    // A hair of tolerance, so that a bound that is a tick up to rounding does not add another one.
    let start = all.iter().rposition(|t| *t <= low * 1.000_001).unwrap_or(0);
    let end = all.iter().position(|t| *t >= high * 0.999_999).unwrap_or(all.len() - 1);
    all[start..=end].to_vec()
}

/// Ticks of a linear axis from `low` to at least `high`: steps of 1, 2 or 5 times a power of ten, about five of them.
pub(super) fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let span = if high > low { high - low } else { 1.0 };
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough * 0.999).unwrap_or(power);
    let first = (low / step).floor() as i64;
    let last = (high / step - 1e-9).ceil() as i64;
    (first..=last.max(first + 1)).map(|i| i as f64 * step).collect()
}

/// Ticks of an axis from 0 to at least `high`, with the text of each: bytes in binary steps, rates as bare numbers
/// (their unit stands in the axis' name), zero without a unit.
pub(super) fn labelled_ticks(high: f64, unit: &str) -> Vec<(f64, String)> {
    let step = match unit.strip_prefix("bytes") {
        Some(_) => 1024f64.powi((high.max(1.0).log2() / 10.0).floor() as i32),
        None => 1.0,
    };
    let label = |value: f64| match value {
        0.0 => "0".to_string(),
        value if in_axis_name(unit) => short(value),
        value => quantity(value, unit),
    };
    linear_ticks(0.0, high / step).into_iter().map(|t| (t * step, label(t * step))).collect()
}

/// Ticks of an axis of seconds from 0, none beyond `seconds`; long courses are counted in minutes.
pub(super) fn time_ticks(seconds: f64) -> Vec<(f64, String)> {
    let (one, word) = if seconds > 150.0 { (60.0, "min") } else { (1.0, "s") };
    let ticks = linear_ticks(0.0, seconds / one).into_iter().map(|tick| tick * one);
    let label = |at: f64| if at == 0.0 { "0".into() } else { format!("{} {word}", three_digits(at / one)) };
    ticks.filter(|at| *at <= seconds * 1.000_001).map(|at| (at, label(at))).collect()
}

/// Ticks of an axis of bare numbers that covers `low..=high`; what they count stands in the axis' name.
pub(super) fn number_ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    linear_ticks(low, high).into_iter().map(|at| (at, short(at))).collect()
}

/// True for a unit that would repeat itself at every tick: a rate, or a noun.
pub(super) fn in_axis_name(unit: &str) -> bool {
    !["", "ns", "us", "µs", "ms", "s", "%", "x", "bytes", "bytes/s"].contains(&unit)
}

/// `4,000,000` as `4 M`.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1e9 => format!("{} G", three_digits(value / 1e9)),
        v if v >= 1e6 => format!("{} M", three_digits(value / 1e6)),
        v if v >= 1e4 => format!("{} k", three_digits(value / 1e3)),
        _ => three_digits(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_ticks_cover_the_range_with_at_least_four() {
        for (low, high) in [(900.0, 1_100.0), (1.0, 10.0), (37_000.0, 8_200_000.0), (500.0, 505.0)] {
            let ticks = log_ticks(low, high);
            assert!(ticks.len() >= 2, "{low}..{high}: {ticks:?}");
            assert!(ticks[0] <= low && *ticks.last().unwrap() >= high, "{low}..{high}: {ticks:?}");
        }
        assert_eq!(log_ticks(2.0, 900_000.0).len(), 7);
    }

    #[test]
    fn linear_ticks_have_round_steps() {
        assert_eq!(linear_ticks(0.0, 9.3), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(linear_ticks(0.0, 0.0), [0.0, 0.2]);
    }

    #[test]
    fn labels_fit_their_unit() {
        let texts = |high, unit| labelled_ticks(high, unit).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(texts(3.3e6, "bytes"), ["0", "1 MiB", "2 MiB", "3 MiB", "4 MiB"]);
        assert_eq!(texts(9e6, "frames/s"), ["0", "2 M", "4 M", "6 M", "8 M", "10 M"]);
        assert_eq!(texts(9.0, "s"), ["0", "2 s", "4 s", "6 s", "8 s", "10 s"]);
    }

    #[test]
    fn a_long_course_is_counted_in_minutes_and_no_tick_lies_beyond_it() {
        let texts = |seconds| time_ticks(seconds).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(texts(59.5), ["0", "20 s", "40 s"]);
        assert_eq!(texts(60.0), ["0", "20 s", "40 s", "60 s"]);
        assert_eq!(texts(1785.0), ["0", "10 min", "20 min"]);
        assert_eq!(texts(0.0), ["0"]);
    }

    #[test]
    fn an_axis_of_numbers_begins_where_they_do_and_large_ones_are_short() {
        let texts = |low, high| number_ticks(low, high).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(texts(0.5, 3.0), ["0.5", "1", "1.5", "2", "2.5", "3"]);
        assert_eq!(texts(10_000.0, 50_000.0), ["10 k", "20 k", "30 k", "40 k", "50 k"]);
        assert_eq!(texts(2.0, 2.0).first().map(String::as_str), Some("2"));
    }

    #[test]
    fn an_axis_clamps_instead_of_drawing_outside() {
        let axis = Axis::log(10.0, 1000.0, 0.0, 100.0);
        assert_eq!(axis.at(0.0), 0.0);
        assert_eq!(axis.at(100.0), 50.0);
        assert_eq!(axis.at(1e9), 100.0);
    }
}
