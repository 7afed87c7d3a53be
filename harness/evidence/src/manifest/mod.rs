//! The manifest: every file of an evidence folder, its digest, and which records it was derived from.

mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::file::{self, FileKind, Links};
use crate::record::SCHEMA;
use crate::{Class, EvidenceError, Record, canonical, layout, record, stored};
pub use verify::verify;

/// The manifest's name in the evidence folder.
pub const NAME: &str = "manifest.json";

/// The most files of an evidence folder.
pub const FILES_MAX: usize = 20_000;

/// The largest manifest that is read: 16 MiB, room for [`FILES_MAX`] entries.
pub const MANIFEST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The largest file of an evidence folder: 64 MiB.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Which files were derived from which records: path below the evidence folder, then record ids.
pub type DerivedFrom = BTreeMap<String, Vec<String>>;

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The schema version, [`SCHEMA`].
    pub schema: u32,
    /// Every file of the folder except this one, sorted by path.
    pub files: Vec<Entry>,
    /// `sha256:<hex>` over the canonical JSON of everything above.
    pub digest: String,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Path below the evidence folder, `/`-separated.
    pub path: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// The records that it was derived from, sorted; empty for a record itself and for what no record feeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
}

impl Manifest {
    /// Closes the manifest: sets the digest over everything else.
    #[must_use]
    pub fn seal(mut self) -> Self {
        // Plain data with string keys: turning it into JSON cannot fail, here and below.
        self.digest = stored::digest_of(&serde_json::to_value(&self).unwrap_or_default());
        self
    }

    /// The bytes of the manifest's file: one form only.
    pub fn to_bytes(&self) -> Vec<u8> {
        layout::lay_out(&serde_json::to_string(self).unwrap_or_default()).into_bytes()
    }
}

/// What a folder holds, once everything in it fits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The ids of the records, sorted.
    pub records: Vec<String>,
    /// How many files, records included, the manifest not.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl std::fmt::Display for Report {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (records, files) = (self.records.len(), self.files);
        write!(
            formatter,
            "{records} records, {files} files, {} bytes: everything fits its digest",
            self.bytes
        )
    }
}

/// The first thing that does not fit.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A record, or the manifest itself, cannot be read, is malformed, or does not fit its digest.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A record lies where it does not belong.
    #[error("{} says that it is `{id}`; that record belongs to {id}.json", .path.display())]
    Misplaced {
        /// The file.
        path: PathBuf,
        /// The id in it.
        id: String,
    },
    /// A file's bytes are not those that were listed.
    #[error("{} has changed: listed are {was}, found are {is}", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Length or digest in the manifest.
        was: String,
        /// Length or digest found.
        is: String,
    },
    /// A listed file is gone.
    #[error("{} is listed in the manifest, but is not there", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not listed.
    #[error("{} is not listed in the manifest", .path.display())]
    Unlisted {
        /// The file.
        path: PathBuf,
    },
    /// A link or a special file, which no digest covers.
    #[error("{} is {what}; evidence is made of ordinary files only", .path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
        /// `a symbolic link`, `a special file`.
        what: &'static str,
    },
    /// The manifest lists a path that is not a plain path below the folder.
    #[error("{} lists `{entry}`, which is not a plain path below the folder", .path.display())]
    Escapes {
        /// The manifest.
        path: PathBuf,
        /// The path as listed.
        entry: String,
    },
    /// The manifest lists files out of order or twice.
    #[error("{} lists `{entry}` out of order", .path.display())]
    OutOfOrder {
        /// The manifest.
        path: PathBuf,
        /// The path as listed.
        entry: String,
    },
    /// A record is said to be derived from records. It is what others derive from.
    #[error("the record `{id}` is listed as derived; a record is measured")]
    DerivedRecord {
        /// The record's id.
        id: String,
    },
    /// A file is said to come from a record that is not there.
    #[error("{} is listed as derived from `{id}`, but there is no such record", .path.display())]
    Orphan {
        /// The derived file.
        path: PathBuf,
        /// The record's id.
        id: String,
    },
}

/// The record id of a path, where the file must be a record: `week-02/gate.json`.
pub fn record_id(path: &str) -> Option<&str> {
    path.strip_suffix(".json").filter(|id| record::is_id(id))
}

impl Broken {
    /// How a tool should answer: what a folder says and does not hold is a matter of integrity, whatever is wrong
    /// with it; only a file that cannot be read, and a schema that this build does not know, are not.
    pub fn class(&self) -> Class {
        match self {
            Broken::Evidence(error @ (EvidenceError::File { .. } | EvidenceError::SchemaVersion { .. })) => {
                error.class()
            }
            _ => Class::Integrity,
        }
    }
}

/// Lists a folder as it is now into its `manifest.json`.
///
/// Records are read and checked on the way; a manifest is never written over a record that does not hold.
pub fn write(dir: &Path, derived_from: &DerivedFrom) -> Result<Report, Broken> {
    let mut found = file::walk(dir, Links::Report, FILES_MAX)?;
    file::sweep_unfinished(&mut found)?;
    found.retain(|file| file.path != NAME);
    let (mut report, mut files) = (Report::default(), Vec::with_capacity(found.len()));
    for file in &found {
        regular(file)?;
        let (sha256, bytes) = file::sha256(&file.on_disk, FILE_BYTES_MAX)?;
        if let Some(id) = record_id(&file.path) {
            let record = Record::read(&file.on_disk)?;
            if record.id != id {
                return Err(Broken::Misplaced { path: file.on_disk.clone(), id: record.id });
            }
            report.records.push(record.id);
        }
        let mut from = derived_from.get(&file.path).cloned().unwrap_or_default();
        if let (Some(id), false) = (record_id(&file.path), from.is_empty()) {
            return Err(Broken::DerivedRecord { id: id.into() });
        }
        from.sort();
        from.dedup();
        report.files += 1;
        report.bytes += bytes;
        files.push(Entry { path: file.path.clone(), sha256, bytes, from });
    }
    for (path, ids) in derived_from {
        if files.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_err() {
            return Err(Broken::Missing { path: dir.join(path) });
        }
        if let Some(id) = ids.iter().find(|id| !report.records.contains(id)) {
            return Err(Broken::Orphan { path: dir.join(path), id: id.clone() });
        }
    }
    let manifest = Manifest { schema: SCHEMA, files, digest: String::new() }.seal();
    file::write_atomically(&dir.join(NAME), &manifest.to_bytes())?;
    Ok(report)
}

fn regular(file: &file::Found) -> Result<(), Broken> {
    let what = match file.kind {
        FileKind::Regular => return Ok(()),
        FileKind::Link => "a symbolic link",
        FileKind::Special => "a special file",
    };
    Err(Broken::NotAFile { path: file.on_disk.clone(), what })
}

/// As it appears in [`Broken::Changed`].
fn sha(hex: &str) -> String {
    format!("sha256:{hex}")
}

/// The digest of bytes that were read for another reason anyway.
fn sha_of(bytes: &[u8]) -> String {
    canonical::sha256(bytes)
}
