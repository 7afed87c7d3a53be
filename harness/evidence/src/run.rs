//! How the harness talks to a process that it measures: a few environment variables, and files in return.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `LAB_FINDING` | where the process writes its [`Finding`] as JSON; without it, a summary goes to stdout |
//! | `LAB_FACTS` | where gate tests append facts, one JSON line each |
//! | `LAB_PROFILE` | `quick`, `default` (when unset) or `full`: how long to measure |
//! | `LAB_SEED` | the seed of every random choice |

use std::path::PathBuf;

use crate::{Fact, Finding};

/// How much time a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Smallest run that still proves the claim: for CI.
    Quick,
    /// The everyday run: seconds a measurement.
    Default,
    /// The long run: soaks and fine spreads.
    Full,
}

impl Profile {
    /// The profile asked for by the harness.
    pub fn current() -> Self {
        match std::env::var("LAB_PROFILE").as_deref() {
            Ok("quick") => Profile::Quick,
            Ok("full") => Profile::Full,
            _ => Profile::Default,
        }
    }

    /// One of three values, by profile.
    pub fn pick<T>(self, quick: T, default: T, full: T) -> T {
        match self {
            Profile::Quick => quick,
            Profile::Default => default,
            Profile::Full => full,
        }
    }
}

/// The seed asked for by the harness, or the given one.
pub fn seed_or(default: u64) -> u64 {
    std::env::var("LAB_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(default)
}

/// Hands a finding to the harness, or prints it for a person when there is none.
///
/// A finding that contradicts itself ([`Finding::check`]) is refused here, in the process that can still say why.
pub fn hand_back(finding: &Finding) -> std::io::Result<()> {
    finding.check().map_err(|why| std::io::Error::new(std::io::ErrorKind::InvalidData, why))?;
    match std::env::var_os("LAB_FINDING").map(PathBuf::from) {
        Some(path) => std::fs::write(path, serde_json::to_vec_pretty(finding)?),
        None => {
            println!("{}", serde_json::to_string_pretty(finding)?);
            Ok(())
        }
    }
}

/// From a gate test: backs a criterion with a number. Does nothing outside the harness.
pub fn fact(criterion: &str, fact: Fact) {
    use std::io::Write;
    let Some(path) = std::env::var_os("LAB_FACTS") else { return };
    let line = serde_json::json!({ "criterion": criterion, "fact": fact });
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    if let Ok(mut file) = file {
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}
