//! Text drawings as SVG: what an author draws with `+--+` and `-->` follows the page's colours.
//!
//! svgbob turns the drawing into shapes. Of its output we keep the shapes only: its style, markers' colours and
//! backdrop are replaced by classes of the theme, so a drawing looks right on paper, at night and in print.
//!
//! | drawing | from | as |
//! | --- | --- | --- |
//! | inside a page | a `diagram` fence | [`render`]: an SVG element that takes the page's style |
//! | a file of its own | `outputs/month-1-demo/diagram.txt` | [`Drawing::svg`], with its own style; [`Drawing::png`], on paper |

mod picture;

use std::path::Path;

use super::chart::svg::escape;
use super::problem::Problem;
use super::theme;

/// The widest drawing in columns; a wider one cannot be read on any page.
pub(crate) const COLUMNS_MAX: usize = 110;

/// Width of a column of text in pixels.
const COLUMN_WIDTH: u32 = 8;
/// Height of a row of text in pixels.
const ROW_HEIGHT: u32 = 16;
/// On a narrow screen a drawing scrolls rather than become narrower than this.
const LEGIBLE_WIDTH: u32 = 520;

/// Renders a drawing inside a page. It must have a title, which is what a reader who cannot see it is given.
pub(crate) fn render(ascii: &str, title: Option<&str>) -> Result<String, String> {
    let title =
        title.filter(|t| !t.trim().is_empty()).ok_or("a diagram needs a title: ```diagram title=\"…\"")?;
    Ok(Drawing::of(ascii, title)?.figure())
}

/// A drawing as shapes.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// What a reader who cannot see it is given.
    title: String,
    /// Pixels at full size.
    width: u32,
    height: u32,
    /// The shapes, on one line: an empty line would end the HTML block that the drawing is.
    body: String,
}

impl Drawing {
    /// Reads a file that holds one drawing: `title: …` on the first line, then the drawing.
    pub(crate) fn read(path: &Path, name: &str) -> Result<Drawing, Problem> {
        let wrong = |line: usize, what: String| Problem::at(name, line, what);
        let text = std::fs::read_to_string(path).map_err(|e| wrong(0, e.to_string()))?;
        let (first, ascii) = text.split_once('\n').unwrap_or((&text, ""));
        let title = first.strip_prefix("title: ").map(str::trim).filter(|title| !title.is_empty());
        let title = title.ok_or_else(|| wrong(1, "a drawing begins with a line `title: …`".into()))?;
        Drawing::of(ascii.trim_start_matches('\n'), title).map_err(|what| wrong(0, what))
    }

    /// What a reader who cannot see it is given.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The drawing as a figure of a page, under its title.
    pub(crate) fn figure(&self) -> String {
        let Drawing { width, height, body, .. } = self;
        let title = escape(&self.title);
        let legible = width.min(&LEGIBLE_WIDTH);
        format!(
            "<figure class=\"lab-figure\"><svg class=\"lab-diagram\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" style=\"min-width:{legible}px\"><title>{title}</title>{ARROWS}{body}</svg>\
             <figcaption>{title}</figcaption></figure>"
        )
    }

    /// The drawing as a file of its own, whose style follows the reader's system.
    pub(crate) fn svg(&self) -> String {
        self.file(&theme::diagram_file_style(), &self.body, "")
    }

    /// The drawing on paper, with its letters as shapes: the same bytes wherever it is made.
    pub(crate) fn png(&self) -> Result<Vec<u8>, String> {
        let backdrop =
            format!("<rect width=\"{}\" height=\"{}\" class=\"backdrop\"/>", self.width, self.height);
        let letters = picture::with_letters_as_shapes(&self.body)?;
        picture::png(&self.file(&theme::diagram_paper_style(), &letters, &backdrop))
    }

    fn file(&self, style: &str, body: &str, backdrop: &str) -> String {
        let Drawing { width, height, .. } = self;
        let title = escape(&self.title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lab-diagram\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\"><title>{title}</title><style>{style}</style>{backdrop}{ARROWS}{body}</svg>\n"
        )
    }

    fn of(ascii: &str, title: &str) -> Result<Drawing, String> {
        if ascii.trim().is_empty() {
            return Err("an empty diagram".into());
        }
        if let Some(line) = ascii.lines().position(|l| l.chars().count() > COLUMNS_MAX) {
            return Err(format!("line {} of the diagram is wider than {COLUMNS_MAX} columns", line + 1));
        }
        let settings = svgbob::Settings {
            include_backdrop: false,
            include_styles: false,
            include_defs: false,
            font_size: 14,
            ..svgbob::Settings::default()
        };
        let drawn = svgbob::to_svg_with_settings(ascii, &settings);
        let (width, _) = size(&drawn).ok_or("the diagram has no size")?;
        // svgbob measures the shapes and the plain text; quoted text that ends a line, or that stands below the last
        // shape, would be outside the picture.
        let columns = ascii.lines().map(|line| line.trim_end().chars().count()).max().unwrap_or_default();
        let width = width.max(u32::try_from(columns).unwrap_or(u32::MAX).saturating_mul(COLUMN_WIDTH));
        let rows = u32::try_from(ascii.trim_end().lines().count()).unwrap_or(u32::MAX);
        let height = rows.saturating_mul(ROW_HEIGHT).saturating_add(2);
        let body = drawn.find('>').zip(drawn.rfind("</svg>")).map(|(start, end)| &drawn[start + 1..end]);
        let body = body.ok_or("the diagram could not be drawn")?;
        let body = body.split_inclusive('\n').map(str::trim_start).collect::<String>().replace('\n', "");
        Ok(Drawing { title: title.to_owned(), width, height, body })
    }
}

/// Line ends, in the colour of the lines; the theme puts them on. Every drawing defines them alike, so it does not
/// matter which definition on a page is used.
const ARROWS: &str = concat!(
    "<defs>",
    "<marker id=\"lab-arrow\" viewBox=\"-2 -2 8 8\" refX=\"4\" refY=\"2\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><polygon class=\"filled\" points=\"0,0 0,4 4,2 0,0\"/></marker>",
    "<marker id=\"lab-diamond\" viewBox=\"-2 -2 8 8\" refX=\"4\" refY=\"2\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><polygon class=\"filled\" points=\"0,2 2,0 4,2 2,4 0,2\"/></marker>",
    "<marker id=\"lab-circle\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><circle class=\"filled\" cx=\"4\" cy=\"4\" r=\"2\"/></marker>",
    "<marker id=\"lab-open-circle\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><circle class=\"bg_filled\" cx=\"4\" cy=\"4\" r=\"2\"/></marker>",
    "<marker id=\"lab-big-open-circle\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><circle class=\"bg_filled\" cx=\"4\" cy=\"4\" r=\"3\"/></marker>",
    "</defs>",
);

/// Width and height from the root element's attributes.
fn size(svg: &str) -> Option<(u32, u32)> {
    let root = &svg[..svg.find('>')?];
    let number = |name: &str| {
        let start = root.find(&format!(" {name}=\""))? + name.len() + 3;
        let text = &root[start..start + root[start..].find('"')?];
        Some(text.parse::<f64>().ok()?.ceil() as u32)
    };
    Some((number("width")?, number("height")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: &str = "+-------+     +------+\n| frame |---->| echo |\n+-------+     +------+\n";

    #[test]
    fn a_drawing_carries_no_colour_and_no_style_of_its_own() {
        let svg = render(BOX, Some("A frame is echoed")).unwrap();
        for foreign in ["<style", "fill:", "stroke:", "black", "white", "#000"] {
            assert!(!svg.contains(foreign), "{foreign} in {svg}");
        }
        assert!(svg.contains("<title>A frame is echoed</title>"), "{svg}");
        assert!(svg.contains("frame") && svg.contains("echo"), "{svg}");
        assert!(!svg.contains('\n'), "one line");
    }

    #[test]
    fn quoted_text_at_the_end_of_a_line_is_inside_the_picture() {
        let text = "a long remark (with signs) that no shape follows";
        let svg = render(&format!("+---+\n| a |--> \"{text}\"\n+---+\n"), Some("x")).unwrap();
        let x: u32 = svg
            .split(text)
            .next()
            .and_then(|head| head.rsplit("x=\"").next()?.split('"').next()?.parse().ok())
            .unwrap();
        let (width, _) = size(svg.split_once("<svg").map(|(_, svg)| svg).unwrap()).unwrap();
        assert!(x + text.len() as u32 * COLUMN_WIDTH <= width, "text from {x} in a picture {width} wide");
    }

    #[test]
    fn quoted_text_below_the_last_shape_is_inside_the_picture() {
        let svg = render("+---+\n| a |\n+---+\n\n\n\"below\"\n", Some("x")).unwrap();
        let (_, height) = size(svg.split_once("<svg").map(|(_, svg)| svg).unwrap()).unwrap();
        assert_eq!(height, 6 * ROW_HEIGHT + 2);
    }

    #[test]
    fn the_same_drawing_gives_the_same_bytes() {
        assert_eq!(render(BOX, Some("x")), render(BOX, Some("x")));
    }

    #[test]
    fn a_drawing_without_title_or_too_wide_is_refused() {
        assert!(render(BOX, None).unwrap_err().contains("needs a title"));
        assert!(render(&"-".repeat(111), Some("x")).unwrap_err().contains("wider than 110"));
        assert!(render("  \n", Some("x")).unwrap_err().contains("empty"));
    }
}
