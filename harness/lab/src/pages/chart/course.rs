//! A course over time: what a drill or a soak did, second by second.

use evidence::Measurement;

use super::frame::{self, Look, Plot, WIDTH};
use super::scale::{Axis, in_axis_name, labelled_ticks};
use super::svg::Svg;
use crate::pages::quantity::quantity;

const PLOT_HEIGHT: f64 = 260.0;

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

    let seconds = points().map(|p| p.0).fold(0.0, f64::max);
    let most = points().map(|p| p.1).fold(0.0, f64::max);
    let times = labelled_ticks(seconds, "s");
    let values = labelled_ticks(most, &measurement.unit);
    let x = Axis::linear(0.0, times[times.len() - 1].0, plot.left, plot.right);
    let y = Axis::linear(0.0, values[values.len() - 1].0, plot.bottom, plot.top);
    let name = if in_axis_name(&measurement.unit) { measurement.unit.as_str() } else { "" };
    frame::vertical_axis(&mut svg, &plot, &y, &values, name);
    frame::horizontal_axis(&mut svg, &plot, &x, &times, "time since the start");

    for (series, look) in &series {
        let line: Vec<_> = series.points.iter().map(|(t, v)| (x.at(*t), y.at(*v))).collect();
        svg.polyline(&look.line(), &line);
        if let (Some(first), Some(last)) = (line.first(), line.last()) {
            svg.mark(&look.dot(), look.mark(), *first);
            svg.mark(&look.dot(), look.mark(), *last);
        }
    }
    let words: Vec<String> = series
        .iter()
        .map(|(s, _)| {
            let high = s.points.iter().map(|p| p.1).fold(0.0, f64::max);
            let last = s.points.last().map_or(0.0, |p| p.1);
            format!(
                "{}: at most {}, at the end {}",
                s.name,
                quantity(high, &measurement.unit),
                quantity(last, &measurement.unit)
            )
        })
        .collect();
    svg.finish((WIDTH, plot.bottom + 56.0), &measurement.title, &words.join("; "), style)
}
