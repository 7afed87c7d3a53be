//! The little SVG that the charts need, written by hand so that the same record gives the same bytes.

use std::fmt::Write;

/// A drawing in the making. Coordinates are in user units (a pixel at full size), rounded to a tenth.
#[derive(Debug, Default)]
pub(super) struct Svg {
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// The text starts at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// The mark of a series, so that colour is never the only cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Plus,
}

impl Mark {
    /// Every mark, in the order in which series take them.
    pub(super) const ALL: [Mark; 6] =
        [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::Cross, Mark::Plus];
}

impl Svg {
    /// A straight line of the given class.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (num(from.0), num(from.1), num(to.0), num(to.1));
        let _ = write!(
            self.body,
            r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="currentColor"/>"#
        );
    }

    /// An open path through the points.
    pub(super) fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut d = String::new();
        let mut before: Option<(String, String)> = None;
        for (x, y) in points {
            let (x, y) = (num(*x), num(*y));
            // A step along one axis needs one number only; most of a percentile chart is steps.
            let _ = match &before {
                None => write!(d, "M{x} {y}"),
                Some((px, py)) if *px == x && *py == y => Ok(()),
                Some((_, py)) if *py == y => write!(d, "H{x}"),
                Some((px, _)) if *px == x => write!(d, "V{y}"),
                Some(_) => write!(d, "L{x} {y}"),
            };
            before = Some((x, y));
        }
        let _ = write!(self.body, r#"<path class="{class}" d="{d}" fill="none" stroke="currentColor"/>"#);
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (x, y, w, h) = (num(x), num(y), num(width), num(height));
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}" fill="currentColor"/>"#
        );
    }

    /// One line of text on the baseline `at`.
    pub(super) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y) = (num(at.0), num(at.1));
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#,
            escape(text)
        );
    }

    /// A text that reads upwards, for the name of a vertical axis.
    pub(super) fn text_upwards(&mut self, class: &str, at: (f64, f64), text: &str) {
        let (x, y) = (num(at.0), num(at.1));
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="middle" transform="rotate(-90 {x} {y})">{}</text>"#,
            escape(text)
        );
    }

    /// A series' mark, centred on `at`.
    pub(super) fn mark(&mut self, class: &str, mark: Mark, at: (f64, f64)) {
        let (x, y) = at;
        let r = 4.0;
        let d = match mark {
            Mark::Circle => {
                format!(
                    "M{} {}a{r} {r} 0 1 0 {} 0a{r} {r} 0 1 0 -{} 0Z",
                    num(x - r),
                    num(y),
                    2.0 * r,
                    2.0 * r
                )
            }
            Mark::Square => format!("M{} {}h7v7h-7Z", num(x - 3.5), num(y - 3.5)),
            Mark::Triangle => format!("M{} {}l4.5 8h-9Z", num(x), num(y - 5.0)),
            Mark::Diamond => format!("M{} {}l5 5l-5 5l-5 -5Z", num(x), num(y - 5.0)),
            Mark::Cross => format!("M{} {}l7 7m0 -7l-7 7", num(x - 3.5), num(y - 3.5)),
            Mark::Plus => format!("M{} {}v9m-4.5 -4.5h9", num(x), num(y - 4.5)),
        };
        let _ = write!(self.body, r#"<path class="{class}" d="{d}" stroke="currentColor"/>"#);
    }

    /// The finished element. `style` is embedded when the drawing must stand alone as a file.
    pub(super) fn finish(
        self,
        (width, height): (f64, f64),
        title: &str,
        description: &str,
        style: Option<&str>,
    ) -> String {
        let style = style.map(|css| format!("<style>{css}</style>")).unwrap_or_default();
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="lab-chart" role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}"><title>{}</title><desc>{}</desc>{style}{}</svg>"#,
            escape(title),
            escape(description),
            self.body,
            w = num(width),
            h = num(height),
        )
    }
}

/// A coordinate with at most one decimal and no negative zero.
pub(super) fn num(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    if tenths % 10 == 0 {
        format!("{}", tenths / 10)
    } else {
        format!("{}{}.{}", if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenths.abs() % 10)
    }
}

/// Text made safe for element content and double-quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_rounded_to_a_tenth_without_negative_zero() {
        let seen: Vec<String> = [0.0, -0.04, 1.25, -1.25, 10.0, -0.3].into_iter().map(num).collect();
        assert_eq!(seen, ["0", "0", "1.3", "-1.3", "10", "-0.3"]);
    }

    #[test]
    fn markup_in_a_name_stays_text() {
        let mut svg = Svg::default();
        svg.text("t", (0.0, 0.0), Anchor::Start, "a<b> & \"c\"");
        let out = svg.finish((10.0, 10.0), "x<y", "", None);
        assert!(out.contains("a&lt;b&gt; &amp; &quot;c&quot;"), "{out}");
        assert!(out.contains("<title>x&lt;y</title>"), "{out}");
    }
}
