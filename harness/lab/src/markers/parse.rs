//! Reads markers strictly: every line is text or one of three marker words, and the words come in one order.

use std::path::Path;

use super::rules::{
    check_stub, closes_a_body, hole_id, opens_a_body, refuse_duplicate, refuse_trailing_marker,
};

/// How a file writes its comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `// lab:…`
    Rust,
    /// `<!-- lab:… -->`
    Markdown,
}

impl Language {
    const ALL: [Language; 2] = [Language::Rust, Language::Markdown];

    pub(super) fn open(self) -> &'static str {
        match self {
            Language::Rust => "// lab:",
            Language::Markdown => "<!-- lab:",
        }
    }

    fn close(self) -> &'static str {
        match self {
            Language::Rust => "",
            Language::Markdown => "-->",
        }
    }
}

/// One hole of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoleText {
    /// The word id (`framing.reject-oversize`).
    pub id: String,
    /// The line of the `lab:hole` marker, from 1.
    pub line: usize,
    /// The whitespace before the marker.
    pub indent: String,
    /// The reference body: whole lines, verbatim.
    pub body: String,
    /// What stands there until it is written.
    pub stub: String,
    /// How the file writes its comments.
    pub language: Language,
}

/// What is wrong with a source's markers, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}; {fix}")]
pub struct MarkerError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl MarkerError {
    pub(super) fn new(line: usize, what: impl Into<String>, fix: impl Into<String>) -> Self {
        MarkerError { line, what: what.into(), fix: fix.into() }
    }

    /// The error as an editor can jump to it: `path:line: what; fix`.
    pub fn in_file(&self, path: &Path) -> String {
        format!("{}:{}: {}; {}", path.display(), self.line, self.what, self.fix)
    }
}

/// A stretch of a source: text that is nobody's exercise, or a hole.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Hole(HoleText),
}

/// The marker on this line, if it is one: language, word (`hole`), and the rest.
pub(super) fn marker(line: &str) -> Option<(Language, &str, &str)> {
    let line = line.trim();
    Language::ALL.into_iter().find_map(|language| {
        let inner = line.strip_prefix(language.open())?;
        let inner = inner.strip_suffix(language.close()).unwrap_or(inner).trim_end();
        let (word, rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        Some((language, word, rest.trim()))
    })
}

/// The holes of a source, in order.
pub fn holes(source: &str) -> Result<Vec<HoleText>, MarkerError> {
    let found = pieces(source)?.into_iter().filter_map(|piece| match piece {
        Piece::Hole(hole) => Some(hole),
        Piece::Text(_) => None,
    });
    Ok(found.collect())
}

/// Where the reader is inside a hole.
struct Open {
    hole: HoleText,
    body_from: usize,
    stub: Option<(usize, String)>,
}

/// Splits a source into text and holes.
pub(super) fn pieces(source: &str) -> Result<Vec<Piece<'_>>, MarkerError> {
    let mut found: Vec<Piece<'_>> = Vec::new();
    let mut open: Option<Open> = None;
    let (mut offset, mut text_from) = (0, 0);
    for (index, line) in source.split_inclusive('\n').enumerate() {
        let (number, start) = (index + 1, offset);
        offset += line.len();
        let Some((language, word, rest)) = marker(line) else {
            refuse_trailing_marker(line, number)?;
            if let Some(Open { stub: Some(_), hole, .. }) = &open
                && !line.trim().is_empty()
            {
                return Err(MarkerError::new(
                    number,
                    format!("text between the stub and the end of `{}`", hole.id),
                    "move it above the lab:stub line, or below lab:end",
                ));
            }
            continue;
        };
        if open.as_ref().is_some_and(|o| o.hole.language != language) {
            return Err(MarkerError::new(
                number,
                "a marker in another comment style than its hole",
                "write all three markers of a hole the same way",
            ));
        }
        match (word, open.take()) {
            ("hole", Some(outer)) => {
                return Err(MarkerError::new(
                    number,
                    format!("a hole inside the hole `{}` of line {}", outer.hole.id, outer.hole.line),
                    "close the first one with lab:stub and lab:end",
                ));
            }
            ("hole", None) => {
                let indent = line[..line.len() - line.trim_start().len()].to_owned();
                let hole = HoleText {
                    id: hole_id(rest, number)?,
                    line: number,
                    indent,
                    body: String::new(),
                    stub: String::new(),
                    language,
                };
                refuse_duplicate(&found, &hole)?;
                if language == Language::Rust {
                    opens_a_body(&source[..start], &hole)?;
                }
                found.push(Piece::Text(&source[text_from..start]));
                open = Some(Open { hole, body_from: offset, stub: None });
            }
            ("stub", Some(mut inside)) => {
                if inside.stub.is_some() {
                    return Err(MarkerError::new(
                        number,
                        format!("a second stub for `{}`", inside.hole.id),
                        "a hole has one stub",
                    ));
                }
                inside.hole.body = source[inside.body_from..start].to_owned();
                check_stub(&inside.hole, rest, number)?;
                inside.stub = Some((number, rest.to_owned()));
                open = Some(inside);
            }
            ("end", Some(Open { mut hole, stub: Some((_, stub)), .. })) => {
                if !rest.is_empty() {
                    return Err(MarkerError::new(number, "lab:end takes no words", "remove them"));
                }
                if language == Language::Rust {
                    closes_a_body(&source[offset..], &hole, number)?;
                }
                hole.stub = stub;
                found.push(Piece::Hole(hole));
                text_from = offset;
            }
            ("end", Some(Open { hole, stub: None, .. })) => {
                return Err(MarkerError::new(
                    number,
                    format!("the hole `{}` ends without a stub", hole.id),
                    "say with lab:stub, just above lab:end, what the learner finds there",
                ));
            }
            ("stub" | "end", None) => {
                return Err(MarkerError::new(
                    number,
                    format!("lab:{word} outside of a hole"),
                    "open the hole with lab:hole and its id first",
                ));
            }
            (other, _) => {
                return Err(MarkerError::new(
                    number,
                    format!("unknown marker `lab:{other}`"),
                    "the words are lab:hole, lab:stub and lab:end",
                ));
            }
        }
    }
    if let Some(Open { hole, .. }) = open {
        return Err(MarkerError::new(
            hole.line,
            format!("the hole `{}` is never closed", hole.id),
            "close it with lab:stub and lab:end",
        ));
    }
    found.push(Piece::Text(&source[text_from..]));
    Ok(found)
}
