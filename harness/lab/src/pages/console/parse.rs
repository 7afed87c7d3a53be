//! Reads console blocks, and writes them anew.

use super::compare::difference;
use crate::pages::fence::{self, Block};

/// One command of a page, with what it is said to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The page's line of its `$ `, from 1.
    pub(crate) line: usize,
    /// The command, as `sh` reads it.
    pub(crate) command: String,
    /// The status that it ends with.
    pub(crate) status: i32,
    /// What it prints.
    pub(crate) expected: Vec<String>,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    /// Its status.
    pub(crate) status: i32,
    /// What it printed.
    pub(crate) output: String,
}

impl Step {
    /// What does not fit, in words and as a difference.
    pub(crate) fn misfit(&self, got: &Got) -> Option<String> {
        let lines: Vec<&str> = got.output.lines().collect();
        let difference = difference(&self.expected, &lines);
        if got.status == self.status && difference.is_none() {
            return None;
        }
        let mut what =
            format!("`{}` no longer does what the page says", self.command.lines().next().unwrap_or(""));
        if got.status != self.status {
            what.push_str(&format!("\n  ? {} (the page says ? {})", got.status, self.status));
        }
        what.push_str(
            &difference
                .unwrap_or_else(|| lines.iter().take(20).map(|line| format!("\n    {line}")).collect()),
        );
        Some(what)
    }
}

/// The commands of a page, in order; or the line of a block that cannot be read, and why.
pub(crate) fn steps(page: &str) -> Result<Vec<Step>, (usize, String)> {
    let mut out = Vec::new();
    for block in fence::blocks(page).iter().filter(|b| b.opening.language() == "console") {
        out.extend(of_block(block)?);
    }
    Ok(out)
}

fn of_block(block: &Block) -> Result<Vec<Step>, (usize, String)> {
    let mut out: Vec<Step> = Vec::new();
    let mut in_command = false;
    for (index, line) in block.content.iter().enumerate() {
        let number = block.line + 1 + index;
        if let Some(command) = line.strip_prefix("$ ") {
            out.push(Step { line: number, command: command.into(), status: 0, expected: Vec::new() });
            in_command = true;
            continue;
        }
        let Some(step) = out.last_mut() else {
            return Err((number, "a console block begins with a command: a line `$ …`".into()));
        };
        match (in_command, line.strip_prefix("> "), line.strip_prefix("? ")) {
            (true, Some(more), _) => {
                step.command.push('\n');
                step.command.push_str(more);
            }
            (true, None, Some(status)) => {
                step.status = status
                    .trim()
                    .parse()
                    .map_err(|_| (number, format!("`? {status}` is no exit status; write a number")))?;
                in_command = false;
            }
            _ => {
                step.expected.push(line.clone());
                in_command = false;
            }
        }
    }
    // An empty line before the next command or the fence is layout, not output.
    for step in &mut out {
        while step.expected.last().is_some_and(|line| line.trim().is_empty()) {
            step.expected.pop();
        }
    }
    Ok(out)
}

/// The page with each misfitting command's output and status as they were; what fits is left as it is written.
pub(crate) fn rewritten(page: &str, ran: &[Got]) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut next = 0;
    let mut results = ran.iter();
    for block in fence::blocks(page).iter().filter(|b| b.opening.language() == "console") {
        let Ok(steps) = of_block(block) else { continue };
        let end = block.line + block.content.len();
        out.extend(lines[next..block.line].iter().map(ToString::to_string));
        let indent = " ".repeat(block.opening.indent);
        for (index, step) in steps.iter().enumerate() {
            let until = steps.get(index + 1).map_or(end, |s| s.line - 1);
            let Some(got) = results.next().filter(|got| step.misfit(got).is_some()) else {
                out.extend(lines[step.line - 1..until].iter().map(ToString::to_string));
                continue;
            };
            let command = step.command.lines().count();
            out.extend(lines[step.line - 1..step.line - 1 + command].iter().map(ToString::to_string));
            if got.status != 0 {
                out.push(format!("{indent}? {}", got.status));
            }
            out.extend(got.output.lines().map(|line| format!("{indent}{line}").trim_end().to_string()));
        }
        next = end;
    }
    out.extend(lines[next..].iter().map(ToString::to_string));
    out.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# X\n\n```console\n$ echo a \\\n> b\na b\n\n$ false\n? 1\n```\n\nText.\n";

    #[test]
    fn a_block_is_commands_with_status_and_output() {
        let steps = steps(PAGE).unwrap();
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].command, "echo a \\\nb");
        assert_eq!(steps[0].expected, ["a b"]);
        assert_eq!((steps[1].line, steps[1].status), (8, 1));
    }

    #[test]
    fn blessing_changes_only_what_does_not_fit() {
        let ran = [Got { status: 0, output: "a b\n".into() }, Got { status: 3, output: "oh\n".into() }];
        let expected = PAGE.replace("? 1", "? 3\noh");
        assert_eq!(rewritten(PAGE, &ran), expected);
        let fits = [Got { status: 0, output: "a b\n".into() }, Got { status: 1, output: String::new() }];
        assert_eq!(rewritten(PAGE, &fits), PAGE);
    }

    #[test]
    fn output_before_a_command_is_refused_with_its_line() {
        assert_eq!(steps("```console\nout\n```\n").unwrap_err().0, 2);
        assert!(steps("```console\n$ x\n? soon\n```\n").unwrap_err().1.contains("no exit status"));
    }
}
