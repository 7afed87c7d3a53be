//! Processor time that a process used: what a request really cost, whoever was waiting for whom.

use std::fs;
use std::time::Duration;

use crate::LoadError;

/// Time in user and kernel mode so far, of all threads of the process, also of those that have ended
/// (`/proc/<pid>/stat`, fields 14 and 15, see proc(5)).
///
/// The kernel counts in ticks, of which there are a hundred a second: take the difference over seconds, not over one
/// short slot.
///
/// # Errors
/// The process is gone.
pub fn time_of(pid: u32) -> Result<Duration, LoadError> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(|e| LoadError::system(format!("reading {path}"), e))?;
    let ticks = ticks(&text).ok_or(LoadError::Proc { path, field: "utime and stime" })?;
    let a_second = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / a_second)))
}

fn ticks(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses, and a name may hold spaces and parentheses itself.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_moves_no_field() {
        let rest = " S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1";
        assert_eq!(ticks(&format!("42 (plain){rest}")), Some(300));
        assert_eq!(ticks(&format!("42 (a) R 1 (b){rest}")), Some(300));
        assert_eq!(ticks("42 (short) S 1"), None);
    }

    #[test]
    fn work_shows_up_as_time_and_a_process_that_is_gone_is_an_error() {
        let me = std::process::id();
        let before = time_of(me).unwrap();
        // Work until the counter moves: it does, or this loop is ended by the runner's deadline.
        let mut sum = 0_u64;
        while time_of(me).unwrap() == before {
            sum = (0..100_000).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
        }
        assert!(time_of(u32::MAX / 2).unwrap_err().to_string().contains("/proc/2147483647/stat"));
    }
}
