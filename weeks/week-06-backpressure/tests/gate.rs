//! The gate of week 6. Claim: under overload the service degrades step by step as predicted, and memory stays bounded.
//!
//! Every test runs the real `guarded-server` process and asks it over real sockets. Nothing is decided by how long
//! something took: what counts is who was answered, who was refused under which code, and what the server says it did.
//! How this gate could be fooled: by a server that refuses everybody, who is easily stable (so there are always some
//! who have to be answered); by a load that is none (so the worker is held where a queue has to be full, and what is
//! offered is a multiple of what this server was just seen to answer); by requests that vanish (so the clients' counts
//! and the server's are added up on both sides, and have to agree); by refusals that are no help (so their codes and
//! pauses are read from the wire); by a ladder that stays up (so it is seen to come down, and to serve what it shed);
//! by memory that is only promised (so it is read from the kernel); and by expectations that follow the outcome (so
//! those of the stress tests stand in `fixtures/stress.yaml`, which was there before).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "gate/deadlines.rs"]
mod deadlines;
#[path = "gate/egress.rs"]
mod egress;
#[path = "gate/guarded.rs"]
mod guarded;
#[path = "gate/holder.rs"]
mod holder;
#[path = "gate/ladder.rs"]
mod ladder;
#[path = "gate/memory.rs"]
mod memory;
#[path = "../benches/patient.rs"]
mod patient;
#[path = "gate/quotas.rs"]
mod quotas;
#[path = "gate/scenarios.rs"]
mod scenarios;
#[path = "gate/shutdown.rs"]
mod shutdown;
#[path = "gate/stress.rs"]
mod stress;
#[path = "../../week-03-event-loop/tests/wire/mod.rs"]
mod wire;
