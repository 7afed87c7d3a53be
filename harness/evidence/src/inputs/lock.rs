//! The part of `Cargo.lock` that one package reaches.
//!
//! The whole file would be the simple input, and the wrong one: adding a crate to week 20 must not make week 2's
//! measurements stale.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::packages::{self, Package};
use crate::canonical;
use crate::error::EvidenceError;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Entry {
    /// Whether a dependency line (`name`, `name version` or `name version (source)`) means this entry.
    fn is_meant_by(&self, line: &str) -> bool {
        let mut words = line.split(' ');
        words.next() == Some(&self.name)
            && words.next().is_none_or(|version| version == self.version)
            && words
                .next()
                .is_none_or(|source| Some(source.trim_matches(['(', ')'])) == self.source.as_deref())
    }
}

/// Digest of all that the lock file says about what the first package of the closure reaches.
///
/// Packages of the workspace count by name only: their content is an input of its own, and a learner's workspace
/// gives them another version.
pub(super) fn digest(root: &Path, closure: &[Package]) -> Result<String, EvidenceError> {
    let path = root.join("Cargo.lock");
    let malformed = |why: String| EvidenceError::Malformed { path: path.clone(), why };
    let lock: Lock =
        serde_json::from_value(packages::toml(&path)?).map_err(|error| malformed(error.to_string()))?;
    let missing = |why: String| EvidenceError::Package { path: path.clone(), why };

    let local: BTreeMap<&str, &Package> =
        closure.iter().map(|package| (package.name.as_str(), package)).collect();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, entry) in lock.package.iter().enumerate() {
        by_name.entry(&entry.name).or_default().push(index);
    }
    let find = |line: &str| {
        let named = by_name.get(line.split(' ').next().unwrap_or(line)).map_or(&[][..], Vec::as_slice);
        named.iter().copied().find(|index| lock.package[*index].is_meant_by(line))
    };

    let own = &closure[0].name;
    let start =
        find(own).ok_or_else(|| missing(format!("it has no entry for `{own}`; build once to make one")))?;
    let (mut reached, mut waiting) = (BTreeSet::from([start]), VecDeque::from([start]));
    while let Some(index) = waiting.pop_front() {
        let entry = &lock.package[index];
        // The lock file lists a workspace package's dev-dependencies too; only the judged package builds them.
        let needs =
            local.get(entry.name.as_str()).filter(|_| entry.source.is_none()).map(|local| &local.needs);
        for line in &entry.dependencies {
            let name = line.split(' ').next().unwrap_or(line);
            if needs.is_some_and(|needs| !needs.contains(name)) {
                continue;
            }
            let next = find(line)
                .ok_or_else(|| missing(format!("`{}` needs `{line}`, which it does not list", entry.name)))?;
            if reached.insert(next) {
                waiting.push_back(next);
            }
        }
    }

    let mut entries: Vec<Value> = reached
        .into_iter()
        .map(|index| &lock.package[index])
        .map(|entry| match &entry.source {
            None => json!({ "name": entry.name }),
            Some(source) => json!({
                "name": entry.name,
                "version": entry.version,
                "source": source,
                "checksum": entry.checksum,
            }),
        })
        .collect();
    entries.sort_by_key(canonical::bytes);
    Ok(canonical::sha256(&canonical::bytes(&Value::Array(entries))))
}
