//! Files: read with a bound, written whole or not at all, listed with a bound.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::canonical;
use crate::error::{EvidenceError, file as io_error};

/// How deep a walk goes. A loop of links ends here, with an error that says so.
const DEPTH_MAX: usize = 24;

/// Marks the temporary file of an unfinished [`write_atomically`].
const UNFINISHED: &str = ".evidence-unfinished-";

/// Reads a file of at most `max` bytes.
///
/// The bound holds for what is read, not for what `stat` says: a file that grows meanwhile, or a device without a
/// length, is refused all the same.
pub fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, EvidenceError> {
    let (source, length) = open_bounded(path, max)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    source.take(max + 1).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    if bytes.len() as u64 > max {
        return Err(EvidenceError::TooLarge { path: path.to_path_buf(), bytes: bytes.len() as u64, max });
    }
    Ok(bytes)
}

/// Opens a file that says that it is no longer than `max`; what it says.
fn open_bounded(path: &Path, max: u64) -> Result<(File, u64), EvidenceError> {
    let source = File::open(path).map_err(io_error("read", path))?;
    let bytes = source.metadata().map_err(io_error("read", path))?.len();
    if bytes > max {
        return Err(EvidenceError::TooLarge { path: path.to_path_buf(), bytes, max });
    }
    Ok((source, bytes))
}

/// As text, naming the first byte that does not decode.
pub(crate) fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, EvidenceError> {
    String::from_utf8(bytes).map_err(|error| EvidenceError::NotUtf8 {
        path: path.to_path_buf(),
        at: error.utf8_error().valid_up_to(),
    })
}

/// SHA-256 and length of a file, in constant memory; stops with [`EvidenceError::TooLarge`] after `max` bytes.
pub fn sha256(path: &Path, max: u64) -> Result<(String, u64), EvidenceError> {
    let mut source = open_bounded(path, max)?.0;
    let (mut hash, mut length, mut buffer) = (Sha256::new(), 0u64, vec![0u8; 64 * 1024]);
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok((canonical::hex(hash.finalize().as_slice()), length)),
            Ok(read) => {
                length += read as u64;
                if length > max {
                    return Err(EvidenceError::TooLarge { path: path.to_path_buf(), bytes: length, max });
                }
                hash.update(&buffer[..read]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error("read", path)(error)),
        }
    }
}

/// Writes a file whole or not at all, and durably: a temporary file beside it, `fsync`, rename, `fsync` of the
/// folder. A crash leaves the old file, or the new one. Missing folders are made.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), EvidenceError> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(io_error("make the folder", folder))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let unfinished = folder.join(format!(".{name}{UNFINISHED}{}-{count}", std::process::id()));

    let written = (|| {
        let mut target = OpenOptions::new().write(true).create_new(true).open(&unfinished)?;
        target.write_all(bytes)?;
        target.sync_all()?;
        fs::rename(&unfinished, path)?;
        // The rename is an entry of the folder; it is as durable as the folder.
        File::open(folder)?.sync_all()
    })();
    written.map_err(|error| {
        let _ = fs::remove_file(&unfinished);
        io_error("write", path)(error)
    })
}

/// Removes what a killed [`write_atomically`] left behind in a folder and below.
pub(crate) fn sweep_unfinished(found: &mut Vec<Found>) -> Result<(), EvidenceError> {
    let mut unfinished = Vec::new();
    found.retain(|file| {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let ours = name.starts_with('.') && name.contains(UNFINISHED);
        if ours {
            unfinished.push(file.on_disk.clone());
        }
        !ours
    });
    unfinished.iter().try_for_each(|path| fs::remove_file(path).map_err(io_error("remove", path)))
}

/// What a walk does at a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Go where it points, under its own name: sources, where a folder may be shared by a link.
    Follow,
    /// Report it as [`FileKind::Link`]: evidence, where a link could show something that was never recorded.
    Report,
}

/// What lies in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// An ordinary file.
    Regular,
    /// A symbolic link.
    Link,
    /// A socket, a pipe, a device.
    Special,
}

/// One file of a walk.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Path below the walked folder, `/`-separated.
    pub path: String,
    /// Where it lies.
    pub on_disk: PathBuf,
    /// What it is.
    pub kind: FileKind,
}

/// Every file below a folder, sorted by path (as bytes), at most `max` of them.
pub(crate) fn walk(folder: &Path, links: Links, max: usize) -> Result<Vec<Found>, EvidenceError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), String::new(), 0usize)];
    while let Some((at, prefix, depth)) = folders.pop() {
        if depth > DEPTH_MAX {
            let path = folder.to_path_buf();
            return Err(EvidenceError::TooMany { path, what: "levels of folders", max: DEPTH_MAX });
        }
        for entry in fs::read_dir(&at).map_err(io_error("list", &at))? {
            let on_disk = entry.map_err(io_error("list", &at))?.path();
            let Some(name) = on_disk.file_name().and_then(|name| name.to_str()) else {
                return Err(EvidenceError::NameNotUtf8 { path: on_disk });
            };
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            let metadata = match links {
                Links::Follow => fs::metadata(&on_disk),
                Links::Report => fs::symlink_metadata(&on_disk),
            };
            let kind = metadata.map_err(io_error("read", &on_disk))?.file_type();
            if kind.is_dir() {
                folders.push((on_disk, path, depth + 1));
                continue;
            }
            if found.len() == max {
                return Err(EvidenceError::TooMany { path: folder.to_path_buf(), what: "files", max });
            }
            let kind = match kind {
                kind if kind.is_file() => FileKind::Regular,
                kind if kind.is_symlink() => FileKind::Link,
                _ => FileKind::Special,
            };
            found.push(Found { path, on_disk, kind });
        }
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
