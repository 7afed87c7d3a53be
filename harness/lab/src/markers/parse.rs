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

/// Splits a source into text and holes.
pub(super) fn pieces(source: &str) -> Result<Vec<Piece<'_>>, MarkerError> {
    let mut reader = Reader { source, found: Vec::new(), open: None, text_from: 0 };
    let mut offset = 0;
    for (index, text) in source.split_inclusive('\n').enumerate() {
        let line = Line { text, number: index + 1, start: offset, end: offset + text.len() };
        offset = line.end;
        match marker(text) {
            Some((language, word, rest)) => reader.marker(&line, language, word, rest)?,
            None => reader.text(&line)?,
        }
    }
    reader.finish()
}

/// A line of the source and where it lies.
struct Line<'a> {
    text: &'a str,
    number: usize,
    start: usize,
    end: usize,
}

/// A hole that is not closed yet.
struct Open {
    hole: HoleText,
    body_from: usize,
    has_stub: bool,
}

/// Reads line by line: text, then hole, stub, end, and text again.
struct Reader<'a> {
    source: &'a str,
    found: Vec<Piece<'a>>,
    open: Option<Open>,
    text_from: usize,
}

impl<'a> Reader<'a> {
    fn text(&self, line: &Line<'_>) -> Result<(), MarkerError> {
        refuse_trailing_marker(line.text, line.number)?;
        match &self.open {
            Some(open) if open.has_stub && !line.text.trim().is_empty() => Err(MarkerError::new(
                line.number,
                format!("text between the stub and the end of `{}`", open.hole.id),
                "move it above the lab:stub line, or below lab:end",
            )),
            _ => Ok(()),
        }
    }

    fn marker(
        &mut self,
        line: &Line<'_>,
        language: Language,
        word: &str,
        rest: &str,
    ) -> Result<(), MarkerError> {
        if self.open.as_ref().is_some_and(|open| open.hole.language != language) {
            return Err(MarkerError::new(
                line.number,
                "a marker in another comment style than its hole",
                "write all three markers of a hole the same way",
            ));
        }
        match (word, self.open.take()) {
            ("hole", None) => self.hole(line, language, rest),
            ("stub", Some(open)) => self.stub(line, open, rest),
            ("end", Some(open)) => self.end(line, open, rest),
            ("hole", Some(outer)) => Err(MarkerError::new(
                line.number,
                format!("a hole inside the hole `{}` of line {}", outer.hole.id, outer.hole.line),
                "close the first one with lab:stub and lab:end",
            )),
            ("stub" | "end", None) => Err(MarkerError::new(
                line.number,
                format!("lab:{word} outside of a hole"),
                "open the hole with lab:hole and its id first",
            )),
            (other, _) => Err(MarkerError::new(
                line.number,
                format!("unknown marker `lab:{other}`"),
                "the words are lab:hole, lab:stub and lab:end",
            )),
        }
    }

    fn hole(&mut self, line: &Line<'_>, language: Language, rest: &str) -> Result<(), MarkerError> {
        let indent = &line.text[..line.text.len() - line.text.trim_start().len()];
        let hole = HoleText {
            id: hole_id(rest, line.number)?,
            line: line.number,
            indent: indent.to_owned(),
            body: String::new(),
            stub: String::new(),
            language,
        };
        refuse_duplicate(&self.found, &hole)?;
        if language == Language::Rust {
            opens_a_body(&self.source[..line.start], &hole)?;
        }
        self.found.push(Piece::Text(&self.source[self.text_from..line.start]));
        self.open = Some(Open { hole, body_from: line.end, has_stub: false });
        Ok(())
    }

    fn stub(&mut self, line: &Line<'_>, mut open: Open, rest: &str) -> Result<(), MarkerError> {
        if open.has_stub {
            return Err(MarkerError::new(
                line.number,
                format!("a second stub for `{}`", open.hole.id),
                "a hole has one stub",
            ));
        }
        check_stub(&open.hole, rest, line.number)?;
        open.hole.body = self.source[open.body_from..line.start].to_owned();
        open.hole.stub = rest.to_owned();
        open.has_stub = true;
        self.open = Some(open);
        Ok(())
    }

    fn end(&mut self, line: &Line<'_>, open: Open, rest: &str) -> Result<(), MarkerError> {
        if !open.has_stub {
            return Err(MarkerError::new(
                line.number,
                format!("the hole `{}` ends without a stub", open.hole.id),
                "say with lab:stub, just above lab:end, what the learner finds there",
            ));
        }
        if !rest.is_empty() {
            return Err(MarkerError::new(line.number, "lab:end takes no words", "remove them"));
        }
        if open.hole.language == Language::Rust {
            closes_a_body(&self.source[line.end..], &open.hole, line.number)?;
        }
        self.found.push(Piece::Hole(open.hole));
        self.text_from = line.end;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Piece<'a>>, MarkerError> {
        if let Some(Open { hole, .. }) = self.open {
            return Err(MarkerError::new(
                hole.line,
                format!("the hole `{}` is never closed", hole.id),
                "close it with lab:stub and lab:end",
            ));
        }
        self.found.push(Piece::Text(&self.source[self.text_from..]));
        Ok(self.found)
    }
}
