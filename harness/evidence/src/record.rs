//! A record: a finding, and everything a stranger needs to judge it.

use serde::{Deserialize, Serialize};

use crate::Finding;

/// The version of the schema that this crate writes.
pub const SCHEMA: u32 = 2;

/// The oldest version that it still reads.
pub const SCHEMA_OLDEST: u32 = 1;

/// What kind of run made the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A weekly quality gate.
    Gate,
    /// A failure drill.
    Drill,
    /// A measurement beside a peer.
    Bench,
    /// A month's demo.
    Demo,
}

/// One proof, as it lies in the evidence folder (`evidence/week-02/gate.json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The schema version: [`SCHEMA`], or an older one that is still read.
    pub schema: u32,
    /// Where it belongs: `week-02/gate`, `month-1-demo/demo`. The file is `<id>.json`.
    pub id: String,
    /// What kind of run made it.
    pub kind: Kind,
    /// `reference` or `learner`: whose code was judged.
    pub workspace: String,
    /// The command that makes this record again.
    pub command: String,
    /// `quick`, `default` or `full`.
    pub profile: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// The machine and the tools.
    pub environment: Environment,
    /// The commit that was run.
    pub commit: Commit,
    /// The digest of every input, sorted by path.
    pub inputs: Vec<Input>,
    /// What was found.
    pub finding: Finding,
    /// `sha256:<hex>` over the canonical JSON of everything above.
    pub digest: String,
}

/// The machine and the tools of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// `linux x86_64`.
    pub os: String,
    /// Kernel release.
    pub kernel: String,
    /// CPU model name.
    pub cpu: String,
    /// Cores that the process may use.
    pub cores: u32,
    /// Physical memory.
    pub memory_bytes: u64,
    /// `rustc --version`.
    pub rustc: String,
    /// `cargo nextest --version`, first line.
    pub nextest: String,
}

/// The commit of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The commit id; `none` outside a repository.
    pub id: String,
    /// Inputs that differed from that commit, sorted; empty for a clean run.
    pub modified: Vec<String>,
}

/// One input of a run and what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Path below the workspace, `/`-separated. A `#` names a part of a file: `Cargo.lock#framing` is what the lock
    /// file says about all that `framing` reaches, `Cargo.toml#profile` how the workspace builds it,
    /// `weeks/week-02-framing/week.yaml#gate` one section of a week's data.
    pub path: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

impl Kind {
    /// All kinds, in the order in which a week is proved.
    pub const ALL: [Kind; 4] = [Kind::Gate, Kind::Drill, Kind::Bench, Kind::Demo];

    /// The word in the record and the stem of its file: `gate` is `gate.json`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Gate => "gate",
            Kind::Drill => "drill",
            Kind::Bench => "bench",
            Kind::Demo => "demo",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

/// Whether a text may be a record id: `<folder>/<kind>`, a folder of lower-case words, one of the four kinds.
pub fn is_id(id: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    id.split_once('/').is_some_and(|(folder, kind)| {
        let starts_with_letter = folder.starts_with(|first: char| first.is_ascii_lowercase());
        starts_with_letter && folder.bytes().all(word) && Kind::ALL.iter().any(|each| each.name() == kind)
    })
}
