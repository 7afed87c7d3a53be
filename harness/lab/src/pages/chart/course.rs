//! A course over time: what a drill or a soak did, second by second. Where the measurement names another horizontal
//! axis, a curve over that: what came out at each load that was offered.

use evidence::Measurement;

use super::frame::{self, Look, Plot, WIDTH};
use super::scale::{Axis, in_axis_name, labelled_ticks, log_ticks, number_ticks, time_ticks};
use super::svg::Svg;
use crate::pages::quantity::quantity;

const PLOT_HEIGHT: f64 = 260.0;

/// Durations that differ by more than this factor get a logarithmic axis: one slow answer in half an hour must not
/// flatten all others into a line at the bottom.
const LINEAR_FACTOR_MAX: f64 = 40.0;

/// Where a series has no point for so many of its usual intervals, its line is broken: nothing was measured there.
const GAP_INTERVALS: f64 = 3.0;

/// About so many marks tell one line from another.
const MARKS: usize = 6;

/// The chart of every series that has points.
pub(super) fn draw(measurement: &Measurement, style: Option<&str>) -> String {
    let series: Vec<_> = measurement
        .series
        .iter()
        .enumerate()
        .filter(|(_, s)| !s.points.is_empty())
        .map(|(index, s)| (s, Look { index, peer: s.peer }))
        .collect();
    let points = || series.iter().flat_map(|(s, _)| s.points.iter());

    let mut svg = Svg::default();
    let top = frame::title(&mut svg, &measurement.title);
    let entries: Vec<_> = series.iter().map(|(s, look)| (s.name.clone(), *look)).collect();
    let top = frame::legend(&mut svg, top, &entries) + 6.0;
    let plot = Plot { left: 92.0, right: WIDTH - 24.0, top, bottom: top + PLOT_HEIGHT };

    let unit = measurement.unit.as_str();
    let most = points().map(|p| p.1).fold(0.0, f64::max);
    let least = points().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let (y, values, name) = if is_time(unit) && least > 0.0 && most / least > LINEAR_FACTOR_MAX {
        let ticks = log_ticks(least, most);
        let axis = Axis::log(ticks[0], ticks[ticks.len() - 1], plot.bottom, plot.top);
        (axis, ticks.into_iter().map(|tick| (tick, quantity(tick, unit))).collect(), "logarithmic")
    } else {
        // A line at zero all along is told from an empty chart by an axis that goes on to one.
        let ticks = labelled_ticks(if most > 0.0 { most } else { 1.0 }, unit);
        let axis = Axis::linear(0.0, ticks[ticks.len() - 1].0, plot.bottom, plot.top);
        (axis, ticks, if in_axis_name(unit) { unit } else { "" })
    };
    frame::vertical_axis(&mut svg, &plot, &y, &values, name);
    let (from, to) = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (p.0.min(a), p.0.max(b)));
    let (x, ticks, name) = horizontal(measurement, from, to, &plot);
    frame::horizontal_axis(&mut svg, &plot, &x, &ticks, name);

    for (place, (series, look)) in series.iter().enumerate() {
        // Between two points of a curve nothing is missing: nobody meant to measure there.
        let parts =
            if measurement.x.is_some() { vec![&series.points[..]] } else { stretches(&series.points) };
        for stretch in parts {
            let line: Vec<_> = stretch.iter().map(|(t, v)| (x.at(*t), y.at(*v))).collect();
            svg.polyline(&look.line(), &line);
            // Each series begins elsewhere, so that the marks of two lines at one height stay apart.
            let every = line.len().div_ceil(MARKS).max(1);
            let first = (place * every / entries.len()).min(line.len() - 1);
            for at in line.iter().skip(first).step_by(every) {
                svg.mark(&look.dot(), look.mark(), *at);
            }
        }
    }
    let end = if measurement.x.is_some() { "right" } else { "end" };
    let words: Vec<String> = series
        .iter()
        .map(|(s, _)| {
            let high = s.points.iter().map(|p| p.1).fold(0.0, f64::max);
            let last = s.points.last().map_or(0.0, |p| p.1);
            format!(
                "{}: at most {}, at the {end} {}",
                s.name,
                quantity(high, &measurement.unit),
                quantity(last, &measurement.unit)
            )
        })
        .collect();
    svg.finish((WIDTH, plot.bottom + 56.0), &measurement.title, &words.join("; "), style)
}

/// The horizontal axis with its ticks and its name: seconds from 0, or what the measurement names, from the first point.
fn horizontal<'m>(
    measurement: &'m Measurement,
    from: f64,
    to: f64,
    plot: &Plot,
) -> (Axis, Vec<(f64, String)>, &'m str) {
    match &measurement.x {
        None => {
            let seconds = to.max(0.0);
            let axis = Axis::linear(0.0, seconds, plot.left, plot.right);
            (axis, time_ticks(seconds), "time since the start")
        }
        Some(name) => {
            let ticks = number_ticks(from, to);
            let axis = Axis::linear(ticks[0].0, ticks[ticks.len() - 1].0, plot.left, plot.right);
            (axis, ticks, name)
        }
    }
}

/// True for a unit of time.
fn is_time(unit: &str) -> bool {
    ["ns", "us", "µs", "ms", "s"].contains(&unit)
}

/// The parts of a course between its gaps, none of them empty.
fn stretches(points: &[(f64, f64)]) -> Vec<&[(f64, f64)]> {
    let mut intervals: Vec<f64> = points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    intervals.sort_by(f64::total_cmp);
    let usual = intervals.get(intervals.len() / 2).copied().unwrap_or(0.0);
    let together = |one: &(f64, f64), next: &(f64, f64)| next.0 - one.0 <= usual * GAP_INTERVALS;
    points.chunk_by(together).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::Series;

    fn chart(unit: &str, points: Vec<(f64, f64)>) -> String {
        draw(&Measurement::of("m", "M", unit).series(Series::over_time("s", points)), None)
    }

    #[test]
    fn a_line_is_broken_where_nothing_was_measured_and_only_there() {
        let points: Vec<(f64, f64)> =
            (0..30).filter(|n| !(10..15).contains(n)).map(|n| (f64::from(n), 1.0)).collect();
        let lengths: Vec<usize> = stretches(&points).iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [10, 15]);
        assert_eq!(stretches(&[(0.0, 1.0), (0.5, 1.0), (1.4, 1.0)]).len(), 1);
        assert_eq!(stretches(&[(3.0, 1.0)]).len(), 1);
        assert!(stretches(&[]).is_empty());
    }

    #[test]
    fn one_slow_answer_does_not_flatten_all_others() {
        let spiked = |top: f64| vec![(0.0, 1e6), (1.0, top), (2.0, 1e6)];
        assert!(chart("ns", spiked(1e6 * LINEAR_FACTOR_MAX * 1.01)).contains(">logarithmic<"));
        assert!(!chart("ns", spiked(1e6 * LINEAR_FACTOR_MAX)).contains(">logarithmic<"));
        assert!(!chart("bytes", spiked(1e9)).contains(">logarithmic<"), "memory begins at nothing");
    }

    fn curve(points: Vec<(f64, f64)>) -> String {
        let measurement = Measurement::of("m", "M", "requests/s").over("offered load, times capacity");
        draw(&measurement.series(Series::curve("s", points)), None)
    }

    #[test]
    fn an_axis_that_is_not_time_has_its_name_and_numbers_without_seconds() {
        let drawing = curve(vec![(0.5, 10.0), (1.0, 20.0), (3.0, 20.0)]);
        assert!(drawing.contains(">offered load, times capacity<"), "{drawing}");
        assert!(drawing.contains(">0.5<") && drawing.contains(">3<"), "{drawing}");
        assert!(!drawing.contains("time since the start") && !drawing.contains(" s<"), "{drawing}");
    }

    #[test]
    fn a_curve_is_not_broken_where_its_points_lie_apart() {
        let points = vec![(0.1, 1.0), (0.2, 1.0), (0.3, 1.0), (8.0, 1.0), (8.1, 1.0)];
        assert_eq!(stretches(&points).len(), 2);
        assert_eq!(curve(points).matches("<path class=\"series").count(), 1);
    }

    #[test]
    fn a_curve_of_one_point_and_one_left_of_zero_are_drawn_without_a_division_by_nothing() {
        for points in [vec![(2.0, 3.0)], vec![(0.0, 0.0)], vec![(-1.0, 3.0), (1.0, 3.0)]] {
            let drawing = curve(points.clone());
            assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{points:?}: {drawing}");
        }
    }

    #[test]
    fn a_course_of_zeros_and_of_one_point_is_drawn_without_a_division_by_nothing() {
        for points in [vec![(0.0, 0.0)], vec![(0.0, 0.0), (1.0, 0.0)], vec![(5.0, 3.0)]] {
            let drawing = chart("%", points.clone());
            assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{points:?}: {drawing}");
        }
    }
}
