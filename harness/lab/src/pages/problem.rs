//! What is wrong with a page, and where: `book/src/week-02/day-3.md:41: no record week-02/bnech; did you mean …?`.

use std::fmt;

use crate::error::{BOOK_BROKEN, Failure};

/// One defect of a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// The file, below the workspace.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong, and the way out where there is one.
    pub what: String,
}

impl Problem {
    /// A defect at a line.
    pub(crate) fn at(file: &str, line: usize, what: impl Into<String>) -> Self {
        Problem { file: file.into(), line, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// How many defects are shown at once: what is mended together is rarely more.
const SHOWN_MAX: usize = 50;

/// Every defect that was found, as one failure: an author mends a page in one go, not one build a defect.
pub(crate) fn failure(mut problems: Vec<Problem>) -> Failure {
    problems.sort();
    problems.dedup();
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let first = all.first().cloned().unwrap_or_default();
    let what = first.lines().next().unwrap_or_default().to_string();
    match all.len() {
        1 if first.lines().count() == 1 => Failure::new(&BOOK_BROKEN, what),
        1 => Failure::new(&BOOK_BROKEN, what).with_detail(first),
        n => {
            let more =
                if n > SHOWN_MAX { format!("\n… and {} more", n - SHOWN_MAX) } else { String::new() };
            let shown = all[..n.min(SHOWN_MAX)].join("\n") + &more;
            Failure::new(&BOOK_BROKEN, format!("{n} places, the first: {what}")).with_detail(shown)
        }
    }
}
