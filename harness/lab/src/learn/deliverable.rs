//! The written half of a day: a deliverable counts when no prompt is left and the learner's own words are in it.

use std::collections::HashSet;
use std::path::PathBuf;

use super::day::StartedWeek;
use super::tree::file_failure;
use crate::course::{Day, Output};
use crate::error::{Failure, MARKERS};
use crate::markers;

/// The fewest own words that one prompt can be answered with. Low on purpose: it tells an answer from a deleted
/// prompt, and nobody's prose is judged by its length.
pub const WORDS_PER_PROMPT_MIN: usize = 5;

/// How a deliverable stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliverable {
    /// Its name in `week.yaml`.
    pub name: String,
    /// Where the learner writes it.
    pub path: PathBuf,
    /// The prompts that nobody has answered: (line, prompt).
    pub open: Vec<(usize, String)>,
    /// Words that are not the template's.
    pub own_words: usize,
    /// Own words that are wanted.
    pub wanted: usize,
    /// False when the file is gone.
    pub exists: bool,
}

impl Deliverable {
    /// True when it counts.
    pub fn written(&self) -> bool {
        self.exists && self.open.is_empty() && self.own_words >= self.wanted
    }

    /// What is missing, in words; empty when it counts.
    pub fn missing(&self) -> String {
        match self.open.as_slice() {
            _ if !self.exists => "the file is gone".into(),
            [(line, prompt)] => format!("line {line} still asks: {prompt}"),
            [(line, prompt), rest @ ..] => {
                format!("line {line} still asks: {prompt} (and {} more)", rest.len())
            }
            [] if !self.written() => {
                format!("{} words of your own; at least {} are wanted", self.own_words, self.wanted)
            }
            [] => String::new(),
        }
    }
}

/// Looks at all deliverables of a day.
pub fn of_day(week: &StartedWeek<'_>, day: &Day) -> Result<Vec<Deliverable>, Failure> {
    day.deliverables.iter().map(|name| look(week, name)).collect()
}

/// Looks at a deliverable of a started week.
pub fn look(week: &StartedWeek<'_>, name: &str) -> Result<Deliverable, Failure> {
    let (path, source) = (Output::source(&week.folder, name), Output::source(&week.reference, name));
    let template = match std::fs::read_to_string(&source) {
        // A drawing has no prompts: the reference's is laid down, and counts once it shows what the learner built.
        Ok(text) if Output::of(name) != Output::Page => text,
        Ok(text) => markers::template(&text).map_err(|e| Failure::new(&MARKERS, e.in_file(&source)))?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(file_failure(&source)(e)),
    };
    let wanted = markers::open_prompts(&template).len().max(1) * WORDS_PER_PROMPT_MIN;
    let (text, exists) = match std::fs::read_to_string(&path) {
        Ok(text) => (text, true),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => (String::new(), false),
        Err(e) => return Err(file_failure(&path)(e)),
    };
    let (open, own_words) = (markers::open_prompts(&text), own_words(&text, &template));
    Ok(Deliverable { name: name.to_owned(), path, open, own_words, wanted, exists })
}

/// Words on lines that the template does not have, without comments and directives.
fn own_words(text: &str, template: &str) -> usize {
    let given: HashSet<&str> = template.lines().map(str::trim).collect();
    let own = text.lines().map(str::trim).filter(|line| !given.contains(line));
    let prose = own.filter(|line| !line.starts_with("<!--") && !line.starts_with("{{#"));
    prose.flat_map(str::split_whitespace).filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_template_and_of_comments_are_nobodys_own() {
        let template = "# Plan\n\n<!-- write: what? -->\nGiven text.\n";
        assert_eq!(own_words(template, template), 0);
        assert_eq!(own_words("# Plan\n\nGiven text.\n", template), 0);
        assert_eq!(
            own_words("# Plan\n\n<!-- my note -->\nMy own answer - here.\nGiven text.\n", template),
            4
        );
    }
}
