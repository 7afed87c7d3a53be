//! The percentile distribution as text, in the form that HdrHistogram's own tools print and plot.

use std::fmt::Write as _;

use crate::Histogram;
use crate::histogram::bucket_width;

/// Rows for each halving of the distance to 100 %, as the other tools do by default.
const TICKS_PER_HALF_DISTANCE: f64 = 5.0;

impl Histogram {
    /// The `.hgrm` text: value, percentile, total count and 1/(1-percentile) per row, then the trailer.
    ///
    /// Values are in the unit of the measurement, which a last `#[Unit …]` line names; plotters skip `#` lines.
    pub fn hgrm(&self, unit: &str) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:>12} {:>14} {:>10} {:>14}\n",
            "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
        );
        for row in self.percentiles() {
            let value = row.value as f64;
            let _ = match row.inverse() {
                Some(inverse) => {
                    writeln!(out, "{value:>12.3} {:.12} {:>10} {inverse:>14.2}", row.quantile, row.count)
                }
                None => writeln!(out, "{value:>12.3} {:.12} {:>10}", row.quantile, row.count),
            };
        }
        let (mean, deviation) = (self.mean(), self.standard_deviation());
        let _ = writeln!(out, "#[Mean    = {mean:>12.3}, StdDeviation   = {deviation:>12.3}]");
        let _ =
            writeln!(out, "#[Max     = {:>12.3}, Total count    = {:>12}]", self.max as f64, self.count());
        let _ = writeln!(out, "#[Buckets = {:>12}, SubBuckets     = {:>12}]", self.doublings(), 256);
        let _ = writeln!(out, "#[Unit    = {unit:>12}]");
        out
    }

    /// The rows of the distribution: five for each halving of the distance to 1, one at least per tick, and a last
    /// one at 1. What a chart of latency by percentile draws.
    pub fn percentiles(&self) -> Vec<Percentile> {
        let total = self.count();
        let (mut rows, mut tick, mut seen) = (Vec::new(), 0.0f64, 0u64);
        for (bucket, count) in &self.buckets {
            seen = seen.saturating_add(*count);
            let value = (*bucket).min(self.max);
            let reached = seen as f64 / total as f64;
            while tick < 1.0 && tick <= reached {
                rows.push(Percentile { value, quantile: tick, count: seen });
                if seen == total {
                    break;
                }
                let halvings = (1.0 / (1.0 - tick)).log2().floor();
                let next = tick + 1.0 / (TICKS_PER_HALF_DISTANCE * (halvings + 1.0).exp2());
                // With some 2^50 values the step is below the precision of the sum: the next row is the last.
                tick = if next > tick { next } else { 1.0 };
            }
        }
        if total > 0 {
            rows.push(Percentile { value: self.max, quantile: 1.0, count: total });
        }
        rows
    }

    /// How many doublings of the exact range cover the largest value.
    fn doublings(&self) -> u32 {
        bucket_width(self.max).ilog2() + 1
    }
}

/// One row of a percentile distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentile {
    /// In the unit of the measurement.
    pub value: u64,
    /// 0 to 1.
    pub quantile: f64,
    /// How many values are at most `value`.
    pub count: u64,
}

impl Percentile {
    /// 1/(1-q), the linear axis of a latency chart; `None` at 1.
    pub fn inverse(&self) -> Option<f64> {
        (self.quantile < 1.0).then(|| 1.0 / (1.0 - self.quantile))
    }
}
