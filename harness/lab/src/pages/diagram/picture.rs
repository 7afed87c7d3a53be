//! A drawing as a PNG, for places that show no SVG.
//!
//! No font of the system has a part in it: the letters of an embedded font become shapes here, one column of the
//! drawing each, and resvg is asked for shapes only. (Its own text layout would cost 50 crates, and three times the
//! build, to set a font of one width.)

use std::fmt::Write;

use resvg::{tiny_skia, usvg};
use ttf_parser::{Face, OutlineBuilder};

use super::COLUMN_WIDTH;

/// Pixels of the picture for one of the drawing: sharp where screens are.
const SCALE: f32 = 2.0;

/// The longest side that is drawn, in pixels: 110 columns at this scale are 1,760.
const SIDE_PIXELS_MAX: u32 = 8_192;

/// Replaces each text of a drawing by the outlines of its letters.
pub(super) fn with_letters_as_shapes(body: &str) -> Result<String, String> {
    let face = Face::parse(epaint_default_fonts::HACK_REGULAR, 0).map_err(|e| format!("the font: {e}"))?;
    let mut out = String::with_capacity(body.len() * 4);
    let mut rest = body;
    while let Some(start) = rest.find("<text ") {
        out.push_str(&rest[..start]);
        let text = &rest[start..];
        let (Some(open), Some(end)) = (text.find('>'), text.find("</text>")) else {
            return Err("a text of the drawing does not end".into());
        };
        let (x, y) =
            number(&text[..open], "x").zip(number(&text[..open], "y")).ok_or("a text without a place")?;
        letters(&mut out, &face, &unescaped(&text[open + 1..end]), x, y);
        rest = &text[end + "</text>".len()..];
    }
    out.push_str(rest);
    Ok(out)
}

/// One path for a run of letters whose baseline begins at `x`, `y`.
fn letters(out: &mut String, face: &Face<'_>, text: &str, x: f32, y: f32) {
    // The font's letters are all as wide as its `0`, and here as wide as a column.
    let advance = face.glyph_index('0').and_then(|zero| face.glyph_hor_advance(zero)).unwrap_or(1);
    let scale = COLUMN_WIDTH as f32 / f32::from(advance.max(1));
    let mut pen = Pen { path: String::new(), x, y, scale };
    for letter in text.chars() {
        if let Some(glyph) = face.glyph_index(letter) {
            face.outline_glyph(glyph, &mut pen);
        }
        pen.x += COLUMN_WIDTH as f32;
    }
    let _ = write!(out, "<path class=\"letters\" d=\"{}\"/>", pen.path);
}

/// Writes outlines, which count upwards in the font's units, as SVG, which counts downwards in pixels.
struct Pen {
    path: String,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn step(&mut self, command: char, points: &[(f32, f32)]) {
        self.path.push(command);
        for (x, y) in points {
            let _ = write!(self.path, "{:.2} {:.2} ", self.x + x * self.scale, self.y - y * self.scale);
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.step('M', &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.step('L', &[(x, y)]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.step('Q', &[(x1, y1), (x, y)]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.step('C', &[(x1, y1), (x2, y2), (x, y)]);
    }

    fn close(&mut self) {
        self.path.push('Z');
    }
}

/// Draws an SVG of shapes.
pub(super) fn png(svg: &str) -> Result<Vec<u8>, String> {
    let tree =
        usvg::Tree::from_str(svg, &usvg::Options::default()).map_err(|e| format!("the drawing: {e}"))?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("the drawing has no size")?;
    if size.width().max(size.height()) > SIDE_PIXELS_MAX {
        return Err(format!("the picture would be {} by {} pixels", size.width(), size.height()));
    }
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or("the drawing has no size")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| format!("the picture: {e}"))
}

/// The number in an attribute of a tag.
fn number(tag: &str, name: &str) -> Option<f32> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()?.parse().ok()
}

/// Element content as the characters that it stands for.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::super::Drawing;
    use super::*;

    const BOX: &str = "+-------+     +------+\n| frame |---->| echo |\n+-------+     +------+\n";

    fn pixels(ascii: &str) -> tiny_skia::Pixmap {
        let png = Drawing::of(ascii, "x").unwrap().png().unwrap();
        tiny_skia::Pixmap::decode_png(&png).unwrap()
    }

    #[test]
    fn the_same_drawing_gives_the_same_picture_and_other_letters_another_one() {
        let one = pixels(BOX);
        assert_eq!(one.data(), pixels(BOX).data());
        assert_ne!(one.data(), pixels(&BOX.replace("echo", "ecko")).data());
    }

    #[test]
    fn a_picture_has_paper_ink_and_nothing_see_through() {
        let picture = pixels(BOX);
        assert!(picture.pixels().iter().all(|pixel| pixel.alpha() == u8::MAX));
        let dark = picture.pixels().iter().filter(|pixel| pixel.red() < 0x60).count();
        let share = dark as f64 / picture.pixels().len() as f64;
        assert!((0.01..0.3).contains(&share), "{share}");
    }

    #[test]
    fn every_letter_becomes_a_shape_also_those_that_markup_escapes() {
        let shapes = with_letters_as_shapes("<text x=\"2\" y=\"12\" >a &lt; b</text><g></g>").unwrap();
        assert!(!shapes.contains("<text") && shapes.ends_with("<g></g>"), "{shapes}");
        let less = with_letters_as_shapes("<text x=\"2\" y=\"12\" >&lt;</text>").unwrap();
        assert_eq!(less.matches('M').count(), 1, "one outline: {less}");
    }

    #[test]
    fn a_picture_beyond_the_bound_is_refused() {
        let side = |pixels: u32| {
            format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{pixels}\" height=\"2\"></svg>")
        };
        let bound = SIDE_PIXELS_MAX / SCALE as u32;
        assert!(png(&side(bound)).is_ok());
        assert!(png(&side(bound + 1)).unwrap_err().contains("8194"));
    }
}
