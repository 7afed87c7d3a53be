//! `{{#include path:anchor}}`: code on a page comes from the compiled source, without its anchors and markers.

use std::path::{Component, Path, PathBuf};

use super::nearest::suggestion;
use crate::markers;

/// The text that an include names, or what is wrong with it.
///
/// `argument` is `path`, `path:anchor` or `path:first:last` (lines from 1, either may be left out); the path is
/// relative to `folder`. Anchor comments and exercise markers are removed, and the text is moved to the left margin.
pub(crate) fn include(argument: &str, folder: &Path) -> Result<String, String> {
    let (path, part) = match argument.split_once(':') {
        Some((path, part)) => (path, Some(part)),
        None => (argument, None),
    };
    let file = normalize(&folder.join(path));
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("included file {path} does not exist; {}", neighbours(&file)));
        }
        Err(e) => return Err(format!("included file {path} cannot be read: {e}")),
    };
    let lines: Vec<&str> = match part {
        None | Some("") => text.lines().collect(),
        Some(part) if part.starts_with(|c: char| c.is_ascii_digit() || c == ':') => range(&text, part, path)?,
        Some(anchor) => anchored(&text, anchor, path)?,
    };
    let kept: Vec<&str> = lines.into_iter().filter(|line| anchor_of(line).is_none()).collect();
    Ok(outdent(&markers::strip(&(kept.join("\n") + "\n"))))
}

fn range<'a>(text: &'a str, part: &str, path: &str) -> Result<Vec<&'a str>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let (first, last) = part.split_once(':').unwrap_or((part, part));
    let number = |s: &str, default: usize| {
        if s.is_empty() {
            Ok(default)
        } else {
            s.parse::<usize>().map_err(|_| format!("`{part}` is no range of lines"))
        }
    };
    let (first, last) = (number(first, 1)?, number(last, lines.len())?);
    if first == 0 || first > last || last > lines.len() {
        return Err(format!("lines {first} to {last} are not in {path}, which has {}", lines.len()));
    }
    Ok(lines[first - 1..last].to_vec())
}

fn anchored<'a>(text: &'a str, anchor: &str, path: &str) -> Result<Vec<&'a str>, String> {
    let mut inside = false;
    let (mut opened, mut closed) = (false, false);
    let mut lines = Vec::new();
    for line in text.lines() {
        match anchor_of(line) {
            Some((true, name)) if name == anchor => (inside, opened) = (true, true),
            Some((false, name)) if name == anchor => (inside, closed) = (false, true),
            _ if inside => lines.push(line),
            _ => {}
        }
    }
    if !opened {
        let names = text.lines().filter_map(anchor_of).filter(|(start, _)| *start).map(|(_, name)| name);
        return Err(format!("no anchor `{anchor}` in {path}; {}", suggestion(anchor, names)));
    }
    if !closed {
        return Err(format!(
            "anchor `{anchor}` in {path} is opened and never closed; add ANCHOR_END: {anchor}"
        ));
    }
    Ok(lines)
}

/// `(true, name)` of a line that says `ANCHOR: name`, `(false, name)` of one that says `ANCHOR_END: name`.
fn anchor_of(line: &str) -> Option<(bool, &str)> {
    let (start, rest) = if let Some((_, rest)) = line.split_once("ANCHOR_END:") {
        (false, rest)
    } else {
        (true, line.split_once("ANCHOR:")?.1)
    };
    let name = rest.split_whitespace().next()?;
    // Only a comment is an anchor; a string that speaks of anchors is not.
    let before = line.split("ANCHOR").next().unwrap_or("").trim();
    matches!(before, "//" | "#" | "<!--" | "--" | ";").then_some((start, name))
}

/// Moves a text to the left margin: what all its lines are indented by goes.
fn outdent(text: &str) -> String {
    let indent = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = text.lines().map(|line| line.get(indent..).unwrap_or("")).collect();
    lines.join("\n").trim_matches('\n').to_string()
}

/// What lies beside a file that does not exist, as a suggestion.
fn neighbours(file: &Path) -> String {
    let Some(folder) = file.parent() else { return "look at the path".into() };
    let Ok(listing) = std::fs::read_dir(folder) else {
        return format!("there is no folder {}", folder.display());
    };
    let mut names: Vec<String> =
        listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let wanted = file.file_name().unwrap_or_default().to_string_lossy();
    suggestion(&wanted, names.iter().map(String::as_str))
}

/// A path without `.` and `..`, without asking the disk (so that links stay as they are written).
pub(crate) fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let source = "use x;\n\n    // ANCHOR: check\n    fn check() {\n        // lab:hole a.b\n        body();\n        // lab:stub todo!(\"a.b: write it\")\n        // lab:end\n    }\n    // ANCHOR_END: check\n// ANCHOR: open\n";
        std::fs::write(dir.path().join("x.rs"), source).unwrap();
        dir
    }

    #[test]
    fn an_anchor_gives_its_lines_without_markers_at_the_left_margin() {
        let text = include("x.rs:check", folder().path()).unwrap();
        assert_eq!(text, "fn check() {\n    body();\n}");
    }

    #[test]
    fn what_is_missing_is_named_with_what_is_near() {
        let dir = folder();
        let cases = [
            ("y.rs", "included file y.rs does not exist; did you mean x.rs?"),
            ("x.rs:chekc", "no anchor `chekc` in x.rs; did you mean check?"),
            ("x.rs:open", "anchor `open` in x.rs is opened and never closed; add ANCHOR_END: open"),
            ("x.rs:5:99", "lines 5 to 99 are not in x.rs, which has 11"),
        ];
        for (argument, expected) in cases {
            assert_eq!(include(argument, dir.path()).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_range_counts_from_one() {
        assert_eq!(include("x.rs:1:1", folder().path()).unwrap(), "use x;");
    }
}
