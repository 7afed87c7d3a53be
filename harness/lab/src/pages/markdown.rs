//! The Markdown that directives write: tables and inline text that say exactly what the data says.

use std::fmt::Write;

/// A table. A cell is inline Markdown; use [`plain`] for text from data.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!("| {} |\n|{}\n", header.join(" | "), " --- |".repeat(header.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

/// A table whose columns after the first `left` hold numbers.
pub(crate) fn number_table(header: &[&str], left: usize, rows: &[Vec<String>]) -> String {
    let rule: String = (0..header.len()).map(|i| if i < left { " --- |" } else { " ---: |" }).collect();
    let mut out = format!("| {} |\n|{rule}\n", header.join(" | "));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

/// Text from data as inline Markdown: nothing in it is markup, a directive or the end of a cell. Words between two
/// backticks, as our messages write commands, are code.
pub(crate) fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len());
    for (index, part) in parts.iter().enumerate() {
        let between = index % 2 == 1;
        let closed = index + 1 < parts.len();
        match (between, closed) {
            (true, true) if !part.is_empty() => out.push_str(&code(part)),
            (true, true) => out.push_str("\\`\\`"),
            (true, false) => {
                out.push_str("\\`");
                escape_into(part, &mut out);
            }
            (false, _) => escape_into(part, &mut out),
        }
    }
    out
}

fn escape_into(text: &str, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            // Two hyphens or three dots would be set as a dash or an ellipsis.
            '-' | '.' if chars.peek() == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}

/// Text from data as a code span, whatever backticks it holds; bars are escaped for a table cell.
pub(crate) fn code(text: &str) -> String {
    let text = text.replace('\n', "⏎").replace('|', "\\|");
    if text.is_empty() {
        return "—".into();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Prose from `week.yaml`, which is Markdown by contract: paragraphs stay, nothing else is touched.
pub(crate) fn prose(text: &str) -> String {
    text.trim().to_string()
}

/// A sentence from `week.yaml` in a place where a list item or cell must stay on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A learner's prompts that are still unanswered, made visible: as comments nobody would see that something is missing.
pub(crate) fn with_prompts_shown(text: &str) -> String {
    let shown = |line: &str| {
        let prompt = line.trim().strip_prefix(crate::markers::PROMPT)?;
        Some(format!("*Not written yet: {}*\n", plain(prompt.trim_end_matches("-->").trim())))
    };
    text.split_inclusive('\n').map(|line| shown(line).unwrap_or_else(|| line.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_become_markup() {
        assert_eq!(plain("a|b *c* <d> {{#lab x}}"), "a\\|b \\*c\\* &lt;d&gt; \\{\\{\\#lab x\\}\\}");
        assert_eq!(plain("run `lab --x`; not --y, ` alone"), "run `lab --x`; not \\--y, \\` alone");
    }

    #[test]
    fn a_code_span_survives_backticks_and_bars() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b"), "`a\\|b`");
    }

    #[test]
    fn an_unanswered_prompt_is_seen() {
        let text = "# D\n\n<!-- write: what you saw -->\nwords\n";
        assert_eq!(with_prompts_shown(text), "# D\n\n*Not written yet: what you saw*\nwords\n");
    }
}
