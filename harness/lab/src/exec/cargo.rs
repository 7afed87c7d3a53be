//! Asks cargo to build, and where it put the result.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Pipe, stream};
use crate::error::{BUILD_FAILED, Failure};

/// A cold build on two slow cores takes minutes; an hour means that cargo hangs.
const BUILD_DEADLINE: Duration = Duration::from_secs(3600);

/// How much of a failed build's diagnostics is shown.
const DIAGNOSTICS_BYTES_MAX: usize = 16 * 1024;

/// An executable that cargo built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The package's name (`framing`).
    pub package: String,
    /// The target's kind: `bin`, `example`, `test`, `bench`, or `lib` for a library's unit tests.
    pub kind: String,
    /// The target's name (`echo-server`, `week-02-drill`, `gate`).
    pub name: String,
    /// Where it lies.
    pub exe: PathBuf,
}

/// Cargo, run in a workspace: the one that started us, without what it told us about the package `lab`.
pub fn cargo(root: &Path) -> Command {
    let mut cmd = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cmd.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            cmd.env_remove(&name);
        }
    }
    cmd.env("CARGO_TERM_COLOR", "never");
    cmd
}

/// Runs a cargo command that builds (`&["build", "-p", "framing", "--bins"]`) and returns every executable that it
/// names, fresh or not.
///
/// On failure the compiler's words are the failure's detail.
pub fn build(root: &Path, args: &[&str]) -> Result<Vec<Artifact>, Failure> {
    build_watched(root, args, &mut |_| {})
}

/// [`build`], which also names each crate that had to be compiled, as it is done.
pub fn build_watched(
    root: &Path,
    args: &[&str],
    on_compiled: &mut dyn FnMut(&str),
) -> Result<Vec<Artifact>, Failure> {
    let mut built = Vec::new();
    let mut cmd = cargo(root);
    cmd.args(args).arg("--message-format=json-render-diagnostics");
    let ran = stream(&mut cmd, BUILD_DEADLINE, &mut |pipe, line| {
        let message = (pipe == Pipe::Stdout).then(|| serde_json::from_str::<serde_json::Value>(line));
        let Some(Ok(message)) = message else { return };
        if message["reason"] != "compiler-artifact" {
            return;
        }
        if message["fresh"] == false {
            on_compiled(message["target"]["name"].as_str().unwrap_or("?"));
        }
        built.extend(artifact(&message));
    })?;
    if ran.ok() {
        return Ok(built);
    }
    let words = String::from_utf8_lossy(&ran.stderr);
    Err(Failure::new(&BUILD_FAILED, format!("`cargo {}`: {}", args.join(" "), ran.ending()))
        .with_detail(tail(&words, DIAGNOSTICS_BYTES_MAX)))
}

fn artifact(message: &serde_json::Value) -> Option<Artifact> {
    let exe = message["executable"].as_str()?;
    let target = &message["target"];
    Some(Artifact {
        package: package_of(message["package_id"].as_str()?).to_owned(),
        kind: target["kind"][0].as_str()?.to_owned(),
        name: target["name"].as_str()?.to_owned(),
        exe: PathBuf::from(exe),
    })
}

/// The name in a package id: `path+file:///x/week-02-framing#framing@0.1.0`, or `…/lab#0.1.0` where folder and
/// package have the same name.
fn package_of(id: &str) -> &str {
    let (place, last) = id.rsplit_once('#').unwrap_or((id, id));
    match last.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next().unwrap_or(place),
    }
}

/// The last `max` bytes of a text, from the beginning of a line.
pub(crate) fn tail(text: &str, max: usize) -> String {
    let text = text.trim_end();
    if text.len() <= max {
        return text.to_owned();
    }
    let from = text.len() - max;
    let start = text.bytes().skip(from).position(|b| b == b'\n').map_or(from, |at| from + at + 1);
    format!("[…]\n{}", text.get(start..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_ids_of_both_forms_are_understood() {
        assert_eq!(package_of("path+file:///c/weeks/week-02-framing#framing@0.1.0"), "framing");
        assert_eq!(package_of("path+file:///c/harness/lab#0.1.0"), "lab");
    }

    #[test]
    fn a_long_text_keeps_its_whole_last_lines() {
        assert_eq!(tail("aaa\nbbb\nccc\n", 5), "[…]\nccc");
        assert_eq!(tail("aaa\n", 5), "aaa");
    }
}
