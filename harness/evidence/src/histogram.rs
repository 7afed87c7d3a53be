//! Latency distributions as data: HDR buckets that survive a round trip and re-render byte for byte.
//!
//! Two significant digits mean 256 buckets of width 1, then 128 buckets per doubling:
//!
//! ```text
//!   value    0 ……… 255 | 256 ……… 511 | 512 ……… 1023 | 1024 ……… 2047 | …
//!   width        1      |      2       |      4        |       8        | …
//! ```
//!
//! A bucket is named by its highest value, so a quantile never claims to be better than what was measured.
//!
//! ```
//! let mut recorder = hdrhistogram::Histogram::<u64>::new(3)?;
//! for nanoseconds in [810, 790, 805, 820, 41_000] {
//!     recorder.record(nanoseconds)?;
//! }
//! let histogram = evidence::Histogram::from_hdr(&recorder);
//! assert_eq!((histogram.quantile(0.5), histogram.count()), (811, 5));
//! assert_eq!(histogram.buckets, [(791, 1), (807, 1), (811, 1), (823, 1), (41_215, 1)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::{Deserialize, Serialize};

/// A recorded distribution: the non-empty HDR buckets, two significant digits.
///
/// Two digits (1 % of the value) are finer than the noise of any machine that runs this, and keep a record small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// Smallest recorded value, as exact as the recorder kept it; 0 when empty.
    pub min: u64,
    /// Largest recorded value, as exact as the recorder kept it; 0 when empty.
    pub max: u64,
    /// `(bucket's highest equivalent value, count)`, ascending, no zero counts.
    pub buckets: Vec<(u64, u64)>,
}

/// Values below this have a bucket each.
const EXACT_BELOW: u64 = 256;
/// Buckets in each doubling above, as a power of two.
const HALF_COUNT_BITS: u32 = 7;

/// How many values share the bucket of `value`.
pub(crate) fn bucket_width(value: u64) -> u64 {
    if value < EXACT_BELOW { 1 } else { 1 << (value.ilog2() - HALF_COUNT_BITS) }
}

fn highest_equivalent(value: u64) -> u64 {
    value | (bucket_width(value) - 1)
}

impl Histogram {
    /// From a recorder. One with more significant digits keeps its sharper `min` and `max`.
    pub fn from_hdr(recorder: &hdrhistogram::Histogram<u64>) -> Self {
        let mut histogram = Histogram { min: recorder.min(), max: recorder.max(), buckets: Vec::new() };
        for step in recorder.iter_recorded() {
            histogram.add(step.value_iterated_to(), step.count_at_value());
        }
        // A coarser recorder (one digit, or a unit above 1) rounds its minimum down out of our first bucket.
        if let Some((first, _)) = histogram.buckets.first() {
            histogram.min = histogram.min.max(first - (bucket_width(*first) - 1));
        }
        histogram
    }

    /// From the values themselves, in any order; `min` and `max` are exact.
    pub fn of_values(values: impl IntoIterator<Item = u64>) -> Self {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        let (min, max) = (values.first().copied().unwrap_or(0), values.last().copied().unwrap_or(0));
        let mut histogram = Histogram { min, max, buckets: Vec::new() };
        values.into_iter().for_each(|value| histogram.add(value, 1));
        histogram
    }

    /// Adds values in ascending order.
    fn add(&mut self, value: u64, count: u64) {
        let bucket = highest_equivalent(value);
        match self.buckets.last_mut() {
            Some((last, counted)) if *last == bucket => *counted = counted.saturating_add(count),
            _ => self.buckets.push((bucket, count)),
        }
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The value that a share `q` (0 to 1) of all values does not exceed: `quantile(0.99)` is the p99.
    ///
    /// It is the highest value of the bucket, at most [`Histogram::max`]; `quantile(0.0)` is the smallest value.
    /// 0 when empty.
    pub fn quantile(&self, q: f64) -> u64 {
        if q <= 0.0 {
            return self.min;
        }
        let rank = ((q.min(1.0) * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0u64;
        for (bucket, count) in &self.buckets {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                return (*bucket).min(self.max);
            }
        }
        self.max
    }

    /// Refuses what no recorder produces: buckets out of order, off their boundary or empty, ends elsewhere.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut above = None;
        let mut total = 0u64;
        for (bucket, count) in &self.buckets {
            if *bucket != highest_equivalent(*bucket) {
                return Err(format!("{bucket} is not the highest value of a bucket with two digits"));
            }
            if above.is_some_and(|above| *bucket <= above) {
                return Err(format!("bucket {bucket} is out of order"));
            }
            if *count == 0 {
                return Err(format!("bucket {bucket} is listed without a count"));
            }
            total = total.checked_add(*count).ok_or("the counts do not fit 64 bits")?;
            above = Some(*bucket);
        }
        let ends = (self.buckets.first(), self.buckets.last());
        let fits = match ends {
            (Some((first, _)), Some((last, _))) => {
                highest_equivalent(self.min) == *first
                    && highest_equivalent(self.max) == *last
                    && self.min <= self.max
            }
            _ => self.min == 0 && self.max == 0,
        };
        if fits {
            Ok(())
        } else {
            Err(format!("min {} and max {} do not lie in the end buckets", self.min, self.max))
        }
    }
}
