//! How the harness talks to a process that it measures: a few environment variables, and files in return.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `LAB_FINDING` | where the process writes its [`Finding`] as JSON; without it, a summary goes to stdout |
//! | `LAB_FACTS` | where gate tests append facts, one JSON line each |
//! | `LAB_PROFILE` | `quick`, `default` (when unset) or `full`: how long to measure |
//! | `LAB_SEED` | the seed of every random choice |

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{EvidenceError, Fact, Finding, RECORD_BYTES_MAX, Value, file};

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
pub fn hand_back(finding: &Finding) -> io::Result<()> {
    finding.check().map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
    match std::env::var_os("LAB_FINDING").map(PathBuf::from) {
        Some(path) => std::fs::write(path, serde_json::to_vec(finding)?),
        None => {
            println!("{}", serde_json::to_string_pretty(finding)?);
            Ok(())
        }
    }
}

/// For the harness: what [`hand_back`] wrote, read as strictly as a record, since the process is not trusted either.
pub fn read_finding(path: &Path) -> Result<Finding, EvidenceError> {
    let text = file::utf8(path, file::read_bounded(path, RECORD_BYTES_MAX)?)?;
    let malformed = |error: serde_json::Error| EvidenceError::Malformed {
        path: path.to_path_buf(),
        why: error.to_string(),
    };
    let finding: Finding = serde_json::from_str(&text).map_err(malformed)?;
    finding.check().map_err(|what| EvidenceError::Unsound { path: path.to_path_buf(), what })?;
    Ok(finding)
}

/// A line of the facts file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    criterion: String,
    fact: Fact,
}

/// From a gate test: backs a criterion with a number. Does nothing outside the harness.
///
/// # Panics
/// On a number that is not finite, or when the harness's file cannot be written: a gate whose facts get lost would
/// be recorded as one that had none.
pub fn fact(criterion: &str, fact: Fact) {
    if let Value::Real(real) = fact.value {
        assert!(real.is_finite(), "fact `{}` of `{criterion}` is {real}", fact.name);
    }
    if let Some(path) = std::env::var_os("LAB_FACTS").map(PathBuf::from) {
        let written = append(&path, &Line { criterion: criterion.into(), fact });
        assert!(written.is_ok(), "cannot append to LAB_FACTS, {}: {written:?}", path.display());
    }
}

/// One write in append mode, so that tests which run at the same time do not tear each other's lines.
fn append(path: &Path, line: &Line) -> io::Result<()> {
    use io::Write;
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(&text)
}

/// For the harness: what [`fact`] wrote, by criterion. No file means no facts. Of a fact that was given twice (a
/// test that was tried again) the last one counts.
pub fn read_facts(path: &Path) -> Result<BTreeMap<String, Vec<Fact>>, EvidenceError> {
    let bytes = match file::read_bounded(path, RECORD_BYTES_MAX) {
        Err(EvidenceError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let text = file::utf8(path, bytes)?;
    let mut facts: BTreeMap<String, Vec<Fact>> = BTreeMap::new();
    for (index, text) in text.lines().enumerate() {
        let Line { criterion, fact } = serde_json::from_str(text).map_err(|error| {
            EvidenceError::Malformed { path: path.to_path_buf(), why: format!("line {}: {error}", index + 1) }
        })?;
        let given = facts.entry(criterion).or_default();
        given.retain(|earlier| earlier.name != fact.name);
        given.push(fact);
    }
    Ok(facts)
}
