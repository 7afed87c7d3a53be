//! Series over time out of what the generator and the watch wrote down.

use load::{GroupOutcome, Interval};

use super::watch::Sample;

/// A percentile of an interval.
type Percentile = fn(&Interval) -> u64;

/// The percentiles that are followed.
pub(super) const LATENCIES: [(&str, Percentile); 3] =
    [("p50", |at| at.p50_ns), ("p95", |at| at.p95_ns), ("p99", |at| at.p99_ns)];

/// One percentile over time; an interval without an answer has none.
pub(super) fn latency(intervals: &[Interval], of: Percentile) -> Vec<(f64, f64)> {
    let answered = intervals.iter().filter(|interval| interval.replies > 0);
    answered.map(|interval| (interval.at_seconds, of(interval) as f64)).collect()
}

/// Requests without a right answer, in percent of all that came to an end in the interval.
pub(super) fn error_rate(groups: &[&GroupOutcome]) -> Vec<(f64, f64)> {
    let longest = groups.iter().map(|group| group.intervals.len()).max().unwrap_or(0);
    let at = |index: usize| {
        let intervals = groups.iter().filter_map(|group| group.intervals.get(index));
        let (mut seconds, mut errors, mut all) = (0.0, 0, 0);
        for interval in intervals {
            seconds = interval.at_seconds;
            errors += interval.errors;
            all += interval.errors + interval.replies;
        }
        (seconds, 100.0 * errors as f64 / all.max(1) as f64)
    };
    (0..longest).map(at).collect()
}

/// How much memory rises from the first quarter to the end, along the line with the median of all slopes between two
/// samples (Theil and Sen). A queue that is full in one sample and gone in the next moves an average, and the slope of
/// the best line in the sense of least squares, but not this one.
pub(super) fn rise_after_the_first_quarter(samples: &[Sample]) -> f64 {
    let later = &samples[samples.len() / 4..];
    let mut slopes: Vec<f64> = Vec::new();
    for (index, earlier) in later.iter().enumerate() {
        for after in &later[index + 1..] {
            let seconds = after.at_seconds - earlier.at_seconds;
            if seconds > 0.0 {
                slopes.push((after.memory_bytes as f64 - earlier.memory_bytes as f64) / seconds);
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let (Some(slope), Some(first), Some(last)) = (slopes.get(slopes.len() / 2), later.first(), later.last())
    else {
        return 0.0;
    };
    slope * (last.at_seconds - first.at_seconds)
}
