//! The gate of week 3. Claim: more than fifty clients are served within their bounds, and no descriptor is left over after
//! twenty thousand connections of churn.
//!
//! Every test runs the real `loop-server` process under load from real sockets; only the order in which the loop turns to
//! its clients is watched from inside. How this gate could be fooled: by threads (so they are counted), by a churn of
//! polite clients (so every kind of death has its count), by a server that sheds what it cannot serve (so every request is
//! counted as answered, wrong or failed, and every byte of every answer is compared), by memory that is only promised (so
//! it is read from the kernel), by a client that shares the library's mistakes (the load generator knows no week).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "gate/bounds.rs"]
mod bounds;
#[path = "gate/churn.rs"]
mod churn;
#[path = "gate/crowd.rs"]
mod crowd;
#[path = "gate/descriptors.rs"]
mod descriptors;
#[path = "gate/fairness.rs"]
mod fairness;
#[path = "gate/kills.rs"]
mod kills;
#[path = "gate/same.rs"]
mod same;
mod wire;

use load::GroupOutcome;

/// Every request was answered, and every answer was right.
fn assert_all_answered(group: &GroupOutcome) {
    assert_eq!(group.corrupt_total(), 0, "{}: wrong answers: {:?}", group.name, group.corrupt);
    assert_eq!(
        (group.errors_total(), group.replies),
        (0, group.requests),
        "{}: errors {:?}, ends {:?}, refusals {:?}",
        group.name,
        group.errors,
        group.ends,
        group.refusals
    );
    assert!(group.replies > 0, "{}: nobody asked anything", group.name);
}
