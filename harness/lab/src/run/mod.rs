//! Makes records: runs gates, drills and measurements as processes, and wraps what they hand back.
//!
//! ```text
//!   build once ──▶ gate (nextest) ──▶ drill (its own process) ──▶ bench (its own process, release)
//!                       │                     │                            │
//!                       └─────────── Finding ─┴────────────┬───────────────┘
//!                                                          ▼
//!          machine, commit, inputs ─────────────▶ sealed Record ──▶ evidence/week-NN/<kind>.json
//! ```
//!
//! Invariants: a process that hands back nothing, or something that contradicts itself, never makes a record of a
//! pass; a verdict of `failed` is a record like any other, because a failure on record is worth more than a gap; every
//! child has a deadline; a record is written whole or not at all.

pub mod build;
mod commit;
pub mod environment;
pub mod freshness;
pub mod gate;
mod inputs;
pub mod lock;
pub mod process;
pub mod seal;
pub mod session;
pub mod summary;
mod unfinished;
pub mod unlock;

pub use freshness::{Freshness, week_of};
pub use seal::{Run, Scribe};
pub use session::{Options, Session};
