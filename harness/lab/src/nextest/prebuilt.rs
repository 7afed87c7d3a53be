//! Test binaries that are built once and run many times, without asking cargo again.
//!
//! Two cargo calls a gate cost half a second where the gate itself takes a tenth; and cargo, asked for another set of
//! packages, may choose other features and build everything anew. So the build is asked for once, for all weeks, and
//! each run is given nextest's own description of what was built.

use std::path::Path;

use tempfile::TempDir;

use super::{TestOutcome, command, run_args};
use crate::error::{BUILD_FAILED, EVIDENCE_FILE, Failure, NEXTEST_FAILED};
use crate::exec::cargo::{cargo, tail};
use crate::exec::{Pipe, run, stream};
use crate::run::environment::host;

/// A test that hangs is ended by nextest after four of these periods, since a gate may do a thing many thousand times; a workspace's own `.config/nextest.toml` wins.
const NEXTEST_CONFIG: &str =
    "[profile.default]\nslow-timeout = { period = \"60s\", terminate-after = 4, grace-period = \"2s\" }\n";

/// A cold build takes minutes; an hour means that cargo hangs.
const BUILD_DEADLINE: std::time::Duration = std::time::Duration::from_secs(3600);

/// How long cargo may take to describe a workspace.
const METADATA_DEADLINE: std::time::Duration = std::time::Duration::from_secs(120);

/// What was built, as nextest and cargo describe it.
#[derive(Debug)]
pub struct Prebuilt {
    folder: TempDir,
}

impl Prebuilt {
    /// Builds the test binaries that cargo's arguments select (`&["-p", "framing", "--test", "gate"]`), naming each
    /// crate that has to be compiled.
    pub fn build(
        root: &Path,
        selection: &[&str],
        on_compiled: &mut dyn FnMut(&str),
    ) -> Result<Self, Failure> {
        let folder =
            TempDir::with_prefix("lab-nextest-").map_err(|e| Failure::new(&EVIDENCE_FILE, e.to_string()))?;
        let keep = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes)
                .map_err(|e| Failure::new(&EVIDENCE_FILE, format!("{}: {e}", path.display())))
        };
        let mut list = command(root)?;
        list.args(["list", "--color", "never", "--list-type", "binaries-only", "--message-format", "json"]);
        let built = stream(list.args(selection), BUILD_DEADLINE, &mut |pipe, line| {
            if pipe == Pipe::Stderr
                && let Some(what) = line.trim_start().strip_prefix("Compiling ")
            {
                on_compiled(what.split(' ').next().unwrap_or(what));
            }
        })?;
        if !built.ok() {
            let words = tail(&String::from_utf8_lossy(&built.stderr), 16 * 1024);
            let code = if built.status.code() == Some(101) { &BUILD_FAILED } else { &NEXTEST_FAILED };
            let what = format!("building the tests of `{}`: {}", selection.join(" "), built.ending());
            return Err(Failure::new(code, what).with_detail(words));
        }
        keep("binaries.json", &built.stdout)?;
        let mut metadata = cargo(root);
        metadata.args(["metadata", "--format-version", "1"]);
        // Without this cargo fetches what only other platforms need, which fails without a network.
        if let Some(host) = host(root) {
            metadata.args(["--filter-platform", &host]);
        }
        let described = run(&mut metadata, METADATA_DEADLINE)?;
        if !described.ok() {
            let words = tail(&String::from_utf8_lossy(&described.stderr), 4096);
            return Err(Failure::new(&BUILD_FAILED, format!("cargo metadata: {}", described.ending()))
                .with_detail(words));
        }
        keep("cargo.json", &described.stdout)?;
        keep("nextest.toml", NEXTEST_CONFIG.as_bytes())?;
        Ok(Prebuilt { folder })
    }

    /// Runs those of the tests that match a filterset (`package(=framing) & binary(=gate)`).
    pub fn run(
        &self,
        root: &Path,
        filter: &str,
        env: &[(&str, &str)],
        on_test: &mut dyn FnMut(&TestOutcome),
    ) -> Result<Vec<TestOutcome>, Failure> {
        let file = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let (binaries, metadata) = (file("binaries.json"), file("cargo.json"));
        let config = format!("lab:{}", file("nextest.toml"));
        let args = ["--binaries-metadata", &binaries, "--cargo-metadata", &metadata];
        run_args(root, &[&args[..], &["--tool-config-file", &config, "-E", filter]].concat(), env, on_test)
    }
}
