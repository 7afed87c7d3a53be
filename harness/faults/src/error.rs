//! What can go wrong in the harness itself, as opposed to the process that it breaks.

use std::path::PathBuf;
use std::time::Duration;

/// A failure of the harness, or of a process to do in time what the harness waited for.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// A binary of the week is not where cargo puts it.
    #[error("`{name}` is not built: looked in {}; run `cargo build --bin {name}` first", list(.looked_in))]
    NotBuilt {
        /// The binary's name.
        name: String,
        /// Every folder that was searched.
        looked_in: Vec<PathBuf>,
    },
    /// The process could not be started at all.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {} ms{}", .waited.as_millis(), tail(.stderr))]
    Deadline {
        /// What was awaited.
        what: String,
        /// How long.
        waited: Duration,
        /// The end of the process's stderr, where a process was involved.
        stderr: String,
    },
    /// The process ended while something was awaited from it.
    #[error("{what} cannot happen any more ({status}){}", tail(.stderr))]
    Ended {
        /// What was awaited.
        what: String,
        /// How the process ended.
        status: String,
        /// The end of its stderr.
        stderr: String,
    },
    /// A system call of the harness failed.
    #[error("{what}: {source}")]
    System {
        /// What was attempted, naming the thing.
        what: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A file under `/proc` was not in the expected form.
    #[error("{path} has no usable `{field}`")]
    Proc {
        /// The file.
        path: String,
        /// The field.
        field: &'static str,
    },
}

impl FaultError {
    /// A failed system call, with what was attempted.
    pub(crate) fn system(what: impl Into<String>, source: impl Into<std::io::Error>) -> Self {
        FaultError::System { what: what.into(), source: source.into() }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn tail(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; its stderr ends:\n{stderr}") }
}
