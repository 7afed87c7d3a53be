//! What this machine can and cannot do for the lab. Every line is a probe that was made, none is a guess.

mod machine;
mod tools;

use std::path::Path;
use std::time::Duration;

use machine::{cores, folder, loopback, open_files, pidfd, proc, space};
use tools::{compiler, dependencies, git, linker, nextest};

/// How a probe came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Fine,
    /// The lab runs, with the loss that the line names.
    Lacking,
    /// The lab cannot do its work.
    Missing,
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub health: Health,
    /// What was found, in plain words.
    pub found: String,
    /// What to do; empty when nothing is.
    pub fix: String,
}

fn fine(name: &'static str, found: impl Into<String>) -> Probe {
    Probe { name, health: Health::Fine, found: found.into(), fix: String::new() }
}

fn lacking(name: &'static str, found: impl Into<String>, fix: &str) -> Probe {
    Probe { name, health: Health::Lacking, found: found.into(), fix: fix.to_owned() }
}

fn missing(name: &'static str, found: impl Into<String>, fix: &str) -> Probe {
    Probe { name, health: Health::Missing, found: found.into(), fix: fix.to_owned() }
}

/// The time that a probe may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(60);

/// Makes every probe, for a workspace at `root`.
pub fn examine(root: &Path) -> Vec<Probe> {
    vec![
        compiler(root),
        linker(),
        nextest(root),
        git(root),
        dependencies(root),
        loopback(),
        proc(),
        pidfd(),
        open_files(),
        cores(),
        space(root),
        folder("evidence", &root.join("evidence")),
        folder("target", &root.join("target")),
        folder("temporary", &std::env::temp_dir()),
    ]
}
