//! Everything that two threads share is built from these names, and from no others.
//!
//! `tests/model.rs` compiles the same source files once more, with a module of this name that brings the types of loom:
//! there every lock, every wake and every atomic is a point at which the explorer may let another thread go first.

pub(crate) use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

/// How often a worker looks for work before it sleeps. To sleep and be woken takes some ten microseconds and two system
/// calls; the next task is often there within one or two.
pub(crate) const LOOKS_BEFORE_SLEEP: u32 = SPINS + 16;

/// So many of these looks follow each other at once, for some microseconds. Between the others the core is offered to
/// whoever wants it: on a busy machine a worker that spins takes time from the one who would give it work.
const SPINS: u32 = 128;

/// What happens between a look in vain and the next one.
pub(crate) fn look_again(look: u32) {
    if look < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
}
