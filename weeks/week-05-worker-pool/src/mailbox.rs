//! The way back: results for the loop, and the bell that wakes it.
//!
//! ```text
//!   worker                                        loop
//!   post: lock, was it empty? push, unlock        woken: silence the bell, then collect
//!         └─ it was: ring                                └─ lock, take everything, unlock
//! ```
//!
//! One ring stands for any number of results. It is silenced *before* the box is emptied: a result that comes in between
//! finds an empty box or its own kind in it, and in either case is collected now or rings again. The other order would
//! silence the ring of a result that nobody has collected, and the loop would sleep on it.

use crate::sync::{Mutex, PoisonError};

/// Wakes the loop. Any number of rings before it looks are one.
pub trait Bell {
    /// Rings. Never waits.
    fn ring(&self);
}

impl Bell for event_loop::Waker {
    fn ring(&self) {
        self.wake();
    }
}

/// A bell that is hung up later: a loop can be woken only once it is there, and a pool is there before it.
impl<B: Bell> Bell for std::sync::OnceLock<B> {
    fn ring(&self) {
        if let Some(bell) = self.get() {
            bell.ring();
        }
    }
}

/// Results that were not collected yet.
///
/// It holds at most what was accepted and not collected, so whoever bounds that bounds this.
#[derive(Debug)]
pub struct Mailbox<R, B> {
    results: Mutex<Vec<R>>,
    bell: B,
}

impl<R, B: Bell> Mailbox<R, B> {
    /// An empty one.
    pub fn new(bell: B) -> Self {
        Mailbox { results: Mutex::new(Vec::new()), bell }
    }

    /// The bell.
    pub fn bell(&self) -> &B {
        &self.bell
    }

    // ANCHOR: post
    /// Adds a result.
    pub fn post(&self, result: R) {
        // lab:hole worker-pool.ring-once
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = results.is_empty();
        results.push(result);
        drop(results);
        if was_empty {
            self.bell.ring();
        }
        // lab:stub todo!("worker-pool.ring-once: ring for the first result in an empty box, and for no other")
        // lab:end
    }
    // ANCHOR_END: post

    /// Takes everything. To be called after the bell was silenced.
    pub fn collect(&self) -> Vec<R> {
        std::mem::take(&mut *self.results.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
