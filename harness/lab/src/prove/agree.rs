//! Holds `week.yaml` and the marked sources against each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::course::{Output, Week};
use crate::error::{Failure, MARKERS, WEEK_DATA};
use crate::learn::tree::file_failure;
use crate::markers::{self, Language};

/// Says how much agrees, or what does not.
pub(super) fn agree(week: &Week, folder: &Path) -> Result<String, Failure> {
    let mut marked: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for path in sources(folder)? {
        let text = fs::read_to_string(&path).map_err(file_failure(&path))?;
        let file = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let holes = markers::holes(&text).map_err(|e| Failure::new(&MARKERS, e.in_file(&path)))?;
        for hole in holes.into_iter().filter(|hole| hole.language == Language::Rust) {
            if let Some((other, line)) = marked.insert(hole.id.clone(), (file.clone(), hole.line)) {
                let what = format!("the hole `{}` is in {other}:{line} and in {file}:{}", hole.id, hole.line);
                return Err(Failure::new(&MARKERS, what));
            }
        }
    }
    let untrue = |what: String| Err(Failure::new(&WEEK_DATA, what));
    for hole in &week.holes {
        match marked.remove(&hole.id) {
            None => return untrue(format!("the hole `{}` is marked nowhere", hole.id)),
            Some((file, line)) if file != hole.file => {
                return untrue(format!("the hole `{}` is in {file}:{line}, not in {}", hole.id, hole.file));
            }
            Some(_) => {}
        }
    }
    if let Some((id, (file, line))) = marked.first_key_value() {
        return untrue(format!("the hole `{id}` of {file}:{line} is not in week.yaml"));
    }
    let mut templates = 0;
    for name in week.days.iter().flat_map(|day| &day.deliverables) {
        let path = Output::source(folder, name);
        let text = fs::read_to_string(&path).map_err(file_failure(&path))?;
        if Output::of(name) == Output::Page {
            markers::template(&text).map_err(|e| Failure::new(&MARKERS, e.in_file(&path)))?;
        }
        templates += 1;
    }
    Ok(format!("{} holes, {templates} templates", week.holes.len()))
}

/// The Rust sources of a week.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(file_failure(&folder))? {
            let path = entry.map_err(file_failure(&folder))?.path();
            let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() && !hidden && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
