//! Lays a week's folder down in one of its renderings, and links the rest.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::course::Wrong;
use crate::error::{Failure, MARKERS, WORKBENCH_FILE};
use crate::markers;

/// What becomes of the holes.
#[derive(Debug, Clone, Copy)]
pub enum Rendering<'a> {
    /// Stubs, and prompts in the deliverables.
    Skeleton,
    /// A switch over reference, skeleton and these mistakes.
    Switched(&'a [Wrong]),
}

/// A failure of the file system at a path.
pub(crate) fn file_failure(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |e| Failure::new(&WORKBENCH_FILE, format!("{path}: {e}"))
}

/// Makes `to` a rendering of the week's folder `from`. Only files that differ are written, so that cargo finds an
/// unchanged rendering fresh; files that `from` does not have are removed. `to` belongs to us alone.
pub fn render_week(from: &Path, to: &Path, rendering: Rendering<'_>) -> Result<(), Failure> {
    let mut wanted = BTreeSet::new();
    collect(from, Path::new(""), &mut wanted)?;
    let mut present = BTreeSet::new();
    if to.is_dir() {
        collect(to, Path::new(""), &mut present)?;
    }
    for path in present.difference(&wanted) {
        let path = to.join(path);
        fs::remove_file(&path).map_err(file_failure(&path))?;
    }
    for path in &wanted {
        let (source, target) = (from.join(path), to.join(path));
        let bytes = fs::read(&source).map_err(file_failure(&source))?;
        let bytes = render(path, bytes, rendering).map_err(|e| Failure::new(&MARKERS, e.in_file(&source)))?;
        if fs::read(&target).is_ok_and(|old| old == bytes) {
            continue;
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(file_failure(folder))?;
        }
        fs::write(&target, bytes).map_err(file_failure(&target))?;
        let mode = fs::metadata(&source).map_err(file_failure(&source))?.permissions();
        fs::set_permissions(&target, mode).map_err(file_failure(&target))?;
    }
    Ok(())
}

fn render(path: &Path, bytes: Vec<u8>, rendering: Rendering<'_>) -> Result<Vec<u8>, markers::MarkerError> {
    let extension = path.extension().and_then(|e| e.to_str());
    let text = match (extension, std::str::from_utf8(&bytes)) {
        (Some("rs" | "md"), Ok(text)) => text,
        _ => return Ok(bytes),
    };
    let rendered = match (extension, rendering) {
        (Some("md"), Rendering::Skeleton) if path.starts_with("outputs") => markers::template(text)?,
        (_, Rendering::Skeleton) => markers::skeleton(text)?,
        (_, Rendering::Switched(wrongs)) => markers::switched(text, wrongs)?,
    };
    Ok(rendered.into_bytes())
}

/// The files below a folder, relative to it. What a build leaves (`target`) and hidden files are nobody's source.
fn collect(root: &Path, below: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder).map_err(file_failure(&folder))? {
        let entry = entry.map_err(file_failure(&folder))?;
        let name = entry.file_name();
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        let path = below.join(name);
        if entry.path().is_dir() {
            collect(root, &path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

/// What both workspaces read and neither changes; linked where the reference has it.
const SHARED: [&str; 5] = ["harness", ".config", "clippy.toml", "rustfmt.toml", "rust-toolchain.toml"];

/// Links everything of the reference that is not this workspace's own: the shared parts, and each week without a
/// folder here. Links that lead elsewhere (the reference was moved) are turned round; real files stay.
pub fn link_rest(reference: &Path, root: &Path, own: &[String]) -> Result<(), Failure> {
    for name in SHARED {
        if reference.join(name).exists() {
            link(&reference.join(name), &root.join(name))?;
        }
    }
    let (from, to) = (reference.join("weeks"), root.join("weeks"));
    fs::create_dir_all(&to).map_err(file_failure(&to))?;
    for entry in fs::read_dir(&from).map_err(file_failure(&from))? {
        let entry = entry.map_err(file_failure(&from))?;
        let name = entry.file_name();
        let is_week = entry.path().join("week.yaml").is_file();
        if is_week && !own.iter().any(|own| name == own.as_str()) {
            link(&entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

fn link(target: &Path, place: &Path) -> Result<(), Failure> {
    match fs::read_link(place) {
        Ok(present) if present == target => return Ok(()),
        Ok(_) => fs::remove_file(place).map_err(file_failure(place))?,
        Err(_) if place.exists() => return Ok(()),
        Err(_) => {}
    }
    std::os::unix::fs::symlink(target, place).map_err(file_failure(place))
}
