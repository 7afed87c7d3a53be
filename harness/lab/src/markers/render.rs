//! The two plain renderings: the solution without its markers, and the skeleton that a learner starts from.

use super::parse::{Language, MarkerError, Piece, marker, pieces};

/// How an unanswered prompt of a learner's deliverable begins.
pub const PROMPT: &str = "<!-- write:";

/// The source without its marker lines. Works on any excerpt, also one that cuts a hole in two.
pub fn strip(source: &str) -> String {
    source.split_inclusive('\n').filter(|line| marker(line).is_none()).collect()
}

/// The source as the learner finds it: every hole is its stub.
pub fn skeleton(source: &str) -> Result<String, MarkerError> {
    let mut text = String::with_capacity(source.len());
    for piece in pieces(source)? {
        match piece {
            Piece::Text(verbatim) => text.push_str(verbatim),
            Piece::Hole(hole) => {
                let stub = match hole.language {
                    Language::Rust => hole.stub,
                    Language::Markdown => format!("{PROMPT} {} -->", hole.stub),
                };
                text.push_str(&hole.indent);
                text.push_str(&stub);
                text.push('\n');
            }
        }
    }
    Ok(text)
}

/// A deliverable as the learner finds it. The same as [`skeleton`], and refuses one that asks nothing of the learner,
/// because `check` could never tell it from a finished one.
pub fn template(markdown: &str) -> Result<String, MarkerError> {
    let text = skeleton(markdown)?;
    if open_prompts(&text).is_empty() {
        return Err(MarkerError::new(
            1,
            "a deliverable without a hole",
            "mark at least one paragraph with `<!-- lab:hole … -->`, so that the learner has something to write",
        ));
    }
    Ok(text)
}

/// The prompts that a learner's deliverable still shows: (line from 1, prompt).
pub fn open_prompts(markdown: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in markdown.lines().enumerate() {
        if let Some((_, rest)) = line.split_once(PROMPT) {
            let prompt = rest.split("-->").next().unwrap_or(rest).trim();
            found.push((index + 1, prompt.to_owned()));
        }
    }
    found
}
