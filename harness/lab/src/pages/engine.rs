//! The directive engine: finds `{{#lab …}}` and `{{#include …}}` in a page and puts in their place what they name.
//!
//! A page is read line by line with its own line numbers, so that a defect is reported where the author wrote it.
//! `\{{#lab …}}` is left alone and loses its backslash. A directive that writes a table or a chart stands on a line of
//! its own; `value` may stand inside a sentence or a code fence.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::chart::Setting;
use super::directive;
use super::fence::Opening;
use super::include::include;
use super::problem::Problem;
use super::shelf::{Absent, Entry, Shelf};
use super::{diagram, markdown};
use crate::course::Course;
use crate::status::Board;

/// What a page that shows a record does when a built week has not recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is a defect: the reference must have been run.
    Refuse,
    /// It says which command records it: a learner has not come there yet.
    Say,
}

/// What directives draw from.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The workspace whose weeks, outputs and evidence are shown.
    pub root: &'a Path,
    /// The course.
    pub course: &'a Course,
    /// The records.
    pub shelf: &'a Shelf,
    /// How the course stands.
    pub board: &'a Board,
    /// What to do about a record that is not there.
    pub missing: Missing,
    /// Whether charts stand inside the page or are files beside it.
    pub setting: Setting,
    /// Charts that pages asked for as files: path below the evidence folder; record and drawing.
    pub charts: RefCell<BTreeMap<String, (String, String)>>,
}

/// A page while it is being filled in.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// What directives draw from.
    pub context: &'a Context<'a>,
    /// The file, as problems name it.
    pub file: String,
    /// The folder that includes are relative to.
    pub folder: PathBuf,
    /// The page's place below the book's source or the evidence folder: `week-02/day-3-x.md`.
    pub place: String,
    /// Records shown so far.
    pub shown: BTreeSet<String>,
}

/// What a directive says when it cannot write anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A mistake of the page.
    Wrong(String),
    /// A record that a learner has still to make: the text that says so.
    NotYet(String),
}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Trouble::Wrong(what)
    }
}

impl<'a> Page<'a> {
    /// A page of this file.
    pub(crate) fn new(context: &'a Context<'a>, file: &str, folder: &Path, place: &str) -> Self {
        Page {
            context,
            file: file.into(),
            folder: folder.into(),
            place: place.into(),
            shown: BTreeSet::new(),
        }
    }

    /// The record, noted as shown on this page.
    pub(crate) fn record(&mut self, id: &str) -> Result<&'a Entry, Trouble> {
        match self.context.shelf.get(id) {
            Ok(entry) => {
                self.shown.insert(id.into());
                Ok(entry)
            }
            Err(Absent::Unknown(what)) => Err(Trouble::Wrong(what)),
            Err(Absent::NotRecorded { id, command }) => match self.context.missing {
                Missing::Refuse => {
                    Err(Trouble::Wrong(format!("record {id} was never made; run `{command}`")))
                }
                Missing::Say => Err(Trouble::NotYet(format!("not recorded yet: run `{command}`"))),
            },
        }
    }

    /// How many `../` lead from this page to the top of the book or the evidence folder.
    pub(crate) fn to_top(&self) -> String {
        "../".repeat(self.place.matches('/').count())
    }

    /// The page with every directive, include and diagram filled in, or everything that is wrong with it. A page that
    /// shows stale records says so below its title.
    pub(crate) fn fill(&mut self, text: &str) -> Result<String, Vec<Problem>> {
        let filled = self.fill_quietly(text)?;
        Ok(self.with_banner(filled))
    }

    /// [`Page::fill`] without the banner, for a text that stands inside another page.
    pub(crate) fn fill_quietly(&mut self, text: &str) -> Result<String, Vec<Problem>> {
        let mut out = String::with_capacity(text.len() * 2);
        let mut problems = Vec::new();
        let mut fence: Option<(Opening, usize)> = None;
        let mut diagram: Vec<String> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if let Some((opening, start)) = &fence {
                let is_diagram = self.draws_diagrams() && opening.language() == "diagram";
                if opening.is_closed_by(line) {
                    if is_diagram {
                        match diagram::render(&diagram.join("\n"), opening.attribute("title")) {
                            Ok(svg) => push_block(&mut out, &svg, opening.indent),
                            Err(what) => problems.push(Problem::at(&self.file, *start, what)),
                        }
                        diagram.clear();
                    } else {
                        push_line(&mut out, line);
                    }
                    fence = None;
                } else if is_diagram {
                    diagram.push(opening.content(line).into());
                } else {
                    self.fill_line(line, number, true, &mut out, &mut problems);
                }
                continue;
            }
            if let Some(opening) = Opening::parse(line) {
                if opening.language().is_empty() {
                    let what = "a code fence without a language; say text, rust, sh, console, diagram, …";
                    problems.push(Problem::at(&self.file, number, what));
                }
                if !(self.draws_diagrams() && opening.language() == "diagram") {
                    push_line(&mut out, line);
                }
                fence = Some((opening, number));
                continue;
            }
            self.fill_line(line, number, false, &mut out, &mut problems);
        }
        if let Some((_, start)) = fence {
            problems.push(Problem::at(&self.file, start, "a code fence that is never closed"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(out)
    }

    /// A deliverable is read as plain Markdown, where a text drawing is a text drawing.
    fn draws_diagrams(&self) -> bool {
        self.context.setting == Setting::Inline
    }

    fn fill_line(
        &mut self,
        line: &str,
        number: usize,
        in_code: bool,
        out: &mut String,
        problems: &mut Vec<Problem>,
    ) {
        let trimmed = line.trim();
        let alone =
            trimmed.starts_with("{{#") && trimmed.ends_with("}}") && trimmed.matches("{{#").count() == 1;
        let mut rest = line;
        let mut filled = String::new();
        while let Some(start) = rest.find("{{#") {
            if rest[..start].ends_with('\\') {
                filled.push_str(&rest[..start - 1]);
                filled.push_str("{{#");
                rest = &rest[start + 3..];
                continue;
            }
            let Some(length) = rest[start..].find("}}") else {
                problems.push(Problem::at(&self.file, number, "a directive without its closing }}"));
                break;
            };
            let inner = rest[start + 3..start + length].trim();
            filled.push_str(&rest[..start]);
            match self.answer(inner, in_code, alone) {
                Ok(text) | Err(Trouble::NotYet(text)) if alone => {
                    let indent = line.len() - line.trim_start().len();
                    if in_code {
                        push_indented(out, &text, indent)
                    } else {
                        push_block(out, &text, indent)
                    }
                    return;
                }
                Ok(text) | Err(Trouble::NotYet(text)) => filled.push_str(&text),
                Err(Trouble::Wrong(what)) => problems.push(Problem::at(&self.file, number, what)),
            }
            rest = &rest[start + length + 2..];
        }
        filled.push_str(rest);
        push_line(out, &filled);
    }

    fn answer(&mut self, inner: &str, in_code: bool, alone: bool) -> Result<String, Trouble> {
        let (name, argument) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let argument = argument.trim();
        match name {
            "include" => {
                if !alone {
                    return Err(Trouble::Wrong("an include stands on a line of its own".into()));
                }
                Ok(include(argument, &self.folder)?)
            }
            "lab" => directive::answer(self, argument, in_code, alone),
            other => Err(Trouble::Wrong(format!("unknown directive `{other}`; there is lab, include"))),
        }
    }

    /// Adds one banner a page that shows stale records, below its first heading.
    fn with_banner(&self, text: String) -> String {
        let stale: Vec<(&str, usize)> = self
            .shown
            .iter()
            .filter_map(|id| self.context.shelf.get(id).ok().map(|entry| (id.as_str(), entry.stale.len())))
            .filter(|(_, inputs)| *inputs > 0)
            .collect();
        if stale.is_empty() {
            return text;
        }
        let banner = directive::stale_banner(&stale, self.context.setting);
        let after_title =
            match text.find("\n# ").map(|at| at + 1).or_else(|| text.starts_with("# ").then_some(0)) {
                Some(title) => text[title..].find('\n').map_or(text.len(), |end| title + end + 1),
                None => 0,
            };
        format!("{}\n{banner}\n{}", &text[..after_title], &text[after_title..])
    }
}

/// A text that a learner still has to make, as it is shown in the place of a block.
pub(crate) fn not_yet(text: &str) -> String {
    format!("*{}*", markdown::prose(text))
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn push_indented(out: &mut String, text: &str, indent: usize) {
    for line in text.lines() {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
        }
        push_line(out, line);
    }
}

/// A block with an empty line before and after, so that it is a block whatever stands around it.
fn push_block(out: &mut String, text: &str, indent: usize) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    push_indented(out, text, indent);
    out.push('\n');
}
