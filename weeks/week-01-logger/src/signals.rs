//! Two signals that a well-behaved tool takes into its own hands.
//!
//! `SIGINT` and `SIGTERM` ask a program to end; one that is killed by them cannot finish its last line. `SIGXFSZ`
//! says that a file has reached the size limit of the process, and kills as well; with a handler in place, the write
//! returns an error instead, which has a code and a way out.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};

/// Whether somebody asked this process to end.
#[derive(Debug, Clone)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// From now on `SIGINT` and `SIGTERM` raise the flag instead of killing. A second signal of either kind kills,
    /// in case the program does not look.
    pub fn on_signals() -> io::Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // The order matters: on the first signal the flag is still down, so the default action is not taken.
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))?;
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(StopFlag(flag))
    }

    /// True once somebody asked.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// From now on a file that reaches the size limit of this process makes writes fail, instead of killing it.
pub fn fail_at_file_size_limit() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}
