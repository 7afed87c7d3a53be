//! `lab watch`: waits for a save in the week's folder. Editors write a file in several steps, so the first change
//! opens a short window, and what comes within it belongs to the same save.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::{Failure, WORKBENCH_FILE};
use crate::exec::interrupt;

/// How long the writes of one save may be apart.
const SETTLE: Duration = Duration::from_millis(150);

/// How often Ctrl-C is looked for while nothing changes.
const GLANCE: Duration = Duration::from_millis(200);

/// Sees the saves below a folder.
#[derive(Debug)]
pub struct Saves {
    changes: Receiver<PathBuf>,
    // Dropping it ends the watch.
    _watcher: RecommendedWatcher,
}

/// What ended a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// A file was saved: the first one of the save.
    File(PathBuf),
    /// The time was up, or Ctrl-C was pressed.
    Over,
}

impl Saves {
    /// Watches a folder from now on.
    pub fn below(folder: &Path) -> Result<Self, Failure> {
        let broken = |e: notify::Error| Failure::new(&WORKBENCH_FILE, format!("{}: {e}", folder.display()));
        let (sender, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for path in event.paths.into_iter().filter(|path| is_source(path)) {
                let _ = sender.send(path);
            }
        })
        .map_err(broken)?;
        watcher.watch(folder, RecursiveMode::Recursive).map_err(broken)?;
        Ok(Saves { changes, _watcher: watcher })
    }

    /// Waits for the next save, until `until` at the latest.
    pub fn wait(&self, until: Option<Instant>) -> Saved {
        let first = loop {
            let left =
                until.map_or(GLANCE, |until| until.saturating_duration_since(Instant::now()).min(GLANCE));
            match self.changes.recv_timeout(left) {
                Ok(path) => break path,
                Err(RecvTimeoutError::Disconnected) => return Saved::Over,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if interrupt::signal().is_some() || until.is_some_and(|until| Instant::now() >= until) {
                return Saved::Over;
            }
        };
        while self.changes.recv_timeout(SETTLE).is_ok() {}
        Saved::File(first)
    }
}

/// What an editor leaves beside a file on its way to saving it is no source.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    !name.starts_with('.') && matches!(extension, "rs" | "md" | "toml" | "yaml" | "json" | "jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_seen_once_and_an_editors_own_files_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let saves = Saves::below(dir.path()).unwrap();
        std::fs::write(dir.path().join(".lib.rs.swp"), "x").unwrap();
        std::fs::write(dir.path().join("lib.rs"), "1").unwrap();
        std::fs::write(dir.path().join("lib.rs"), "2").unwrap();
        let deadline = Some(Instant::now() + Duration::from_secs(20));
        assert_eq!(saves.wait(deadline), Saved::File(dir.path().join("lib.rs")));
        assert_eq!(saves.wait(Some(Instant::now())), Saved::Over, "two writes are one save");
    }
}
