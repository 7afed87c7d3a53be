//! The bound on connections: so many places, each held by the thread that serves.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A fixed number of places.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    taken: Arc<(Mutex<usize>, Condvar)>,
    max: usize,
}

/// One place. Dropping it gives it back, and so does a panic.
#[derive(Debug)]
pub(super) struct Slot {
    taken: Arc<(Mutex<usize>, Condvar)>,
}

impl Slots {
    pub(super) fn new(max: usize) -> Self {
        Slots { taken: Arc::default(), max }
    }

    /// A place, if one is free.
    pub(super) fn try_take(&self) -> Option<Slot> {
        let mut taken = lock(&self.taken.0);
        if *taken == self.max {
            return None;
        }
        *taken += 1;
        Some(Slot { taken: Arc::clone(&self.taken) })
    }

    /// Waits until all places are free, at most until `deadline`; says how many are still held.
    pub(super) fn wait_until_free(&self, deadline: Instant) -> usize {
        let (mutex, freed) = &*self.taken;
        let mut taken = lock(mutex);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if *taken == 0 || left.is_zero() {
                return *taken;
            }
            taken = freed.wait_timeout(taken, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *lock(&self.taken.0) -= 1;
        self.taken.1.notify_all();
    }
}

/// A counter cannot be left half-changed, so a poisoned lock is as good as any other.
fn lock(mutex: &Mutex<usize>) -> MutexGuard<'_, usize> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn there_are_exactly_as_many_places_as_were_asked_for() {
        let slots = Slots::new(2);
        let first = slots.try_take().unwrap();
        let second = slots.try_take();
        assert!(second.is_some());
        assert!(slots.try_take().is_none());
        drop(first);
        assert!(slots.try_take().is_some());
    }

    #[test]
    fn a_panicking_holder_gives_its_place_back() {
        let slots = Slots::new(1);
        let slot = slots.try_take().unwrap();
        let panicked = std::thread::spawn(move || {
            let _held = slot;
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert!(slots.try_take().is_some());
    }

    #[test]
    fn waiting_ends_when_the_last_place_is_free_or_the_deadline_passes() {
        let slots = Slots::new(1);
        let slot = slots.try_take().unwrap();
        assert_eq!(slots.wait_until_free(Instant::now()), 1);
        let holder = std::thread::spawn(move || drop(slot));
        assert_eq!(slots.wait_until_free(Instant::now() + Duration::from_secs(30)), 0);
        holder.join().unwrap();
    }
}
