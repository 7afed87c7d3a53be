//! Learner mode: a workspace of one's own beside the reference, and the fast loop inside it.
//!
//! ```text
//! reference/                       workbench/                         (`cargo lab start 2`)
//!   Cargo.toml            ──▶        Cargo.toml      same dependencies, own version suffix, lints that bear stubs
//!   weeks/week-01-logger  ◀──link──  weeks/week-01-logger
//!   weeks/week-02-framing ──▶        weeks/week-02-framing            a real folder: holes are stubs, prompts are open
//!   harness               ◀──link──  harness                          the tools that judge; never the learner's
//!   target/               ◀─shared─  .cargo/config.toml               the `lab` alias, one build folder for both
//! ```
//!
//! The two are cargo workspaces of the same shape, so gate, drill, bench and verify need not know which one they
//! judge, and an editor needs nothing special. A week that the learner starts later replaces its link, and every
//! week that builds on it is from then on built on the learner's code.
//!
//! Invariants: what the learner wrote is never overwritten, only moved to a dated backup, and only under `--force`;
//! an interrupted start leaves the old state or the new one; nothing here counts progress: a day is green because its
//! tests are, and stays so only while the source that they ran on is unchanged.

pub mod check;
pub mod checks;
pub mod day;
pub mod deliverable;
pub mod hint;
pub mod manifest;
pub mod next;
pub mod place;
pub mod record;
pub mod start;
pub mod tree;
pub mod watch;
