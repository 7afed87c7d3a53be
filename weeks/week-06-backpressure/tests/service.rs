//! A real `guarded-server`, and clients that write their bytes by hand. Claims about what a peer sees and an operator reads:
//! codes, order, stages, counts. Nothing here asks how long anything took.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "service/deadlines.rs"]
mod deadlines;
#[path = "service/egress.rs"]
mod egress;
#[path = "service/endings.rs"]
mod endings;
#[path = "service/guarded.rs"]
mod guarded;
#[path = "service/ladder.rs"]
mod ladder;
#[path = "service/quotas.rs"]
mod quotas;
#[path = "service/slow.rs"]
mod slow;
#[path = "../../week-03-event-loop/tests/wire/mod.rs"]
mod wire;
