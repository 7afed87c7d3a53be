//! What breaks things on purpose, and tells afterwards what it really broke.
//!
//! # The fault model
//!
//! A drill may claim that a system survives a fault only if the fault is one of these, happened, and was counted.
//!
//! | what may fail | how it fails here | module |
//! | --- | --- | --- |
//! | a process | it ends at any moment (`SIGKILL`), is asked to end (`SIGTERM`, `SIGINT`), freezes and goes on (`SIGSTOP`, `SIGCONT`) | [`process`] |
//! | a connection | bytes arrive late, slowly, in other pieces than they were sent, not at all for a while; it ends or is reset after any byte, or now | [`proxy`] |
//! | a resource | no descriptor, no memory, no room in a file, no permission | [`limits`] |
//!
//! What is assumed: the machine and its kernel work, the loopback loses nothing, files keep what was synced, the
//! clock of the machine runs forward. Everything runs on one Linux machine (5.3 or newer, with `/proc`), under any
//! user, and needs no privilege; as root there is one way more to take permission away.
//!
//! ```text
//!        ┌── drill ───────────────────────────────────────────────────────────┐
//!        │  control run: no fault ──► sound?        experiment: the fault     │
//!        │                                                                    │
//!        │   process ──► client ──── proxy ──── server ◄── process, limits    │
//!        │                 counters: descriptors, memory, threads             │
//!        └──────────────────────────────► verdict by table ──► Finding ───────┘
//! ```
//!
//! # Invariants of this crate
//!
//! - **Nothing outlives its owner.** Dropping a process kills its group, dropping a proxy joins its thread and closes
//!   its sockets, a drill that hangs has its processes killed, and so has a harness that is itself killed.
//! - **Nothing is unbounded**: output that is kept, connections, buffers, lives, timelines, every wait.
//! - **A fault counts only when it happened.** The proxy counts bytes that it delayed and connections that it cut, not
//!   toxics that were set; a drill whose fault did not happen is inconclusive.
//! - **Same seed, same faults.** Every random choice follows from one number ([`seed`]); the rules of the proxy take
//!   time and bytes as arguments and are the same function every time. What the kernel decides (scheduling, how many
//!   bytes a read returns) is not ours to repeat.
//! - **Only our own is harmed.** Signals go through a pidfd or to a group whose leader was not yet waited for, so a
//!   number that the kernel gave to somebody else is never hit.
//!
//! # What it cannot do
//!
//! - Below TCP nothing is broken: no packet is lost, repeated or reordered, the kernel's own retransmission and
//!   congestion control are not exercised. A blackhole is the nearest thing: it looks like a cut network that heals,
//!   except that the sender's kernel is acknowledged what the proxy's buffers took.
//! - The disk is not broken: no failed `fsync`, no torn or rotten sector, no power cut. `SIGKILL` loses what a process
//!   had not written, never what the page cache holds.
//! - The clock is not broken, and kernel faults (`ENOMEM` inside a system call, `EINTR` at will) are not injected.
//! - Frozen is not slow: a process either runs or does not.
//!
//! A production system would add a fault-injecting file system and network namespaces with `tc netem`, both of which
//! need privilege, and a deterministic simulation of the whole cluster, which comes with the protocol cores.

pub mod counters;
pub mod drill;
mod error;
pub mod limits;
mod locate;
pub mod process;
pub mod proxy;
pub mod seed;

pub use error::FaultError;
pub use locate::binary;
