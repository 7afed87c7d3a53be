//! What must hold of every marker, beyond the order in which they come: each rule is an error with its fix.

use super::parse::{HoleText, Language, MarkerError, Piece};

/// A marker behind code would be taken for text and silently ship the solution.
pub(super) fn refuse_trailing_marker(line: &str, number: usize) -> Result<(), MarkerError> {
    let trimmed = line.trim_start();
    if !trimmed.starts_with("//") && trimmed.contains(Language::Rust.open()) {
        return Err(MarkerError::new(number, "a marker behind other text", "give it a line of its own"));
    }
    Ok(())
}

/// An id is words of `a-z`, `0-9` and `-`, joined by dots.
pub(super) fn hole_id(rest: &str, number: usize) -> Result<String, MarkerError> {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if rest.split('.').all(word) {
        return Ok(rest.to_owned());
    }
    Err(MarkerError::new(
        number,
        format!("`{rest}` is no hole id"),
        "an id is one phrase of a-z, 0-9, `-` and `.`, as in framing.reject-oversize",
    ))
}

/// An id names one hole of its file; across files, `prove-gates` looks.
pub(super) fn refuse_duplicate(found: &[Piece<'_>], hole: &HoleText) -> Result<(), MarkerError> {
    let earlier = found.iter().find_map(|piece| match piece {
        Piece::Hole(other) if other.id == hole.id => Some(other.line),
        _ => None,
    });
    match earlier {
        Some(line) => Err(MarkerError::new(
            hole.line,
            format!("the id `{}` is already taken in line {line}", hole.id),
            "an id names one hole",
        )),
        None => Ok(()),
    }
}

/// The stub names its hole: a panic, or a prompt that is left, must say which one it is.
pub(super) fn check_stub(hole: &HoleText, stub: &str, number: usize) -> Result<(), MarkerError> {
    let named = match hole.language {
        Language::Rust => stub.contains(&format!("\"{}: ", hole.id)),
        Language::Markdown => !stub.is_empty(),
    };
    if named {
        return Ok(());
    }
    Err(match hole.language {
        Language::Rust => MarkerError::new(
            number,
            format!("the stub of `{}` does not say which hole it is", hole.id),
            format!("write todo!(\"{}: what to do here\")", hole.id),
        ),
        Language::Markdown => MarkerError::new(
            number,
            format!("the stub of `{}` asks for nothing", hole.id),
            "put the question to the learner behind lab:stub",
        ),
    })
}

/// The last line before a Rust hole must open the function's body.
pub(super) fn opens_a_body(before: &str, hole: &HoleText) -> Result<(), MarkerError> {
    let opens = before.lines().next_back().is_some_and(|line| line.trim_end().ends_with('{'));
    whole_body(opens, hole, hole.line)
}

/// The first line after a Rust hole must close the function's body.
pub(super) fn closes_a_body(after: &str, hole: &HoleText, number: usize) -> Result<(), MarkerError> {
    let closes = after.lines().next().is_some_and(|line| line.trim_start().starts_with('}'));
    whole_body(closes, hole, number)
}

fn whole_body(holds: bool, hole: &HoleText, number: usize) -> Result<(), MarkerError> {
    if holds {
        return Ok(());
    }
    Err(MarkerError::new(
        number,
        format!("the hole `{}` is not the whole body of a function", hole.id),
        "put lab:hole first and lab:end last between the braces; split the function if need be",
    ))
}
