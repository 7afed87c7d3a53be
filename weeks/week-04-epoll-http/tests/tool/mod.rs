//! The real `http-get` process under test, and its log.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use faults::process::{Ended, Launch};
use serde::Deserialize;

/// Long enough for any machine, short enough for a hung tool to be noticed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// One record of a log, as week 1 defines it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) ts: String,
    pub(crate) level: String,
    pub(crate) node_id: String,
    pub(crate) request_id: Option<String>,
    pub(crate) latency_ms: Option<f64>,
    pub(crate) result: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) msg: String,
}

impl Record {
    pub(crate) fn result(&self) -> &str {
        self.result.as_deref().unwrap_or("")
    }

    pub(crate) fn code(&self) -> &str {
        self.error_code.as_deref().unwrap_or("")
    }

    pub(crate) fn id(&self) -> &str {
        self.request_id.as_deref().unwrap_or("")
    }
}

/// The records of a log file.
pub(crate) fn records(log: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    text.lines().map(read).collect()
}

/// Where cargo put the tool: a test is told at compile time, an example finds it beside itself.
fn program() -> PathBuf {
    option_env!("CARGO_BIN_EXE_http-get").map_or_else(|| faults::binary("http-get").unwrap(), PathBuf::from)
}

/// How `http-get` is started.
pub(crate) fn launch(url: &str, log: &Path, args: &[&str]) -> Launch {
    Launch::of(program()).arg(url).arg("--log").arg(log).args(args)
}

/// Runs `http-get` to its end.
pub(crate) fn http_get(url: &str, log: &Path, args: &[&str]) -> Ended {
    launch(url, log, args).spawn().unwrap().wait_with_deadline(DEADLINE).unwrap()
}

/// Asserts how the tool ended; its standard error is part of the failure.
pub(crate) fn assert_exit(ended: &Ended, code: i32) {
    assert_eq!(ended.code(), Some(code), "http-get's stderr: {}", ended.stderr_text());
}
