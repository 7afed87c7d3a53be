//! The switched rendering: reference, skeleton and every wrong variant in one build, chosen when the process starts.
//!
//! Building a week once per mistake would cost a compile and a link for each. Instead every hole becomes a `match`
//! on a number that is read from the environment once per process:
//!
//! ```text
//! fn body() -> T {
//!     #![allow(unreachable_code, …)]
//!     static LAB_VARIANT: OnceLock<u8> = …;     // 0 unless LAB_VARIANT names the skeleton or a mistake of this hole
//!     match *LAB_VARIANT.get_or_init(…) {
//!         1 => { todo!("…") }           // `skeleton`, and `only:` this hole
//!         2 => { the mistaken body }
//!         _ => { the reference body }
//!     }
//! }
//! ```
//!
//! A `match` in tail position has the type of the body; a stub that diverges coerces to it; `return`, `?` and `await`
//! mean in an arm what they meant in the body. Not possible in a `const fn`, which cannot ask the environment: rustc
//! says so. Bodies are copied verbatim, since indenting them would change a raw string.

use super::parse::{HoleText, Language, MarkerError, Piece, pieces};
use crate::course::Wrong;

/// Which variant a switched build runs: [`SKELETON`], [`only`] one open hole, the id of a wrong variant, or unset for
/// the reference.
pub const VARIANT_ENV: &str = "LAB_VARIANT";

/// The variant in which every hole is open.
pub const SKELETON: &str = "skeleton";

/// The variant in which this hole alone is open, and all others are written.
pub fn only(hole: &str) -> String {
    format!("only:{hole}")
}

/// What the arms may look like without a compiler's complaint: they are not written by the book, on purpose.
const ALLOWED: &str = "unused, unreachable_code, clippy::all";

/// The source with every Rust hole as a switch over its variants. Wrong variants of other files are ignored.
pub fn switched(source: &str, wrongs: &[Wrong]) -> Result<String, MarkerError> {
    let mut text = String::with_capacity(source.len() * 2);
    for piece in pieces(source)? {
        match piece {
            Piece::Text(verbatim) => text.push_str(verbatim),
            Piece::Hole(hole) if hole.language == Language::Rust => switch(&mut text, &hole, wrongs)?,
            Piece::Hole(hole) => text.push_str(&hole.body),
        }
    }
    Ok(text)
}

fn switch(text: &mut String, hole: &HoleText, wrongs: &[Wrong]) -> Result<(), MarkerError> {
    let mut variants = vec![(SKELETON, format!("{}{}\n", hole.indent, hole.stub))];
    for wrong in wrongs.iter().filter(|wrong| wrong.hole == hole.id) {
        variants.push((wrong.id.as_str(), mistaken(hole, wrong)?));
    }
    let pad = &hole.indent;
    text.push_str(&format!(
        "{pad}#![allow({ALLOWED})]\n\
         {pad}static LAB_VARIANT: ::std::sync::OnceLock<u8> = ::std::sync::OnceLock::new();\n\
         {pad}match *LAB_VARIANT.get_or_init(|| match ::std::env::var(\"{VARIANT_ENV}\").as_deref() {{\n"
    ));
    for (number, (name, _)) in (1u8..).zip(&variants) {
        let names = match *name {
            SKELETON => format!("{name:?} | {:?}", only(&hole.id)),
            wrong => format!("{wrong:?}"),
        };
        text.push_str(&format!("{pad}    Ok({names}) => {number},\n"));
    }
    text.push_str(&format!("{pad}    _ => 0,\n{pad}}}) {{\n"));
    for (number, (name, body)) in (1u8..).zip(&variants) {
        text.push_str(&format!("{pad}// {name}\n{pad}{number} => {{\n{body}{pad}}}\n"));
    }
    text.push_str(&format!("{pad}_ => {{\n{}{pad}}}\n{pad}}}\n", hole.body));
    Ok(())
}

/// The body that the mistaken author would have written.
fn mistaken(hole: &HoleText, wrong: &Wrong) -> Result<String, MarkerError> {
    let with = wrong.with.trim_end_matches('\n');
    let Some(replace) = &wrong.replace else {
        return Ok(format!("{}{}\n", hole.indent, continued(with, &hole.indent)));
    };
    let replace = replace.trim_end_matches('\n');
    let found = occurrences(&hole.body, replace);
    let [(start, end, indent)] = found.as_slice() else {
        return Err(MarkerError::new(
            hole.line,
            format!(
                "the text that wrong variant `{}` replaces occurs {} times in the hole `{}`",
                wrong.id,
                found.len(),
                hole.id
            ),
            "choose in week.yaml a `replace` that occurs exactly once in the hole's body",
        ));
    };
    let mistaken = format!("{}{}{}", &hole.body[..*start], continued(with, indent), &hole.body[*end..]);
    if mistaken == hole.body {
        return Err(MarkerError::new(
            hole.line,
            format!("wrong variant `{}` replaces its text by itself", wrong.id),
            "write in `with` what the mistaken author wrote",
        ));
    }
    Ok(mistaken)
}

/// Where `wanted` occurs: byte range and the indentation of the line where it starts. In the data a text of several
/// lines is indented relative to its first line, so its later lines are also tried with that line's indentation.
fn occurrences(body: &str, wanted: &str) -> Vec<(usize, usize, String)> {
    let Some(first) = wanted.lines().next().filter(|first| !first.is_empty()) else { return Vec::new() };
    let mut found = Vec::new();
    for (start, _) in body.match_indices(first) {
        let line = &body[body[..start].rfind('\n').map_or(0, |at| at + 1)..];
        let indent = &line[..line.len() - line.trim_start().len()];
        let candidates = [(continued(wanted, indent), indent), (wanted.to_owned(), "")];
        if let Some((text, indent)) =
            candidates.iter().find(|(text, _)| body[start..].starts_with(text.as_str()))
        {
            found.push((start, start + text.len(), (*indent).to_owned()));
        }
    }
    found
}

/// The text with all lines but the first indented.
fn continued(text: &str, indent: &str) -> String {
    let mut lines = text.lines();
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(indent);
            out.push_str(line);
        }
    }
    out
}
