//! What this machine can and cannot do for the lab. Every line is a probe that was made, none is a guess.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::exec::cargo::cargo;
use crate::exec::run;
use crate::nextest::install;
use crate::run::environment::{first_line, host, rustc};

/// How a probe came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Fine,
    /// The lab runs, with the loss that the line names.
    Lacking,
    /// The lab cannot do its work.
    Missing,
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub health: Health,
    /// What was found, in plain words.
    pub found: String,
    /// What to do; empty when nothing is.
    pub fix: String,
}

fn fine(name: &'static str, found: impl Into<String>) -> Probe {
    Probe { name, health: Health::Fine, found: found.into(), fix: String::new() }
}

fn lacking(name: &'static str, found: impl Into<String>, fix: &str) -> Probe {
    Probe { name, health: Health::Lacking, found: found.into(), fix: fix.to_owned() }
}

fn missing(name: &'static str, found: impl Into<String>, fix: &str) -> Probe {
    Probe { name, health: Health::Missing, found: found.into(), fix: fix.to_owned() }
}

/// The time that a probe may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(60);

/// Free space that a build of two weeks needs, with room for the release build.
const SPACE_NEEDED_BYTES: u64 = 3 << 30;

/// Free space below which the first build is likely to fail.
const SPACE_LEAST_BYTES: u64 = 1 << 30;

/// Open files that the drills of the first weeks need at once.
const FILES_NEEDED: u64 = 1024;

/// Makes every probe, for a workspace at `root`.
pub fn examine(root: &Path) -> Vec<Probe> {
    vec![
        compiler(root),
        linker(),
        nextest(root),
        git(root),
        dependencies(root),
        loopback(),
        proc(),
        pidfd(),
        open_files(),
        cores(),
        space(root),
        folder("evidence", &root.join("evidence")),
        folder("target", &root.join("target")),
        folder("temporary", &std::env::temp_dir()),
    ]
}

fn compiler(root: &Path) -> Probe {
    const FIX: &str = "install or update Rust with rustup: `rustup update stable`";
    let needed = needed_rust(root);
    let said = rustc(root);
    let Some(found) = said.as_deref().and_then(|line| line.split(' ').nth(1)) else {
        return missing("rustc", "does not run", FIX);
    };
    match (version(found), needed.as_deref().map(version)) {
        (Some(have), Some(Some(need))) if have < need => {
            missing("rustc", format!("{found}, older than {}", needed.unwrap_or_default()), FIX)
        }
        (Some(_), Some(Some(_))) => {
            fine("rustc", format!("{found}, {} or newer is needed", needed.unwrap_or_default()))
        }
        _ => lacking(
            "rustc",
            format!("{found}; what is needed could not be read"),
            "look at `rust-version` in Cargo.toml",
        ),
    }
}

/// `rust-version` of the workspace.
fn needed_rust(root: &Path) -> Option<String> {
    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml")).ok()?.parse().ok()?;
    let version = manifest.get("workspace")?.get("package")?.get("rust-version")?;
    version.as_str().map(str::to_owned)
}

/// The numbers of a version, for comparing: `1.95.0-nightly` is 1, 95, 0.
fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('-').next()?.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?))
}

/// Links a program and runs it: the only proof that compiler, linker and C library belong together.
fn linker() -> Probe {
    const FIX: &str = "install a C toolchain: `apt-get install build-essential`, or your system's like";
    let Ok(scratch) = tempfile::tempdir() else {
        return missing("linker", "not tried: no temporary folder", "free some space, or set TMPDIR");
    };
    let (source, exe) = (scratch.path().join("probe.rs"), scratch.path().join("probe"));
    if let Err(e) = std::fs::write(&source, "fn main() { print!(\"linked\"); }\n") {
        return missing("linker", format!("not tried: {e}"), "free some space, or set TMPDIR");
    }
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    match run(Command::new(compiler).arg("-o").arg(&exe).arg(&source), PROBE_DEADLINE) {
        Ok(ran) if ran.ok() => match run(&mut Command::new(&exe), PROBE_DEADLINE) {
            Ok(ran) if ran.stdout == b"linked" => fine("linker", "a program was linked and ran"),
            Ok(ran) => missing("linker", format!("a program was linked, and {}", ran.ending()), FIX),
            Err(e) => missing("linker", format!("a program was linked, and does not start: {e}"), FIX),
        },
        Ok(ran) => {
            let words = String::from_utf8_lossy(&ran.stderr).lines().next().unwrap_or("no word").to_owned();
            missing("linker", words, FIX)
        }
        Err(e) => missing("linker", e.what, FIX),
    }
}

fn nextest(root: &Path) -> Probe {
    match install::version(root) {
        Some(version) => fine("cargo-nextest", version),
        None => lacking(
            "cargo-nextest",
            "not here",
            "nothing to do: `cargo lab run` and `cargo lab test` fetch it, once",
        ),
    }
}

fn git(root: &Path) -> Probe {
    const LOSS: &str =
        "records cannot name their commit: install git, or clone instead of unpacking an archive";
    match first_line(Command::new("git").arg("--version")) {
        None => lacking("git", "not here", LOSS),
        Some(version) => {
            match first_line(Command::new("git").arg("-C").arg(root).args(["rev-parse", "--short", "HEAD"])) {
                Some(head) => fine("git", format!("{version}, at {head}")),
                None => lacking("git", format!("{version}, but no commit here"), LOSS),
            }
        }
    }
}

/// Whether everything that a build needs is on this machine already.
fn dependencies(root: &Path) -> Probe {
    let mut cmd = cargo(root);
    cmd.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    if let Some(host) = host(root) {
        cmd.args(["--filter-platform", &host]);
    }
    match run(&mut cmd, PROBE_DEADLINE) {
        Ok(ran) if ran.ok() => fine("dependencies", "all are on this machine: it builds without a network"),
        Ok(ran) => {
            let words = String::from_utf8_lossy(&ran.stderr);
            let why = words
                .lines()
                .find_map(|line| line.strip_prefix("error: "))
                .unwrap_or("cargo does not say why");
            lacking("dependencies", why, "the first build fetches them: it needs a network")
        }
        Err(e) => missing("dependencies", e.what, "install Rust with rustup"),
    }
}

/// Sends a byte to ourselves and back.
fn loopback() -> Probe {
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
fn proc() -> Probe {
    let fds = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    let status = std::fs::read_to_string("/proc/self/status").map(|text| text.contains("VmRSS:"));
    match (fds, status) {
        (Ok(fds), Ok(true)) => fine("/proc", format!("readable, {fds} descriptors open here")),
        _ => missing("/proc", "not readable", "mount it: drills watch their processes there"),
    }
}

/// Children are waited for through pidfds.
fn pidfd() -> Probe {
    use rustix::process::{PidfdFlags, getpid, pidfd_open};
    match pidfd_open(getpid(), PidfdFlags::empty()) {
        Ok(_) => fine("pidfd", "processes can be held by descriptor"),
        Err(e) => {
            missing("pidfd", e.to_string(), "use Linux 5.3 or newer, or a sandbox that allows pidfd_open")
        }
    }
}

fn open_files() -> Probe {
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

fn cores() -> Probe {
    match std::thread::available_parallelism() {
        Ok(cores) if cores.get() >= 2 => fine("cores", cores.to_string()),
        Ok(_) => {
            lacking("cores", "1", "measurements of two parties on one core mostly measure the scheduler")
        }
        Err(e) => lacking("cores", e.to_string(), "measurements will not say on how many cores they ran"),
    }
}

fn space(root: &Path) -> Probe {
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
fn folder(name: &'static str, folder: &Path) -> Probe {
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

    #[test]
    fn versions_compare_by_their_numbers() {
        assert!(version("1.100.0") > version("1.91"));
        assert_eq!(version("1.95.0-nightly"), Some((1, 95, 0)));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn an_older_compiler_than_the_workspace_asks_for_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = |needed: &str| format!("[workspace.package]\nrust-version = \"{needed}\"\n");
        std::fs::write(dir.path().join("Cargo.toml"), manifest("9.99")).unwrap();
        assert_eq!(compiler(dir.path()).health, Health::Missing);
        std::fs::write(dir.path().join("Cargo.toml"), manifest("1.0")).unwrap();
        assert_eq!(compiler(dir.path()).health, Health::Fine);
    }

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
