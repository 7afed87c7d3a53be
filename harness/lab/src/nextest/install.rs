//! Finds cargo-nextest, and fetches it through cargo when it is missing.
//!
//! It is installed below `target/tools` and not into the user's cargo home: deleting `target/` takes it away again,
//! and no version that the user chose is replaced.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::error::{Failure, NEXTEST_MISSING};
use crate::exec::{Pipe, cargo::tail, run, stream};

/// The version that is fetched: one that this lab was tried with, and that builds with our `rust-version`.
pub const VERSION: &str = "0.9.151";

/// An install compiles some 400 crates.
const INSTALL_DEADLINE: Duration = Duration::from_secs(3600);

/// Where nextest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nextest {
    /// On the PATH, as a subcommand of cargo.
    OfCargo,
    /// Fetched by us.
    Own(PathBuf),
}

/// Where our own copy lies: below the target folder of the reference, which a learner's workspace shares (its
/// `harness` is a link there).
fn tools(root: &Path) -> PathBuf {
    let reference =
        root.join("harness").canonicalize().ok().and_then(|real| real.parent().map(Path::to_path_buf));
    reference.unwrap_or_else(|| root.to_path_buf()).join("target/tools")
}

fn own(root: &Path) -> PathBuf {
    tools(root).join("bin/cargo-nextest")
}

/// Finds nextest; the answer is kept for the life of this process.
pub fn find(root: &Path) -> Result<Nextest, Failure> {
    static FOUND: OnceLock<Nextest> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let found = if version_of(crate::exec::cargo::cargo(root).arg("nextest")).is_some() {
        Nextest::OfCargo
    } else if version_of(Command::new(own(root)).arg("nextest")).is_some() {
        Nextest::Own(own(root))
    } else {
        return Err(Failure::new(&NEXTEST_MISSING, "cargo-nextest is not installed"));
    };
    Ok(FOUND.get_or_init(|| found).clone())
}

/// The first line of `cargo nextest --version`, wherever it is.
pub fn version(root: &Path) -> Option<String> {
    let mut cmd = super::command(root).ok()?;
    version_of(&mut cmd)
}

fn version_of(cmd: &mut Command) -> Option<String> {
    let ran = run(cmd.arg("--version"), Duration::from_secs(30)).ok().filter(|ran| ran.ok())?;
    Some(String::from_utf8_lossy(&ran.stdout).lines().next()?.to_owned())
}

/// Fetches and builds nextest below `target/tools`; each line that cargo says goes to `on_line`.
pub fn fetch(root: &Path, on_line: &mut dyn FnMut(&str)) -> Result<(), Failure> {
    let mut cmd = crate::exec::cargo::cargo(root);
    cmd.args(["install", "cargo-nextest", "--locked", "--no-default-features", "--version", VERSION])
        .arg("--root")
        .arg(tools(root))
        // The default place is a folder in the system's temporary files, which may be small and in memory.
        .arg("--target-dir")
        .arg(tools(root).join("build"));
    let ran = stream(&mut cmd, INSTALL_DEADLINE, &mut |pipe, line| {
        if pipe == Pipe::Stderr {
            on_line(line.trim());
        }
    })?;
    if !ran.ok() {
        let words = tail(&String::from_utf8_lossy(&ran.stderr), 4096);
        let what = format!("cargo install cargo-nextest: {}", ran.ending());
        return Err(Failure::new(&NEXTEST_MISSING, what).with_detail(words));
    }
    // The tool is one file; what it was built from is hundreds of megabytes.
    let _ = std::fs::remove_dir_all(tools(root).join("build"));
    Ok(())
}
