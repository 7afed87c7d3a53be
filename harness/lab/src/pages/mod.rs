//! Pages: everything that is read and not run. The book, a week's report, its charts, its deliverables, the index.
//!
//! All of them are derived. A record says what was measured, `week.yaml` says what the week is about, the compiled
//! source says what the code is; a page names these things and never repeats them. One engine fills them in, for the
//! book's pages and for deliverables alike:
//!
//! ```text
//!   book/src/**.md ──┐                                        ┌──▶ the book (HTML)
//!   outputs/*.md ────┤   {{#lab …}}  {{#include …}}           │
//!   week.yaml ───────┼──▶ directives ── charts ── diagrams ───┼──▶ evidence/week-NN/*.md, *.svg, *.png
//!   evidence/*.json ─┘                                        └──▶ evidence/index.html
//! ```
//!
//! Invariants: the same records and sources give the same bytes; a page that names what does not exist is an error
//! with its file and line, never an empty place; a number on a page comes from a record; nothing that is built
//! reaches for the network.

mod book;
pub mod chart;
mod console;
mod derive;
mod diagram;
mod directive;
mod engine;
mod fence;
mod include;
mod index;
mod markdown;
mod nearest;
mod problem;
mod quantity;
mod report;
mod shelf;
mod theme;
mod verdict;

use std::path::{Path, PathBuf};

use evidence::manifest::DerivedFrom;

use crate::course::Course;
use crate::error::Failure;
use crate::workspace::Workspace;

/// How to build the book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookOptions {
    /// Where the built book goes; `<workspace>/target/book` without.
    pub dest: Option<PathBuf>,
    /// The evidence folder whose records are shown; the workspace's own without.
    pub evidence: Option<PathBuf>,
    /// What becomes of the pages' console blocks.
    pub console: Console,
    /// For authors: pages and records that a built week still lacks are shown as missing instead of refused.
    pub draft: bool,
}

/// What becomes of the pages' console blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Console {
    /// Run them and compare: the default.
    #[default]
    Check,
    /// Run them and write what they printed into the pages.
    Bless,
    /// Leave them alone.
    Skip,
}

/// Writes everything that follows from the records of an evidence folder (reports, charts, deliverables,
/// `index.html`), and removes what no longer follows from them. Returns which file came from which records, for the
/// manifest.
pub fn derive(ws: &Workspace, course: &Course, evidence: &Path) -> Result<DerivedFrom, Failure> {
    derive::derive(ws, course, evidence)
}

/// Builds the book and returns its first page.
pub fn book(ws: &Workspace, course: &Course, options: &BookOptions) -> Result<PathBuf, Failure> {
    book::build(ws, course, options)
}

/// Builds the book, serves it on the loopback address and builds it again when a page, record or source changes.
/// Returns when interrupted. `started` is told the address once, when the first build stands; `trouble` is told why a
/// later build failed, while the last good one stays.
pub fn serve(
    ws: &Workspace,
    options: &BookOptions,
    port: u16,
    started: &mut dyn FnMut(&str),
    trouble: &mut dyn FnMut(&Failure),
) -> Result<(), Failure> {
    book::serve::serve(ws, options, port, started, trouble)
}

/// `lab book-preprocess`: the book's directives for a plain `mdbook build`, which speaks JSON on stdin and stdout.
/// `args` are what follows the command's name (`supports <renderer>`, or nothing).
pub fn preprocess(args: &[String]) -> Result<(), Failure> {
    book::preprocess(args)
}
