//! What every chart has in common: size, title, legend, plot area, axes.

use super::scale::Axis;
use super::svg::{Anchor, Mark, Svg};

/// Width of a chart in pixels at full size.
pub(super) const WIDTH: f64 = 720.0;

/// The rectangle in which values are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// How one series looks: its hue, its dash and its mark, all three by its place in the measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// The class that carries hue and dash.
    pub(super) index: usize,
    /// True for what we are compared with: dashed, with a hollow mark.
    pub(super) peer: bool,
}

impl Look {
    pub(super) fn line(self) -> String {
        format!("series s{}{}", self.index % 6 + 1, if self.peer { " peer" } else { "" })
    }

    pub(super) fn dot(self) -> String {
        format!("dot s{}{}", self.index % 6 + 1, if self.peer { " hollow" } else { "" })
    }

    pub(super) fn fill(self) -> String {
        format!("bar s{}{}", self.index % 6 + 1, if self.peer { " hollow" } else { "" })
    }

    pub(super) fn mark(self) -> Mark {
        Mark::ALL[self.index % Mark::ALL.len()]
    }
}

/// Draws the title and says where the next row begins.
pub(super) fn title(svg: &mut Svg, text: &str) -> f64 {
    svg.text("title", (16.0, 26.0), Anchor::Start, text);
    44.0
}

/// Draws a legend in as many rows as it needs, from `top`, and says where it ends. Entries never overlap: the
/// width of a name is taken for the widest letters that a system font may have.
pub(super) fn legend(svg: &mut Svg, top: f64, entries: &[(String, Look)]) -> f64 {
    const ROW: f64 = 20.0;
    let (mut x, mut y) = (16.0, top + 12.0);
    for (name, look) in entries {
        let width = 36.0 + text_width(name) + 18.0;
        if x > 16.0 && x + width > WIDTH - 8.0 {
            x = 16.0;
            y += ROW;
        }
        svg.line(&look.line(), (x, y - 4.0), (x + 28.0, y - 4.0));
        svg.mark(&look.dot(), look.mark(), (x + 14.0, y - 4.0));
        svg.text("legend", (x + 36.0, y), Anchor::Start, name);
        x += width;
    }
    y + 14.0
}

/// An upper bound of a text's width in pixels at the legend's size.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 7.6 } else { 13.0 }).sum()
}

/// Draws a horizontal grid line and its label for each tick of a vertical axis, and the axis' name.
pub(super) fn vertical_axis(svg: &mut Svg, plot: &Plot, axis: &Axis, ticks: &[(f64, String)], name: &str) {
    for (value, label) in ticks {
        let y = axis.at(*value);
        svg.line("grid", (plot.left, y), (plot.right, y));
        svg.text("tick", (plot.left - 8.0, y + 4.0), Anchor::End, label);
    }
    svg.text_upwards("axis", (18.0, (plot.top + plot.bottom) / 2.0), name);
}

/// Draws a vertical grid line and its label for each tick of a horizontal axis, and the axis' name.
pub(super) fn horizontal_axis(svg: &mut Svg, plot: &Plot, axis: &Axis, ticks: &[(f64, String)], name: &str) {
    for (value, label) in ticks {
        let x = axis.at(*value);
        svg.line("grid", (x, plot.top), (x, plot.bottom));
        svg.text("tick", (x, plot.bottom + 18.0), Anchor::Middle, label);
    }
    svg.line("base", (plot.left, plot.bottom), (plot.right, plot.bottom));
    if !name.is_empty() {
        svg.text("axis", ((plot.left + plot.right) / 2.0, plot.bottom + 40.0), Anchor::Middle, name);
    }
}
