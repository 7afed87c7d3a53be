//! Deadlines: how late they are told, and what they cost beside a heap and beside a scan.

mod cost;
mod heap;
mod lateness;

use std::io;

use evidence::Finding;
use evidence::run::Profile;

/// Adds what was measured about timers.
pub(crate) fn measure(finding: Finding, profile: Profile, seed: u64) -> io::Result<Finding> {
    let finding = lateness::measure(finding, profile, seed)?;
    Ok(cost::measure(finding, profile, seed))
}
