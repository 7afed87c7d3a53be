//! Which core a thread runs on.
//!
//! Server and load on a core each disturb one another least, and a run is comparable with the one before it: otherwise
//! the scheduler decides anew every time who shares a cache with whom.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::LoadError;

/// The cores that this thread may use, in ascending order.
///
/// # Errors
/// [`LoadError::System`].
pub fn cores() -> Result<Vec<usize>, LoadError> {
    let allowed =
        sched_getaffinity(None).map_err(|e| LoadError::system("asking for the allowed cores", e))?;
    Ok((0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect())
}

/// Ties this thread to the `nth` of its allowed cores, counted around when there are fewer. Threads and processes that
/// it starts afterwards are tied to the same one. With a single core nothing is to be done, and `None` comes back;
/// otherwise the core's number.
///
/// # Errors
/// [`LoadError::System`].
pub fn this_thread(nth: usize) -> Result<Option<usize>, LoadError> {
    let cores = cores()?;
    if cores.len() < 2 {
        return Ok(None);
    }
    let core = cores[nth % cores.len()];
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).map_err(|e| LoadError::system(format!("moving to core {core}"), e))?;
    Ok(Some(core))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_was_tied_to_a_core_has_that_one_only_and_the_count_goes_around() {
        let all = cores().unwrap();
        for nth in [0, all.len() - 1, all.len()] {
            // A thread of its own for each: a tie holds for the rest of the thread's life.
            let (tied, left) =
                std::thread::spawn(move || (this_thread(nth).unwrap(), cores().unwrap())).join().unwrap();
            match tied {
                Some(core) => assert_eq!((core, left), (all[nth % all.len()], vec![core])),
                None => assert_eq!(left.len(), 1),
            }
        }
    }
}
