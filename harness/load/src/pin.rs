//! Which core a thread runs on.
//!
//! Server and load on a core each disturb one another least, and a run is comparable with the one before it: otherwise
//! the scheduler decides anew every time who shares a cache with whom.

use std::sync::OnceLock;

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

/// The cores that this process was started with: what a thread may use that is tied already does not count.
fn cores_of_the_process() -> Result<&'static [usize], LoadError> {
    static CORES: OnceLock<Vec<usize>> = OnceLock::new();
    if let Some(known) = CORES.get() {
        return Ok(known);
    }
    let found = cores()?;
    Ok(CORES.get_or_init(|| found))
}

/// Ties this thread to the `nth` of the cores that the process was started with, counted around when there are fewer, also
/// if it is tied to another one. Threads and processes that it starts afterwards are tied to the same one: a process that
/// is to have a core of its own is started before, or from a thread that is tied to that core. With a single core nothing
/// is to be done, and `None` comes back; otherwise the core's number.
///
/// # Errors
/// [`LoadError::System`].
pub fn this_thread(nth: usize) -> Result<Option<usize>, LoadError> {
    let cores = cores_of_the_process()?;
    if cores.len() < 2 {
        return Ok(None);
    }
    let core = cores[nth % cores.len()];
    tie_to(&[core])?;
    Ok(Some(core))
}

/// Lets this thread run on any core again that the process was started with.
///
/// # Errors
/// [`LoadError::System`].
pub fn untie() -> Result<(), LoadError> {
    tie_to(cores_of_the_process()?)
}

fn tie_to(cores: &[usize]) -> Result<(), LoadError> {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    sched_setaffinity(None, &set).map_err(|e| LoadError::system(format!("moving to cores {cores:?}"), e))
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

    #[test]
    fn a_tied_thread_can_move_to_another_core_and_be_free_again() {
        let all = cores().unwrap();
        std::thread::spawn(move || {
            for nth in [0, 1, 0] {
                if let Some(core) = this_thread(nth).unwrap() {
                    assert_eq!(cores().unwrap(), [core]);
                    assert_eq!(core, all[nth % all.len()]);
                }
            }
            untie().unwrap();
            assert_eq!(cores().unwrap(), all);
        })
        .join()
        .unwrap();
    }
}
