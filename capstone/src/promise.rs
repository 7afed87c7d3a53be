//! Which verb arrives with which week. A promise is kept by deleting it here and building the verb.

/// A verb that is not there yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Promise {
    /// The verb, as typed.
    pub verb: &'static str,
    /// The week that brings it, 1 to 24.
    pub week: u8,
    /// The library of that week.
    pub library: &'static str,
}

/// Run a node of the cluster.
pub static SERVE: Promise = Promise { verb: "serve", week: 17, library: "documents" };
/// Issue a signed document under policy.
pub static ISSUE: Promise = Promise { verb: "issue", week: 17, library: "documents" };
/// Verify a document.
pub static VERIFY: Promise = Promise { verb: "verify", week: 17, library: "documents" };
/// Revoke a document or a key.
pub static REVOKE: Promise = Promise { verb: "revoke", week: 17, library: "documents" };
/// Put a document's digest into the transparency log and fetch its receipt.
pub static ANCHOR: Promise = Promise { verb: "anchor", week: 18, library: "anchoring" };
/// Pack a document with all the evidence that an offline verifier needs.
pub static BUNDLE: Promise = Promise { verb: "bundle", week: 19, library: "offline_bundle" };
/// Restore a node from a backup and prove that it continues the log.
pub static RESTORE: Promise = Promise { verb: "restore", week: 20, library: "chaos" };

/// All of them, in the order in which they will be kept.
pub static PROMISES: &[&Promise] = &[&SERVE, &ISSUE, &VERIFY, &REVOKE, &ANCHOR, &BUNDLE, &RESTORE];
