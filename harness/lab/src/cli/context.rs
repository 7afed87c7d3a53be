//! What every command is given: where to work and whom to talk to.

use std::path::{Path, PathBuf};

use super::Console;
use crate::error::Failure;
use crate::workspace::Workspace;

/// The surroundings of a command.
#[derive(Debug, Clone)]
pub struct Context {
    dir: Option<PathBuf>,
    console: Console,
}

impl Context {
    /// Surroundings with the folder of `--dir`, where it was said.
    pub fn new(dir: Option<PathBuf>, json: bool) -> Self {
        Context { dir, console: Console::new(json) }
    }

    /// The user's end.
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// The folder of `--dir`, where it was said.
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The workspace to work in: the one of `--dir`, or the one that we stand in.
    pub fn workspace(&self) -> Result<Workspace, Failure> {
        Workspace::find(self.dir().unwrap_or(Path::new(".")))
    }
}
