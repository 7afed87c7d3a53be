//! The programs that the lab runs.

use std::path::Path;
use std::process::Command;

use super::{PROBE_DEADLINE, Probe, fine, lacking, missing};
use crate::exec::cargo::cargo;
use crate::exec::run;
use crate::nextest::install;
use crate::run::environment::{first_line, host, rustc};

pub(super) fn compiler(root: &Path) -> Probe {
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
pub(super) fn linker() -> Probe {
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

pub(super) fn nextest(root: &Path) -> Probe {
    match install::version(root) {
        Some(version) => fine("cargo-nextest", version),
        None => lacking(
            "cargo-nextest",
            "not here",
            "nothing to do: `cargo lab run` and `cargo lab test` fetch it, once",
        ),
    }
}

pub(super) fn git(root: &Path) -> Probe {
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
pub(super) fn dependencies(root: &Path) -> Probe {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

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
}
