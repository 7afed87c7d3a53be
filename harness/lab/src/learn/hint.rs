//! `lab hint`: one rung of a hole's hints at a time, remembered, so that asking twice gives the next one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::day::{HoleState, StartedWeek};
use super::tree::file_failure;
use crate::error::{Failure, NO_SUCH_HOLE, WORKBENCH_FILE};
use crate::workspace::Workspace;

/// What the rungs are, in order.
pub const RUNGS: [&str; 3] = ["the invariant", "where to look", "the idea in words"];

/// A hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The hole's id.
    pub hole: String,
    /// The rung, from 1.
    pub rung: usize,
    /// The hint.
    pub text: String,
}

/// The hole that a hint is asked for: the named one, or the first of the day that is still open, or the first.
pub fn choose<'a, 'b>(
    week: &'a StartedWeek<'_>,
    holes: &'b [HoleState<'a>],
    named: Option<&str>,
) -> Result<&'b HoleState<'a>, Failure> {
    let known = || {
        let ids: Vec<&str> = holes.iter().map(|state| state.hole.id.as_str()).collect();
        if ids.is_empty() {
            "this day has none".to_owned()
        } else {
            format!("this day has {}", ids.join(", "))
        }
    };
    let found = match named {
        // The library's name in front may be left out, since all holes of a week begin with it.
        Some(name) => {
            let full = format!("{}.{name}", week.week.library.replace('_', "-"));
            holes.iter().find(|state| state.hole.id == name || state.hole.id == full)
        }
        None => holes.iter().find(|state| state.open_at.is_some()).or_else(|| holes.first()),
    };
    let asked =
        named.map_or("no hole to give a hint for".to_owned(), |name| format!("there is no hole `{name}`"));
    found.ok_or_else(|| Failure::new(&NO_SUCH_HOLE, format!("{asked}; {}", known())))
}

/// The next rung for a hole, or the one that is asked for; remembered either way.
pub fn hint(bench: &Workspace, state: &HoleState<'_>, rung: Option<usize>) -> Result<Hint, Failure> {
    let hole = state.hole;
    let mut shown = read(bench)?;
    let last = shown.get(&hole.id).copied().unwrap_or(0);
    let rung = rung.unwrap_or(last + 1).clamp(1, hole.hints.len().max(1));
    let Some(text) = hole.hints.get(rung - 1) else {
        return Err(Failure::new(&NO_SUCH_HOLE, format!("`{}` has no hints", hole.id)));
    };
    shown.insert(hole.id.clone(), rung.max(last));
    write(bench, &shown)?;
    Ok(Hint { hole: hole.id.clone(), rung, text: text.clone() })
}

fn path(bench: &Workspace) -> PathBuf {
    bench.root.join(".lab/hints.json")
}

fn read(bench: &Workspace) -> Result<BTreeMap<String, usize>, Failure> {
    let path = path(bench);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| {
            Failure::new(
                &WORKBENCH_FILE,
                format!("{}: {e}; remove it to begin again at the first hint", path.display()),
            )
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(e) => Err(file_failure(&path)(e)),
    }
}

fn write(bench: &Workspace, shown: &BTreeMap<String, usize>) -> Result<(), Failure> {
    let path = path(bench);
    let folder = bench.root.join(".lab");
    std::fs::create_dir_all(&folder).map_err(file_failure(&folder))?;
    let text =
        serde_json::to_string_pretty(shown).map_err(std::io::Error::other).map_err(file_failure(&path))?;
    std::fs::write(&path, text).map_err(file_failure(&path))
}
