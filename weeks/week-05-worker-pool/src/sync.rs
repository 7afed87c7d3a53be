//! Everything that two threads share is built from these names, and from no others.
//!
//! `tests/model.rs` compiles the same source files once more, with a module of this name that brings the types of loom:
//! there every lock, every wake and every atomic is a point at which the explorer may let another thread go first.

pub(crate) use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

/// How often a worker looks for work before it sleeps: some microseconds. To sleep and be woken takes some ten of them and two
/// system calls, and the next task is often there within one or two. Nothing is yielded in between: on a busy machine a
/// thread that yields comes back after everybody else's time slice, and one that sleeps is run as soon as it is woken.
pub(crate) const LOOKS_BEFORE_SLEEP: u32 = 200;

/// Lets the other hyperthread go on.
pub(crate) fn look_again() {
    std::hint::spin_loop();
}
