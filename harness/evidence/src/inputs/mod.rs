//! What a run depended on, as digests: enough that a record can be called stale, and no more.
//!
//! | input of a run of package `p` | path in the record |
//! | --- | --- |
//! | `p`'s manifest and every file of its `src`, `tests`, `benches`, `drill`, `demo` and `fixtures` | `weeks/week-02-framing/src/lib.rs` |
//! | manifest and `src` of every package that `p` reaches by path, `p`'s dev-dependencies included | `harness/evidence/src/lib.rs` |
//! | what the lock file says about everything that `p` reaches | `Cargo.lock#p` |
//! | how the workspace builds it: profiles, patches, edition, the inherited dependencies | `Cargo.toml#profile` |
//! | sections of the week's data | `weeks/week-02-framing/week.yaml#gate` |
//!
//! Left out on purpose, since no verdict depends on it: pages, deliverables, hints, README, fuzz targets, lints,
//! and the version that the workspace gives its own packages. Left out for want of a way to see it: environment
//! variables such as `RUSTFLAGS`, and the operating system (the record's environment names the latter).
//!
//! Paths are logical: in a learner's workspace `harness` may be a link to the reference, and is `harness` here.
//!
//! ```
//! use std::path::Path;
//! use evidence::inputs;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let root = dir.path();
//! # std::fs::create_dir_all(root.join("week/src"))?;
//! # std::fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"week\"]\n")?;
//! # std::fs::write(root.join("Cargo.lock"), "[[package]]\nname = \"week\"\nversion = \"0.1.0\"\n")?;
//! # std::fs::write(root.join("week/Cargo.toml"), "[package]\nname = \"week\"\n")?;
//! let source = root.join("week/src/lib.rs");
//! std::fs::write(&source, "pub fn limit() -> u32 { 1024 }")?;
//! let then = inputs::of_package(root, Path::new("week"), &[])?;
//!
//! std::fs::write(&source, "pub fn limit() -> u32 { 4096 }")?;
//! let stale = inputs::compare(&then, &inputs::of_package(root, Path::new("week"), &[])?);
//! assert_eq!(stale[0].to_string(), "week/src/lib.rs has changed");
//! # Ok(())
//! # }
//! ```

mod lock;
mod packages;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::error::EvidenceError;
use crate::file::{self, Links};
use crate::{Input, Record, canonical};
use packages::{Package, Root};

/// The most files that one package may bring as inputs.
pub const FILES_MAX: usize = 4096;

/// The largest single input: 64 MiB.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The folders of the judged package that a verdict depends on.
const OWN_FOLDERS: [&str; 6] = ["src", "tests", "benches", "drill", "demo", "fixtures"];

/// The inputs of a run of the package in `package_dir`, sorted by path.
///
/// `package_dir` is a folder below `root`, given as such or relative to it. `sections` are those parts of the
/// week's data that the verdict depends on, by name: `("gate", &value)`.
///
/// # Errors
/// A manifest or lock file that is missing or does not parse, a path dependency outside of `root`, a name that is
/// not UTF-8, more than [`FILES_MAX`] files or [`FILE_BYTES_MAX`] bytes.
pub fn of_package(
    root: &Path,
    package_dir: &Path,
    sections: &[(&str, &Value)],
) -> Result<Vec<Input>, EvidenceError> {
    let workspace = Root::read(root)?;
    let closure = packages::closure(&workspace, package_dir)?;
    let mut inputs = BTreeMap::new();
    for (index, package) in closure.iter().enumerate() {
        add_files(package, if index == 0 { &OWN_FOLDERS } else { &["src"] }, &mut inputs)?;
    }
    let own = &closure[0];
    inputs.insert(format!("Cargo.lock#{}", own.name), lock::digest(root, &closure)?);
    inputs.insert(
        "Cargo.toml#profile".into(),
        canonical::sha256(&canonical::bytes(&workspace.build(&closure))),
    );
    for (name, value) in sections {
        let path = format!("{}/week.yaml#{name}", own.path);
        inputs.insert(path, canonical::sha256(&canonical::bytes(value)));
    }
    Ok(inputs.into_iter().map(|(path, sha256)| Input { path, sha256 }).collect())
}

fn add_files(
    package: &Package,
    folders: &[&str],
    inputs: &mut BTreeMap<String, String>,
) -> Result<(), EvidenceError> {
    let mut add = |path: String, on_disk: &Path| {
        let (sha256, _) = file::sha256(on_disk, FILE_BYTES_MAX)?;
        inputs.insert(path, sha256);
        Ok::<(), EvidenceError>(())
    };
    add(format!("{}/Cargo.toml", package.path), &package.on_disk.join("Cargo.toml"))?;
    let build_script = package.on_disk.join("build.rs");
    if build_script.is_file() {
        add(format!("{}/build.rs", package.path), &build_script)?;
    }
    for folder in folders {
        let on_disk = package.on_disk.join(folder);
        if !on_disk.is_dir() {
            continue;
        }
        for found in file::walk(&on_disk, Links::Follow, FILES_MAX)? {
            // Editors leave these beside a source; cargo does not look at them either.
            let passing = found.path.split('/').any(|part| part.starts_with('.') || part.ends_with('~'));
            if !passing {
                add(format!("{}/{folder}/{}", package.path, found.path), &found.on_disk)?;
            }
        }
    }
    Ok(())
}

/// An input that is not what it was when the record was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The input's path, as in the record.
    pub path: String,
    /// Its digest in the record; `None` when it has been added since.
    pub was: Option<String>,
    /// Its digest now; `None` when it is gone.
    pub is: Option<String>,
}

impl std::fmt::Display for Stale {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match (&self.was, &self.is) {
            (None, _) => "was added",
            (_, None) => "was removed",
            _ => "has changed",
        };
        write!(formatter, "{} {what}", self.path)
    }
}

/// What has moved on since a record was made, sorted by path; empty for a fresh record. Arguments as for
/// [`of_package`].
pub fn staleness(
    root: &Path,
    record: &Record,
    package_dir: &Path,
    sections: &[(&str, &Value)],
) -> Result<Vec<Stale>, EvidenceError> {
    Ok(compare(&record.inputs, &of_package(root, package_dir, sections)?))
}

/// What differs between the inputs of then and now, sorted by path.
pub fn compare(then: &[Input], now: &[Input]) -> Vec<Stale> {
    let mut pairs: BTreeMap<&str, (Option<&String>, Option<&String>)> = BTreeMap::new();
    for input in then {
        pairs.entry(&input.path).or_default().0 = Some(&input.sha256);
    }
    for input in now {
        pairs.entry(&input.path).or_default().1 = Some(&input.sha256);
    }
    pairs
        .into_iter()
        .filter(|(_, (was, is))| was != is)
        .map(|(path, (was, is))| Stale { path: path.into(), was: was.cloned(), is: is.cloned() })
        .collect()
}
