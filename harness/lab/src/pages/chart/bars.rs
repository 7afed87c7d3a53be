//! Throughputs: one row each, with the spread of the rounds as a whisker.

use evidence::{Fact, Measurement, Series, Value};

use super::frame::{self, Look, Plot, WIDTH};
use super::scale::{Axis, in_axis_name, labelled_ticks};
use super::svg::{Anchor, Svg};
use crate::pages::quantity::quantity;

const ROW: f64 = 44.0;

/// Bars of one fact of each series. `<fact>-low` and `<fact>-high` are drawn as a whisker where they are recorded.
pub(super) fn draw(measurement: &Measurement, fact: &str, style: Option<&str>) -> String {
    let rows: Vec<(&Series, Look, f64, &str)> = measurement
        .series
        .iter()
        .enumerate()
        .filter_map(|(index, s)| {
            let (value, unit) = number(s, fact)?;
            Some((s, Look { index, peer: s.peer }, value, unit))
        })
        .collect();
    let unit = rows.first().map_or("", |row| row.3);
    let most = rows
        .iter()
        .map(|(s, _, value, _)| {
            number(s, &format!("{fact}-high")).map_or(*value, |(high, _)| high.max(*value))
        })
        .fold(0.0, f64::max);

    let mut svg = Svg::default();
    let top = frame::title(&mut svg, &measurement.title);
    let plot = Plot { left: 24.0, right: WIDTH - 150.0, top, bottom: top + ROW * rows.len() as f64 };
    let ticks = labelled_ticks(most, unit);
    let x = Axis::linear(0.0, ticks[ticks.len() - 1].0, plot.left, plot.right);
    let name = fact.replace('-', " ");
    let name = if in_axis_name(unit) { format!("{name} ({unit})") } else { name };
    frame::horizontal_axis(&mut svg, &plot, &x, &thin(ticks, plot.right - plot.left), &name);

    let mut words = Vec::new();
    for (row, (series, look, value, unit)) in rows.iter().enumerate() {
        let y = plot.top + ROW * row as f64;
        let name = if series.peer { format!("{} (compared with)", series.name) } else { series.name.clone() };
        svg.text("legend", (plot.left + 4.0, y + 14.0), Anchor::Start, &name);
        svg.rect(&look.fill(), plot.left, y + 20.0, x.at(*value) - plot.left, 14.0);
        let low = number(series, &format!("{fact}-low")).map(|(v, _)| v);
        let high = number(series, &format!("{fact}-high")).map(|(v, _)| v);
        let mut end = x.at(*value);
        if let (Some(low), Some(high)) = (low, high) {
            whisker(&mut svg, &x, y + 27.0, low, high);
            end = end.max(x.at(high));
        }
        let label = quantity(*value, unit);
        svg.text("value", (end + 8.0, y + 31.5), Anchor::Start, &label);
        words.push(format!("{name}: {label}"));
    }
    svg.finish((WIDTH, plot.bottom + 56.0), &measurement.title, &words.join("; "), style)
}

/// The spread of the rounds.
pub(super) fn whisker(svg: &mut Svg, x: &Axis, y: f64, low: f64, high: f64) {
    let (low, high) = (x.at(low), x.at(high));
    svg.line("whisker", (low, y), (high, y));
    svg.line("whisker", (low, y - 4.0), (low, y + 4.0));
    svg.line("whisker", (high, y - 4.0), (high, y + 4.0));
}

/// Keeps as many tick labels as fit without touching.
pub(super) fn thin(labels: Vec<(f64, String)>, width: f64) -> Vec<(f64, String)> {
    let widest = labels.iter().map(|(_, l)| frame::text_width(l)).fold(1.0, f64::max);
    let fit = (width / (widest + 12.0)).floor().max(2.0) as usize;
    let every = labels.len().div_ceil(fit).max(1);
    labels.into_iter().step_by(every).collect()
}

/// A numeric fact of a series.
pub(super) fn number<'a>(series: &'a Series, name: &str) -> Option<(f64, &'a str)> {
    series.facts.iter().find(|f| f.name == name).and_then(|f| Some((numeric(f)?, f.unit.as_str())))
}

/// The fact that a bar chart shows when none is named: the first rate, else the first number.
pub(super) fn principal(measurement: &Measurement) -> Option<&str> {
    let facts = || measurement.series.iter().flat_map(|s| &s.facts).filter(|f| numeric(f).is_some());
    facts().find(|f| f.unit.ends_with("/s")).or_else(|| facts().next()).map(|f| f.name.as_str())
}

fn numeric(fact: &Fact) -> Option<f64> {
    match fact.value {
        Value::Count(n) => Some(n as f64),
        Value::Real(x) => Some(x),
        Value::Text(_) => None,
    }
}
