//! A throw-away workspace with one week in one rendering, below the reference's `target/prove/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::learn::manifest::{self, Edit, Rest};
use crate::learn::tree::{Rendering, file_failure, link_rest, render_week};

/// Lays the workspace down, or brings it up to date: what has not changed is not written, and so not compiled.
pub(super) fn lay(
    reference: &Path,
    week: &str,
    label: &str,
    rendering: Rendering<'_>,
) -> Result<PathBuf, Failure> {
    let root = reference.join("target/prove").join(format!("{week}-{label}"));
    let own = [week.to_owned()];
    render_week(&reference.join("weeks").join(week), &root.join("weeks").join(week), rendering)?;
    link_rest(reference, &root, &own)?;
    let course = reference.join("Cargo.toml");
    let text = fs::read_to_string(&course).map_err(file_failure(&course))?;
    let suffix = manifest::suffix("pv", &root);
    let edit = Edit { own: &own, suffix: &suffix, rest: Rest::At(reference) };
    write(&root.join("Cargo.toml"), &manifest::manifest(&text, &edit)?)?;
    // For the build folder; nobody says `cargo lab` in here.
    write(&root.join(".cargo/config.toml"), &manifest::config(reference, true))?;
    let lock = reference.join("Cargo.lock");
    if lock.is_file() {
        fs::copy(&lock, root.join("Cargo.lock")).map_err(file_failure(&lock))?;
    }
    Ok(root)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(file_failure(folder))?;
    }
    fs::write(path, text).map_err(file_failure(path))
}
