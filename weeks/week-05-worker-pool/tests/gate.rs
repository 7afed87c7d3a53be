//! The gate of week 5. Claim: overload takes one deterministic path, and a graceful shutdown loses no accepted task.
//!
//! What a client can see is tested on the real `pool-server` process, over real sockets. What it cannot see, such as
//! which thread is busy, is tested on the same pool in this process, with tasks that run until the test lets them go.
//! How this gate could be fooled: by workers that are faster than the test (so they are held, and the test waits until
//! it sees them held), by a queue that is full only roughly (so the refused ones are counted, and compared byte for
//! byte with a second run), by a server that accepts nothing and thus loses nothing (so accepted, answered and refused
//! are each counted by their own side, and have to come), by a task that ends twice or as somebody else (so each end is
//! counted by its number), by answers that are in order because one worker made them (so the first one is held until
//! the others are made), and by a shutdown that meets an idle pool (so the signal comes after a number of answers that
//! the dice chose, under load).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "gate/bound.rs"]
mod bound;
#[path = "gate/budgets.rs"]
mod budgets;
#[path = "gate/fairness.rs"]
mod fairness;
#[path = "gate/here.rs"]
mod here;
#[path = "gate/instruments.rs"]
mod instruments;
#[path = "gate/latch.rs"]
mod latch;
#[path = "gate/order.rs"]
mod order;
#[path = "gate/overload.rs"]
mod overload;
#[path = "gate/panics.rs"]
mod panics;
#[path = "gate/piece.rs"]
mod piece;
#[path = "gate/processes.rs"]
mod processes;
#[path = "gate/same.rs"]
mod same;
#[path = "gate/shutdown.rs"]
mod shutdown;
mod wire;
