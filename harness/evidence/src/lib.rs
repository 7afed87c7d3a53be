//! What a proof is.
//!
//! A gate, drill, measurement or demo runs as a process of its own and hands back a [`Finding`]: what was
//! claimed, the verdict per criterion, what was measured. The harness wraps the finding into a [`Record`]: the
//! command, the machine, the commit, and the digest of every input. A record is closed by a digest over its own
//! canonical bytes, so a stranger can tell a changed record from a true one, and a true one from a stale one.

pub mod build;
pub mod canonical;
pub mod error;
pub mod file;
pub mod finding;
pub mod hgrm;
pub mod histogram;
pub mod inputs;
mod layout;
pub mod manifest;
pub mod record;
pub mod run;
pub mod stored;
pub mod verdict;

pub use error::{Class, EvidenceError};
pub use finding::{
    Criterion, DrillAccount, Fact, Finding, Measurement, Ratio, Series, Trial, Value, Verdict,
};
pub use histogram::Histogram;
pub use inputs::{Stale, staleness};
pub use record::{Commit, Environment, Input, Kind, Record};
pub use stored::RECORD_BYTES_MAX;
