//! `lab start`: a workspace with one week to write, or one more week in the workspace that is there.
//!
//! Whatever is laid down is laid down whole in a staging folder on the same file system and then renamed into place,
//! so that an interrupted start leaves the old state or the new one. What a rename cannot cover (taking the link out
//! before the folder goes in) is mended by the next start, because nothing is lost in between.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{self, Edit, Rest};
use super::place::{Place, look};
use super::tree::{Rendering, file_failure, link_rest, render_week};
use crate::course::{Course, Week};
use crate::error::{ALREADY_STARTED, Failure, NO_SUCH_WEEK, WEEK_NOT_BUILT, WORKBENCH_FILE};

/// What a start did.
#[derive(Debug)]
pub struct Started {
    /// The workspace.
    pub root: PathBuf,
    /// The week's folder in it.
    pub folder: PathBuf,
    /// True when the workspace is new.
    pub new_workspace: bool,
    /// Where the earlier attempt was put.
    pub backup: Option<PathBuf>,
}

/// The built week of a number and its folder's name.
pub fn built_week(course: &Course, number: u8) -> Result<(String, &Week), Failure> {
    let found = course.weeks.iter().find(|(_, week)| week.week == number);
    let Some((path, week)) = found else {
        return Err(Failure::new(&NO_SUCH_WEEK, format!("there is no week {number}")));
    };
    if !week.built {
        let built: Vec<String> =
            course.weeks.iter().filter(|(_, w)| w.built).map(|(_, w)| w.week.to_string()).collect();
        let what = format!(
            "week {number} ({}) has no code to start from yet; built so far: {}",
            week.title,
            built.join(", ")
        );
        return Err(Failure::new(&WEEK_NOT_BUILT, what));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((name, week))
}

/// Lays down week `number` of the reference in the learner's workspace at `root`, which is made if it is not there.
pub fn start(reference: &Path, number: u8, root: &Path, force: bool) -> Result<Started, Failure> {
    let reference = reference.canonicalize().map_err(file_failure(reference))?;
    let root = resolved(root)?;
    let course = Course::load(&reference)?;
    let (week, _) = built_week(&course, number)?;
    match look(&root, &reference)? {
        Place::Free => found(&reference, &root, &week),
        Place::Workbench(own) => extend(&reference, &root, &week, own, force),
    }
}

/// The absolute path of a place that need not exist yet; links in the part that exists are followed.
fn resolved(root: &Path) -> Result<PathBuf, Failure> {
    let absolute = std::path::absolute(root).map_err(file_failure(root))?;
    let mut missing = Vec::new();
    for ancestor in absolute.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return Ok(missing.iter().rev().fold(real, |path, name| path.join(name)));
        }
        missing.extend(ancestor.file_name());
    }
    Ok(absolute)
}

/// Founds a workspace.
fn found(reference: &Path, root: &Path, week: &str) -> Result<Started, Failure> {
    let parent = root.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(file_failure(parent))?;
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stage = Stage::new(parent, &format!(".{name}.start-"))?;
    let own = [week.to_owned()];
    let at = &stage.path;
    render_week(&reference.join("weeks").join(week), &at.join("weeks").join(week), Rendering::Skeleton)?;
    settle(reference, at, root, &own)?;
    let readme = at.join("README.md");
    fs::write(&readme, README).map_err(file_failure(&readme))?;
    let ignore = at.join(".gitignore");
    fs::write(&ignore, "/target\n/.lab\n").map_err(file_failure(&ignore))?;
    stage.into_place(root)?;
    Ok(Started {
        root: root.to_owned(),
        folder: root.join("weeks").join(week),
        new_workspace: true,
        backup: None,
    })
}

/// Adds a week to a workspace, or starts it anew.
fn extend(
    reference: &Path,
    root: &Path,
    week: &str,
    mut own: Vec<String>,
    force: bool,
) -> Result<Started, Failure> {
    let folder = root.join("weeks").join(week);
    let started = own.iter().any(|own| own == week);
    if started && !force {
        settle(reference, root, root, &own)?;
        return Err(Failure::new(
            &ALREADY_STARTED,
            format!("{} is yours already, and was left as it is", folder.display()),
        ));
    }
    if !started {
        own.push(week.to_owned());
        own.sort();
    }
    let state = root.join(".lab");
    fs::create_dir_all(&state).map_err(file_failure(&state))?;
    let stage = Stage::new(&state, "start-")?;
    render_week(&reference.join("weeks").join(week), &stage.path, Rendering::Skeleton)?;
    let mut backup = None;
    if started {
        backup = Some(set_aside(root, &folder, week)?);
    } else if folder.is_symlink() {
        fs::remove_file(&folder).map_err(file_failure(&folder))?;
    }
    stage.into_place(&folder)?;
    settle(reference, root, root, &own)?;
    Ok(Started { root: root.to_owned(), folder, new_workspace: false, backup })
}

/// Moves an earlier attempt to a backup of its own; never onto an older one.
fn set_aside(root: &Path, folder: &Path, week: &str) -> Result<PathBuf, Failure> {
    let backups = root.join("backups");
    fs::create_dir_all(&backups).map_err(file_failure(&backups))?;
    let stamp = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
    for attempt in 1u32.. {
        let suffix = if attempt == 1 { String::new() } else { format!("-{attempt}") };
        let backup = backups.join(format!("{week}-{stamp}{suffix}"));
        // Making the folder claims the name; renaming onto an empty folder then replaces it.
        match fs::create_dir(&backup) {
            Ok(()) => {
                fs::rename(folder, &backup).map_err(file_failure(&backup))?;
                return Ok(backup);
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(file_failure(&backup)(e)),
        }
    }
    Err(Failure::new(&WORKBENCH_FILE, format!("{}: no free name for a backup", backups.display())))
}

/// Writes what holds a workspace together, at `at`, for a workspace that lives (or will live) at `root`.
fn settle(reference: &Path, at: &Path, root: &Path, own: &[String]) -> Result<(), Failure> {
    link_rest(reference, at, own)?;
    let source = reference.join("Cargo.toml");
    let course = fs::read_to_string(&source).map_err(file_failure(&source))?;
    let suffix = manifest::suffix("wb", root);
    let edit = Edit { own, suffix: &suffix, rest: Rest::Linked };
    let place = at.join("Cargo.toml");
    let text = match fs::read_to_string(&place) {
        Ok(present) => manifest::extend(&present, &course, &edit)?,
        Err(_) => manifest::manifest(&course, &edit)?,
    };
    replace(&place, &text)?;
    let lock = reference.join("Cargo.lock");
    if lock.is_file() && !at.join("Cargo.lock").exists() {
        fs::copy(&lock, at.join("Cargo.lock")).map_err(file_failure(&lock))?;
    }
    let cargo = at.join(".cargo");
    fs::create_dir_all(&cargo).map_err(file_failure(&cargo))?;
    replace(&cargo.join("config.toml"), &manifest::config(reference, root.starts_with(reference)))
}

/// Writes a file whole or not at all, and not when it already says so.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let new = path.with_extension("new");
    fs::write(&new, text).map_err(file_failure(&new))?;
    fs::rename(&new, path).map_err(file_failure(path))
}

/// A staging folder that removes itself unless it was moved into place.
struct Stage {
    path: PathBuf,
}

impl Stage {
    /// A new staging folder below `parent`. What interrupted starts have left there is swept away first.
    fn new(parent: &Path, prefix: &str) -> Result<Self, Failure> {
        for entry in fs::read_dir(parent).map_err(file_failure(parent))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let pid = name.strip_prefix(prefix).and_then(|pid| pid.parse().ok());
            if pid.is_some_and(|pid: u32| !Path::new("/proc").join(pid.to_string()).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let path = parent.join(format!("{prefix}{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(file_failure(&path))?;
        Ok(Stage { path })
    }

    fn into_place(self, place: &Path) -> Result<(), Failure> {
        fs::rename(&self.path, place).map_err(file_failure(place))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

const README: &str = "\
# My workbench

This is a cargo workspace of your own, laid down by `cargo lab start`. The weeks that you started are real folders
below `weeks/`; the others, and the tools in `harness/`, are links into the course. Open it in your editor like any
other Rust project.

| command | does |
| --- | --- |
| `cargo lab next` | says what to do now |
| `cargo lab day 2.3` | shows the day's brief |
| `cargo lab check 2.3` | runs the day's checks: which holes are still open, and why |
| `cargo lab watch 2.3` | the same on every save |
| `cargo lab hint 2.3` | one hint more than last time |
| `cargo lab gate 2`, `drill 2`, `bench 2` | judge your week and write your evidence below `evidence/` |
| `cargo lab start 3` | adds a week; `--force` starts one anew and keeps your attempt below `backups/` |

What is yours to write is marked: `todo!(\"…\")` in the code, `<!-- write: … -->` in `weeks/*/outputs/*.md`.
";
