//! Console blocks are executed: what a page says a command prints is what it printed when the book was built.
//!
//! ````text
//! ```console
//! $ eventlog append --log app.jsonl --msg started
//! $ eventlog read --log missing.jsonl
//! ? 4
//! error[LOG-NOT-FOUND]: [..]
//! ...
//! ```
//! ````
//!
//! - A line that begins with `$ ` is a command for `sh`; lines that begin with `> ` continue it.
//! - `? 4` right after it is the status that it ends with; without one it must be 0.
//! - What follows is what it prints, stdout and stderr as they come. `[..]` stands for any text within a line, a line
//!   `...` for any number of lines.
//! - The commands of one page run in order in one shell and one empty folder of their own, so a file that one writes,
//!   the next can read, and a server started with `&` serves until the page ends. Then everything is ended.
//! - The built tools are on `PATH`; `cargo lab …` is the `lab` that builds the book, run in the course's own root when
//!   the page's folder is no workspace. A page therefore shows only such `cargo lab` commands as read. The one that
//!   stays in the page's folder is `cargo lab trace`: the logs are there.
//! - `HOME` is left alone, `NO_COLOR` is set, and there is nothing on stdin.

mod compare;
mod parse;
mod session;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub(crate) use parse::steps;
pub(crate) use session::Tools;

use super::problem::Problem;
use crate::error::{Failure, PAGE_FILE};

/// How many pages run at a time.
const PAGES_AT_A_TIME: usize = 2;

/// A page with console blocks.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// The file, as problems name it.
    pub(crate) file: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
}

/// Runs the console blocks of every page and returns what differs.
pub(crate) fn check(scripts: &[Script], tools: &Tools) -> Result<Vec<Problem>, Failure> {
    let ran = run_all(scripts, tools)?;
    let mut problems = Vec::new();
    for (index, outcome) in ran {
        let script = &scripts[index];
        let steps = match steps(&script.text) {
            Ok(steps) => steps,
            Err((line, what)) => {
                problems.push(Problem::at(&script.file, line, what));
                continue;
            }
        };
        for (step, got) in steps.iter().zip(&outcome.ran) {
            if let Some(what) = step.misfit(got) {
                problems.push(Problem::at(&script.file, step.line, what));
            }
        }
        if let Some((line, what)) = outcome.broken {
            problems.push(Problem::at(&script.file, line, what));
        }
    }
    Ok(problems)
}

/// Runs the console blocks of every page and writes what they printed into it. Returns the pages that changed.
pub(crate) fn bless(scripts: &[Script], tools: &Tools) -> Result<Vec<String>, Failure> {
    let mut changed = Vec::new();
    for (index, outcome) in run_all(scripts, tools)? {
        let script = &scripts[index];
        let text = parse::rewritten(&script.text, &outcome.ran);
        if text != script.text {
            evidence::file::write_atomically(&script.path, text.as_bytes())?;
            changed.push(script.file.clone());
        }
    }
    Ok(changed)
}

/// The outcome of each page, by its place in the list; pages without commands have none.
fn run_all(scripts: &[Script], tools: &Tools) -> Result<BTreeMap<usize, session::Outcome>, Failure> {
    let queue = Mutex::new((0..scripts.len()).collect::<Vec<_>>().into_iter());
    let results = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let next = queue.lock().ok().and_then(|mut queue| queue.next());
            let Some(index) = next else { return };
            let outcome = match steps(&scripts[index].text) {
                Ok(steps) if steps.is_empty() => continue,
                Ok(steps) => session::run(&steps, tools),
                Err((line, what)) => Ok(session::Outcome { ran: Vec::new(), broken: Some((line, what)) }),
            };
            if let Ok(mut results) = results.lock() {
                results.insert(index, outcome);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..PAGES_AT_A_TIME.min(scripts.len()) {
            scope.spawn(work);
        }
    });
    let results =
        results.into_inner().map_err(|_| Failure::new(&PAGE_FILE, "a page's runner ended early"))?;
    results.into_iter().map(|(index, outcome)| Ok((index, outcome?))).collect()
}

/// Every page below a folder that may hold console blocks.
pub(crate) fn script(root: &Path, path: &Path) -> Result<Script, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::new(&PAGE_FILE, format!("{}: {e}", path.display())))?;
    let file = path.strip_prefix(root).unwrap_or(path).display().to_string();
    Ok(Script { file, path: path.into(), text })
}
