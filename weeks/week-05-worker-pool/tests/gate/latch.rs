//! A door at which tasks stop until the test opens it: how a worker is held for as long as it takes.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use crate::wire::DEADLINE;

/// Clones are the same door.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latch(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    entered: usize,
    open: bool,
}

impl Latch {
    /// A task comes to the door, and goes on once it is open.
    pub(crate) fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.entered += 1;
        changed.notify_all();
        let until = Instant::now() + 2 * DEADLINE;
        while !state.open {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "nobody opens the latch");
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until so many tasks have come.
    pub(crate) fn wait_entered(&self, tasks: usize) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        let until = Instant::now() + DEADLINE;
        while state.entered < tasks {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {tasks} tasks have come to the latch", state.entered);
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Lets everybody pass, for good.
    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }
}
