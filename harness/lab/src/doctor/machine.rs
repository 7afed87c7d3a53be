//! The machine that the lab runs on.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Probe, fine, lacking, missing};

/// Free space that a build of two weeks needs, with room for the release build.
const SPACE_NEEDED_BYTES: u64 = 3 << 30;

/// Free space below which the first build is likely to fail.
const SPACE_LEAST_BYTES: u64 = 1 << 30;

/// Open files that the drills of the first weeks need at once.
const FILES_NEEDED: u64 = 1024;

/// Sends a byte to ourselves and back.
pub(super) fn loopback() -> Probe {
    let tried = (|| -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let mut near = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        let (mut far, _) = listener.accept()?;
        near.write_all(b"?")?;
        far.set_read_timeout(Some(Duration::from_secs(5)))?;
        far.read_exact(&mut [0])?;
        Ok(address)
    })();
    match tried {
        Ok(address) => fine("loopback", format!("a byte went through {address}")),
        Err(e) => {
            missing("loopback", e.to_string(), "allow TCP on 127.0.0.1 (container or firewall settings)")
        }
    }
}

/// Drills count a process's descriptors and memory there.
pub(super) fn proc() -> Probe {
    let fds = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    let status = std::fs::read_to_string("/proc/self/status").map(|text| text.contains("VmRSS:"));
    match (fds, status) {
        (Ok(fds), Ok(true)) => fine("/proc", format!("readable, {fds} descriptors open here")),
        _ => missing("/proc", "not readable", "mount it: drills watch their processes there"),
    }
}

/// Children are waited for through pidfds.
pub(super) fn pidfd() -> Probe {
    use rustix::process::{PidfdFlags, getpid, pidfd_open};
    match pidfd_open(getpid(), PidfdFlags::empty()) {
        Ok(_) => fine("pidfd", "processes can be held by descriptor"),
        Err(e) => {
            missing("pidfd", e.to_string(), "use Linux 5.3 or newer, or a sandbox that allows pidfd_open")
        }
    }
}

pub(super) fn open_files() -> Probe {
    use rustix::process::{Resource, getrlimit};
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < FILES_NEEDED => lacking(
            "open files",
            format!("{limit}, drills want {FILES_NEEDED}"),
            "`ulimit -n 4096` in this shell",
        ),
        Some(limit) => fine("open files", format!("{limit} at once")),
        None => fine("open files", "no limit"),
    }
}

pub(super) fn cores() -> Probe {
    match std::thread::available_parallelism() {
        Ok(cores) if cores.get() >= 2 => fine("cores", cores.to_string()),
        Ok(_) => {
            lacking("cores", "1", "measurements of two parties on one core mostly measure the scheduler")
        }
        Err(e) => lacking("cores", e.to_string(), "measurements will not say on how many cores they ran"),
    }
}

pub(super) fn space(root: &Path) -> Probe {
    const FIX: &str = "free some space, or set CARGO_TARGET_DIR to a larger disk";
    let place = ["target", "."].iter().map(|name| root.join(name)).find(|path| path.is_dir());
    let place = place.unwrap_or_else(|| PathBuf::from("."));
    match rustix::fs::statvfs(&place) {
        Err(e) => lacking("disk space", e.to_string(), FIX),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!(
                "{:.1} GiB free, {} GiB are enough",
                free as f64 / f64::from(1 << 30),
                SPACE_NEEDED_BYTES >> 30
            );
            match free {
                0..SPACE_LEAST_BYTES => missing("disk space", found, FIX),
                SPACE_LEAST_BYTES..SPACE_NEEDED_BYTES => lacking("disk space", found, FIX),
                _ => fine("disk space", found),
            }
        }
    }
}

/// Writes a file into the folder, or, where there is none yet, beside it, where it would be made.
pub(super) fn folder(name: &'static str, folder: &Path) -> Probe {
    let place = if folder.exists() { folder } else { folder.parent().unwrap_or(folder) };
    let file = place.join(format!(".lab-doctor-{}", std::process::id()));
    let tried = std::fs::write(&file, b"probe");
    let _ = std::fs::remove_file(&file);
    match tried {
        Ok(()) => fine(name, format!("{} is writable", place.display())),
        Err(e) => missing(name, format!("{}: {e}", place.display()), "give yourself write permission there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_file_in_the_place_of_a_folder_is_found() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("evidence"), "").unwrap();
        let probe = folder("evidence", &dir.path().join("evidence"));
        assert_eq!(probe.health, Health::Missing);
        assert!(!probe.fix.is_empty());
        assert_eq!(folder("evidence", dir.path()).health, Health::Fine);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the probe's file must be gone");
    }
}
