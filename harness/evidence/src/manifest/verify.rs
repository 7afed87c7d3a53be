//! Verification: no workspace, no network, no trust; a folder, and what it says about itself.

use std::path::Path;

use super::{
    Broken, Entry, FILE_BYTES_MAX, FILES_MAX, MANIFEST_BYTES_MAX, Manifest, NAME, Report, record_id,
};
use super::{regular, sha, sha_of};
use crate::file::{self, Found, Links};
use crate::{EvidenceError, RECORD_BYTES_MAX, Record, stored};

/// Checks a whole evidence folder and stops at the first thing that does not fit.
///
/// Order: the manifest itself (form, digest, paths), then all files by path, each against the manifest; a record is
/// also read strictly and against its own digest first, since that says more than "the file has changed".
pub fn verify(dir: &Path) -> Result<Report, Broken> {
    let at = dir.join(NAME);
    let mut found = file::walk(dir, Links::Report, FILES_MAX)?;
    if let Some(index) = found.iter().position(|file| file.path == NAME) {
        regular(&found.remove(index))?;
    }
    let manifest = read(&at)?;
    let mut report = Report::default();
    let mut present = found.iter().peekable();
    for entry in &manifest.files {
        match present.next_if(|file| file.path <= entry.path) {
            Some(file) if file.path == entry.path => check(file, entry, &mut report)?,
            Some(file) => return Err(Broken::Unlisted { path: file.on_disk.clone() }),
            None => return Err(Broken::Missing { path: dir.join(&entry.path) }),
        }
    }
    if let Some(file) = present.next() {
        return Err(Broken::Unlisted { path: file.on_disk.clone() });
    }
    let orphan = |entry: &&Entry| entry.from.iter().any(|id| report.records.binary_search(id).is_err());
    if let Some(entry) = manifest.files.iter().find(orphan) {
        let id = entry.from.iter().find(|id| report.records.binary_search(id).is_err());
        return Err(Broken::Orphan { path: dir.join(&entry.path), id: id.cloned().unwrap_or_default() });
    }
    Ok(report)
}

/// The manifest, if it is well formed and fits its digest.
fn read(at: &Path) -> Result<Manifest, Broken> {
    let bytes = file::read_bounded(at, MANIFEST_BYTES_MAX)?;
    let (manifest, raw) = stored::parse::<Manifest>(at, bytes.clone())?;
    let computed = stored::digest_of(&raw);
    if manifest.digest != computed {
        let (path, recorded) = (at.to_path_buf(), manifest.digest);
        return Err(EvidenceError::Digest { path, recorded, computed }.into());
    }
    // Nothing else vouches for the manifest's bytes, so white space counts too.
    if manifest.to_bytes() != bytes {
        let why = "it is not laid out as it is written".into();
        return Err(EvidenceError::Malformed { path: at.to_path_buf(), why }.into());
    }
    for entry in &manifest.files {
        if !is_plain(&entry.path) {
            return Err(Broken::Escapes { path: at.to_path_buf(), entry: entry.path.clone() });
        }
    }
    if let Some(pair) = manifest.files.windows(2).find(|pair| pair[0].path >= pair[1].path) {
        return Err(Broken::OutOfOrder { path: at.to_path_buf(), entry: pair[1].path.clone() });
    }
    Ok(manifest)
}

/// A path that names a file below the folder and nothing else: no empty part, no `.` or `..`, no root, no drive.
fn is_plain(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.split('/').all(plain) && !path.contains(['\\', '\0', ':']) && path != NAME
}

/// One file against its entry.
fn check(file: &Found, entry: &Entry, report: &mut Report) -> Result<(), Broken> {
    regular(file)?;
    let path = &file.on_disk;
    if let (Some(id), false) = (record_id(&file.path), entry.from.is_empty()) {
        return Err(Broken::DerivedRecord { id: id.into() });
    }
    let changed = |was: String, is: String| Broken::Changed { path: path.clone(), was, is };
    let (sha256, bytes) = match record_id(&file.path) {
        Some(id) => {
            let content = file::read_bounded(path, RECORD_BYTES_MAX)?;
            let (sha256, bytes) = (sha_of(&content), content.len() as u64);
            let record = Record::from_bytes(path, content)?;
            if record.id != id {
                return Err(Broken::Misplaced { path: path.clone(), id: record.id });
            }
            report.records.push(record.id);
            (sha256, bytes)
        }
        None => {
            // A length that does not fit needs no hashing, however long the file is.
            let length = path.metadata().map_err(crate::error::file("read", path))?.len();
            if length != entry.bytes {
                return Err(changed(format!("{} bytes", entry.bytes), format!("{length} bytes")));
            }
            file::sha256(path, FILE_BYTES_MAX)?
        }
    };
    if sha256 != entry.sha256 {
        return Err(changed(sha(&entry.sha256), sha(&sha256)));
    }
    if bytes != entry.bytes {
        return Err(changed(format!("{} bytes", entry.bytes), format!("{bytes} bytes")));
    }
    report.files += 1;
    report.bytes += bytes;
    Ok(())
}
