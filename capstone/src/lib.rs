//! CivicTrust: documents that stay verifiable when their issuer cannot be trusted, or reached.
//!
//! # The problem
//!
//! A town issues a residence certificate. The holder shows it years later, to an office in another country. That office
//! has to answer four questions, and may not have to trust the town's server for any of them:
//!
//! 1. *Did the town issue this, and is it unchanged?* A signature over canonical bytes answers that (weeks 7, 8, 17).
//! 2. *Was it issued in the open?* A town that can sign in secret can also backdate. An entry in an append-only log,
//!    proved by a handful of hashes under a signed checkpoint, answers that (weeks 14, 15, 18).
//! 3. *Does everyone see the same log?* Witnesses cosign what they have checked, and monitors compare notes
//!    (week 16).
//! 4. *Is it still valid?* Expiry, revocation and freshness, under a stated policy of time (weeks 17 to 19).
//!
//! The evidence for all four travels with the document, so that the answer needs no network.
//!
//! # The picture
//!
//! ```text
//!                    issue                       append                    follow
//!   registrar ───────────────▶ ┌───────────────┐ ──────▶ ┌──────────────┐ ◀────── monitors
//!                              │ three nodes:  │         │ transparency │         compare notes
//!   holder    ◀─────────────── │ policy, state │ ◀────── │ log: tiles,  │ ──────▶ witnesses
//!        document + receipt    │ log, quorum   │ receipt │ checkpoints  │         cosign
//!                              └───────────────┘         └──────────────┘
//!   verifier  ◀── one file from the holder; keys and trust roots of its own; no network
//! ```
//!
//! # Invariants
//!
//! - A document is final only when its digest is in the log and the receipt is in hand; until then its status says so.
//! - One request has at most one effect, through every crash, retry and change of leader.
//! - Policy decides before a key is used. A signature that should not exist cannot be unmade, only revoked.
//! - A verifier that lacks a piece of evidence answers `unverified`. There is no partial yes.
//! - The log only grows, and each checkpoint proves that it extends the one before.
//!
//! # What stands today
//!
//! The capstone is composed from the weeks, and the weeks are built one after another. A verb whose weeks are still to come
//! answers with [`NOT_YET`] and does nothing else; [`promise`] lists which week brings which verb, and a test fails as
//! soon as such a week is built while its verb still waits.
//!
//! # What a production system adds
//!
//! Keys in hardware, several sites and an operations team; and a legal basis, without which a registry is a hobby. The
//! seams for the first two are planned: the replicated state may live in etcd, tiles and blobs in an object store.

pub mod error;
pub mod promise;

pub use error::{CATALOG, CivicError, NOT_YET};
