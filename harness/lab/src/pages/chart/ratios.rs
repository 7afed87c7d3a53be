//! Ratios: ours over what a user would pick instead, one row each, with the spread of the rounds as a whisker.

use evidence::Ratio;

use super::bars::{thin, whisker};
use super::frame::{self, Look, Plot, WIDTH};
use super::scale::{Axis, fine_log_ticks, labelled_ticks};
use super::svg::{Anchor, Svg};
use crate::pages::quantity::quantity;

/// Height of a row whose name stands above its mark.
const ROW: f64 = 44.0;

/// Height of a row whose name stands beside its mark.
const DENSE_ROW: f64 = 24.0;

/// Beyond so many ratios each has one line: its name in a column of its own, left of the plot.
const RATIOS_IN_TWO_LINES_MAX: usize = 10;

/// Ratios that differ by more than this factor get a logarithmic axis, on which twice as fast and half as fast lie
/// equally far from even.
const LINEAR_FACTOR_MAX: f64 = 6.0;

/// Ratios around 1: a mark at the median, a whisker over the rounds, the bar to reach as a tick.
pub(super) fn draw(title: &str, ratios: &[Ratio], style: Option<&str>) -> String {
    let mut svg = Svg::default();
    let top = frame::title(&mut svg, title);
    let dense = ratios.len() > RATIOS_IN_TWO_LINES_MAX;
    let (row_height, left) = if dense { (DENSE_ROW, 24.0 + names_width(ratios)) } else { (ROW, 24.0) };
    let plot = Plot { left, right: WIDTH - 90.0, top, bottom: top + row_height * ratios.len() as f64 };
    let goal =
        if ratios.iter().any(|r| r.bar.is_some()) { "; the short mark is the bar to reach" } else { "" };
    let (x, ticks, scale) = ratio_axis(ratios, &plot);
    let name = format!("ours over the other{scale}: right of the heavy line ours is better{goal}");
    frame::horizontal_axis(&mut svg, &plot, &x, &ticks, "");
    // As wide as the chart: below a plot that begins far right it would not fit.
    svg.text("axis", (WIDTH / 2.0, plot.bottom + 40.0), Anchor::Middle, &name);
    svg.line("one", (x.at(1.0), plot.top), (x.at(1.0), plot.bottom));

    let mut words = Vec::new();
    for (row, ratio) in ratios.iter().enumerate() {
        let y = plot.top + row_height * row as f64;
        // One hue by peer where there are many, so that the eye finds the same comparison again.
        let index = if dense { peer_index(ratios, &ratio.peer) } else { row };
        let look = Look { index, peer: false };
        let line = if dense { y + 12.0 } else { y + 27.0 };
        if dense {
            svg.text("legend", (plot.left - 12.0, y + 16.5), Anchor::End, &ratio.id);
        } else {
            let label = format!("{}: {} against {}", ratio.id, ratio.subject, ratio.peer);
            svg.text("legend", (plot.left + 4.0, y + 14.0), Anchor::Start, &shortened(&label));
        }
        whisker(&mut svg, &x, line, ratio.low, ratio.high);
        svg.mark(&look.dot(), look.mark(), (x.at(ratio.median), line));
        if let Some(bar) = ratio.bar {
            svg.line("goal", (x.at(bar), line - 8.0), (x.at(bar), line + 8.0));
        }
        let median = quantity(ratio.median, "x");
        svg.text("value", (x.at(ratio.high) + 12.0, line + 4.5), Anchor::Start, &median);
        words.push(format!("{}, {} against {}: median {median}", ratio.claim, ratio.subject, ratio.peer));
    }
    svg.finish((WIDTH, plot.bottom + 56.0), title, &words.join("; "), style)
}

/// The axis of ratios, its ticks, and what is to be said of it.
fn ratio_axis(ratios: &[Ratio], plot: &Plot) -> (Axis, Vec<(f64, String)>, &'static str) {
    let most = ratios.iter().map(|r| r.high.max(r.bar.unwrap_or(1.0))).fold(1.0, f64::max);
    let least = ratios.iter().map(|r| r.low.min(r.bar.unwrap_or(1.0))).fold(1.0, f64::min);
    if least > 0.0 && most / least > LINEAR_FACTOR_MAX {
        let ticks = fine_log_ticks(least, most);
        let axis = Axis::log(ticks[0], ticks[ticks.len() - 1], plot.left, plot.right);
        let labelled = ticks.into_iter().map(|tick| (tick, quantity(tick, "x"))).collect();
        return (axis, thin(labelled, plot.right - plot.left), " (logarithmic)");
    }
    let ticks = labelled_ticks(most, "x");
    (Axis::linear(0.0, ticks[ticks.len() - 1].0, plot.left, plot.right), ticks, "")
}

/// The room that the names of dense rows need, up to half of the chart.
fn names_width(ratios: &[Ratio]) -> f64 {
    let widest = ratios.iter().map(|ratio| frame::text_width(&ratio.id)).fold(0.0, f64::max);
    widest.min(WIDTH / 2.0)
}

/// The place of a peer among the peers, in order of appearance.
fn peer_index(ratios: &[Ratio], peer: &str) -> usize {
    let mut peers: Vec<&str> = Vec::new();
    for ratio in ratios {
        if !peers.contains(&ratio.peer.as_str()) {
            peers.push(&ratio.peer);
        }
    }
    peers.iter().position(|known| *known == peer).unwrap_or(0)
}

/// As much of a text as one row bears.
fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 84;
    if text.chars().count() <= CHARS_MAX {
        return text.into();
    }
    text.chars().take(CHARS_MAX - 1).collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratios(medians: &[f64]) -> Vec<Ratio> {
        let of = |(n, median): (usize, &f64)| {
            Ratio::of_rounds(&format!("r-{n}"), "claim", "ours", ["a", "b"][n % 2], &[*median], None)
        };
        medians.iter().enumerate().map(of).collect()
    }

    #[test]
    fn many_ratios_take_one_line_each_and_few_have_their_whole_name() {
        let few = draw("t", &ratios(&[1.0; RATIOS_IN_TWO_LINES_MAX]), None);
        assert!(few.contains(">r-0: ours against a<"), "{few}");
        let many = draw("t", &ratios(&[1.0; RATIOS_IN_TWO_LINES_MAX + 1]), None);
        assert!(many.contains(">r-0<") && !many.contains(">r-0: "), "{many}");
        let height = |drawing: &str| {
            drawing.split(" height=\"").nth(1).and_then(|h| h.split('"').next()?.parse::<f64>().ok())
        };
        assert!(height(&many) < height(&few), "{:?} {:?}", height(&many), height(&few));
    }

    #[test]
    fn ratios_far_apart_are_drawn_by_factors_and_close_ones_by_difference() {
        assert!(!draw("t", &ratios(&[1.0, LINEAR_FACTOR_MAX]), None).contains("logarithmic"));
        assert!(draw("t", &ratios(&[1.0, LINEAR_FACTOR_MAX * 1.01]), None).contains("logarithmic"));
        assert!(draw("t", &ratios(&[0.1, 1.0]), None).contains("logarithmic"));
    }

    #[test]
    fn a_ratio_of_nothing_is_drawn_without_a_division_by_it() {
        let drawing = draw("t", &ratios(&[0.0, 9.0]), None);
        assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
    }
}
