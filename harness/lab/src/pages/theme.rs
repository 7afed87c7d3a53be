//! The theme as data: one set of variables and rules for book, evidence index and charts.

/// Every colour and measure, as `name: light-dark(on paper, at night)`.
const VARIABLES: &str = include_str!("../../theme/css/variables.css");
/// The rules of charts.
const CHARTS: &str = include_str!("../../theme/charts.css");
/// The rules of text drawings.
const DIAGRAMS: &str = include_str!("../../theme/diagrams.css");
/// The rules of everything else that the directives write: boards, tables of records, banners.
const RECORDS: &str = include_str!("../../theme/records.css");
/// The frame of the one page that is not the book.
const INDEX: &str = include_str!("../../theme/index.css");

/// The sign of the house, as an inline element.
pub(super) const SIGN: &str = include_str!("../../theme/sign.svg");

/// The style of a chart that is a file of its own.
pub(super) fn chart_file_style() -> String {
    file_style("lab-chart", CHARTS)
}

/// The style of a drawing that is a file of its own.
pub(super) fn diagram_file_style() -> String {
    file_style("lab-diagram", DIAGRAMS)
}

/// The style of a drawing on paper, in plain values: for a renderer that knows neither variables nor the night.
pub(super) fn diagram_paper_style() -> String {
    let mut style = compact(DIAGRAMS);
    for (name, value) in declarations() {
        let on_paper = pair(value).map_or(value, |(on_paper, _)| on_paper);
        style = style.replace(&format!("var({name})"), on_paper);
    }
    style
}

/// The style of a drawing of this class that is a file. Plain colours twice, because an SVG is also read by programs
/// that know neither `light-dark()` nor the page around it.
fn file_style(class: &str, rules: &str) -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    let needed = |name: &str| name == "--bg" || rules.contains(&format!("var({name})"));
    for (name, value) in declarations().filter(|(name, _)| needed(name)) {
        match pair(value) {
            Some((on_paper, at_night)) => {
                light.push_str(&format!("{name}:{on_paper};"));
                dark.push_str(&format!("{name}:{at_night};"));
            }
            None => light.push_str(&format!("{name}:{value};")),
        }
    }
    format!(
        ".{class}{{{light}background:var(--bg)}}@media (prefers-color-scheme:dark){{.{class}{{{dark}}}}}{}",
        compact(rules)
    )
}

/// The style of the evidence index: variables, records and its own frame, embedded. Charts bring their own.
pub(super) fn index_style() -> String {
    [VARIABLES, INDEX, RECORDS].map(compact).concat()
}

/// `(name, value)` of every custom property.
fn declarations() -> impl Iterator<Item = (&'static str, &'static str)> {
    VARIABLES.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_suffix(';')?.split_once(": ")?;
        name.starts_with("--").then_some((name, value))
    })
}

/// The two sides of `light-dark(a, b)`.
fn pair(value: &str) -> Option<(&str, &str)> {
    let inner = value.strip_prefix("light-dark(")?.strip_suffix(')')?;
    inner.split_once(", ")
}

/// A style sheet without comments, line breaks and the space around punctuation.
fn compact(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    out.push_str(rest);
    let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.replace(" { ", "{").replace("; ", ";").replace(";}", "}").replace(" }", "}").replace("} ", "}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_carries_both_sides_of_every_colour_that_it_uses() {
        for style in [chart_file_style(), diagram_file_style()] {
            carries_its_colours(&style);
        }
        let paper = diagram_paper_style();
        assert!(!paper.contains("var(") && !paper.contains("light-dark("), "{paper}");
    }

    fn carries_its_colours(style: &str) {
        assert!(!style.contains("light-dark("), "{style}");
        for (i, _) in style.match_indices("var(--") {
            let name = &style[i + 4..i + style[i..].find(')').unwrap()];
            assert!(style.contains(&format!("{name}:")), "{name} is used but not declared");
        }
        assert!(style.contains("prefers-color-scheme:dark"), "{style}");
    }

    #[test]
    fn comments_and_layout_do_not_reach_the_page() {
        assert_eq!(
            compact("/* a */ .x {\n  color: red;\n  margin: 0;\n}\n"),
            " .x{color: red;margin: 0}".trim_start()
        );
    }
}
