//! Latency by percentile: the horizontal axis is 1/(1-p), so that each further nine has the same width and the
//! tail, where a system shows its character, has as much room as the middle.

use evidence::{Histogram, Measurement};

use super::frame::{self, Look, Plot, WIDTH};
use super::scale::{Axis, log_ticks};
use super::svg::Svg;
use crate::pages::quantity::{quantity, three_digits};

const HEIGHT: f64 = 420.0;
/// Points closer than this, in pixels, cannot be told apart: the line itself is wider.
const STEP_PIXELS_MIN: f64 = 1.5;
/// Percentiles that get a tick on the axis and a mark on each line.
const NINES: [(f64, &str); 7] = [
    (0.0, "0 %"),
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
    (0.99999, "99.999 %"),
];

/// The chart of every series that has a histogram.
pub(super) fn draw(measurement: &Measurement, style: Option<&str>) -> String {
    let series: Vec<(&str, Look, &Histogram)> = measurement
        .series
        .iter()
        .enumerate()
        .filter_map(|(index, s)| Some((s.name.as_str(), Look { index, peer: s.peer }, s.histogram.as_ref()?)))
        .filter(|(_, _, histogram)| !histogram.buckets.is_empty())
        .collect();

    let mut svg = Svg::default();
    let top = frame::title(&mut svg, &measurement.title);
    let entries: Vec<_> = series.iter().map(|(name, look, _)| (name.to_string(), *look)).collect();
    let top = frame::legend(&mut svg, top, &entries);
    let plot = Plot { left: 92.0, right: WIDTH - 24.0, top: top + 6.0, bottom: top + 6.0 + HEIGHT - 130.0 };

    let samples = series.iter().map(|(_, _, h)| total(h)).max().unwrap_or(1) as f64;
    let x = Axis::log(1.0, samples.max(100.0), plot.left, plot.right);
    let low = series.iter().map(|(_, _, h)| h.min).min().unwrap_or(1).max(1) as f64;
    let high = series.iter().map(|(_, _, h)| h.max).max().unwrap_or(1).max(1) as f64;
    let ticks = log_ticks(low, high);
    let y = Axis::log(ticks[0], ticks[ticks.len() - 1], plot.bottom, plot.top);

    let labels: Vec<_> = ticks.iter().map(|t| (*t, quantity(*t, &measurement.unit))).collect();
    frame::vertical_axis(&mut svg, &plot, &y, &labels, axis_name(&measurement.unit));
    let nines: Vec<_> = NINES
        .iter()
        .filter(|(p, _)| 1.0 / (1.0 - p) <= samples.max(100.0) * 1.001)
        .map(|(p, label)| (1.0 / (1.0 - p), label.to_string()))
        .collect();
    frame::horizontal_axis(
        &mut svg,
        &plot,
        &x,
        &nines,
        "percentile: this share of the samples was at or below the line",
    );

    for (_, look, histogram) in &series {
        svg.polyline(&look.line(), &line(histogram, &x, &y));
        for (p, _) in NINES.iter().filter(|(p, _)| *p >= 0.5 && 1.0 / (1.0 - p) <= total(histogram) as f64) {
            let value = at(histogram, *p) as f64;
            svg.mark(&look.dot(), look.mark(), (x.at(1.0 / (1.0 - p)), y.at(value)));
        }
    }
    let description = describe(&series, &measurement.unit);
    svg.finish((WIDTH, plot.bottom + 56.0), &measurement.title, &description, style)
}

/// The line of one histogram: steps, since every sample of a bucket counts as its highest value, and so that the marks
/// lie on the line where buckets are few.
fn line(histogram: &Histogram, x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    let total = total(histogram) as f64;
    let mut below = 0u64;
    let mut points: Vec<(f64, f64)> = vec![(x.at(1.0), y.at(histogram.min as f64))];
    for (value, count) in &histogram.buckets {
        let height = y.at((*value).min(histogram.max) as f64);
        let start = x.at(1.0 / (1.0 - below as f64 / total));
        below += count;
        let end = if below as f64 >= total { x.at(total) } else { x.at(1.0 / (1.0 - below as f64 / total)) };
        for point in [(start, height), (end, height)] {
            let near = |p: &(f64, f64)| {
                (point.0 - p.0).abs() < STEP_PIXELS_MIN && (point.1 - p.1).abs() < STEP_PIXELS_MIN
            };
            if !points.last().is_some_and(near) {
                points.push(point);
            }
        }
    }
    points
}

fn total(histogram: &Histogram) -> u64 {
    histogram.buckets.iter().map(|(_, count)| count).sum()
}

/// The value at or below which the share `p` of the samples lies.
fn at(histogram: &Histogram, p: f64) -> u64 {
    histogram.quantile(p)
}

fn axis_name(unit: &str) -> &str {
    match unit {
        "ns" | "us" | "µs" | "ms" | "s" => "time",
        other => other,
    }
}

/// The chart in words, for who cannot see it.
fn describe(series: &[(&str, Look, &Histogram)], unit: &str) -> String {
    let parts: Vec<String> = series
        .iter()
        .map(|(name, _, h)| {
            format!(
                "{name}: median {}, 99th percentile {}, maximum {} over {} samples",
                quantity(at(h, 0.5) as f64, unit),
                quantity(at(h, 0.99) as f64, unit),
                quantity(h.max as f64, unit),
                three_digits(total(h) as f64),
            )
        })
        .collect();
    parts.join("; ")
}
