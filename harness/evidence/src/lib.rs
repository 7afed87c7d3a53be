//! What a proof is in this lab.
//!
//! # The problem
//! "The tests passed" is worth what the listener knows about it: which tests, of which code, on which machine, when,
//! and whether anything has been edited since. Numbers are worse: a latency without its distribution, its peer and
//! its seed is decoration. So whatever is shown anywhere in this course is derived from a **record**, and a record
//! carries all that a stranger needs to judge it.
//!
//! # The picture
//! ```text
//!   gate, drill, bench            the harness                              a stranger
//!   (a process of its own)
//!
//!   Finding ── hand_back ──▶  Record { finding, command, machine,    manifest::verify(dir)
//!   claim, criteria,                   commit, inputs } .seal()         every file fits the manifest,
//!   measurements, ratios                      │                         every record fits its digest
//!                                             ▼
//!                              evidence/week-02/gate.json ─┐           staleness(root, &record, …)
//!                              report.md, *.svg           ─┼▶ manifest    what has moved on since
//! ```
//!
//! # Invariants
//! - Nobody says `passed` over something that did not pass ([`verdict`]).
//! - A record is read strictly or not at all, and has one canonical byte form ([`canonical`], `SCHEMA.md`).
//! - A record is written whole or not at all ([`file::write_atomically`]), and never one that could not be read.
//! - *Tampered* (a digest does not fit) and *stale* (inputs have moved on) are never confused ([`stored`], [`inputs`]).
//! - A distribution is kept as buckets; quantiles are computed from it, never averaged ([`histogram`]).
//! - Nothing here reads or writes without a bound.
//!
//! # A record's life
//! ```
//! use evidence::manifest::{self, DerivedFrom};
//! use evidence::{Commit, Criterion, Environment, Finding, Kind, Record, Verdict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let evidence = dir.path();
//! # let environment = Environment {
//! #     os: "linux x86_64".into(), kernel: "6.1".into(), cpu: "some".into(), cores: 2, memory_bytes: 1 << 33,
//! #     rustc: "rustc 1.91.0".into(), nextest: "cargo-nextest 0.9".into(),
//! # };
//! # let commit = Commit { id: "none".into(), modified: Vec::new() };
//! let record = Record {
//!     schema: evidence::record::SCHEMA,
//!     id: "week-02/gate".into(),
//!     kind: Kind::Gate,
//!     workspace: "reference".into(),
//!     command: "cargo lab gate 2".into(),
//!     profile: "default".into(),
//!     started_at: "2026-01-31T08:00:00Z".into(),
//!     finished_at: "2026-01-31T08:00:02Z".into(),
//!     environment,
//!     commit,
//!     inputs: Vec::new(), // evidence::inputs::of_package(root, "weeks/week-02-framing", …)
//!     finding: Finding::of("any fragmentation decodes to the same frames")
//!         .criterion(Criterion::check("framing.splits", "every split of a stream", true, "")),
//!     digest: String::new(),
//! }
//! .seal();
//! let path = evidence.join("week-02/gate.json");
//! record.write(&path)?;
//! std::fs::write(evidence.join("week-02/report.md"), "# It holds\n")?;
//!
//! let from = vec!["week-02/gate".to_owned()];
//! manifest::write(evidence, &DerivedFrom::from([("week-02/report.md".into(), from)]))?;
//! assert_eq!(manifest::verify(evidence)?.records, ["week-02/gate"]);
//! assert_eq!(Record::read(&path)?.finding.verdict, Verdict::Passed);
//!
//! std::fs::write(evidence.join("week-02/report.md"), "# It fails\n")?;
//! let broken = manifest::verify(evidence).unwrap_err().to_string();
//! assert!(broken.contains("week-02/report.md has changed"), "{broken}");
//! # Ok(())
//! # }
//! ```
//!
//! # What a production system adds
//! Signatures: until week 15's transparency log, digests show accident and inconsistency, and a forger who recomputes
//! them all passes (`SCHEMA.md` says where the log will stand). Hermetic builds: an environment variable such as
//! `RUSTFLAGS` is not an input here. Attestation of the machine, which here is what the machine says of itself.

pub mod build;
pub mod canonical;
pub mod error;
pub mod file;
pub mod finding;
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
