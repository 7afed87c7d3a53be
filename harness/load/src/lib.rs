//! Load on a server that speaks frames, and the servers that ours are compared with.

pub mod cpu;
mod engine;
mod error;
mod outcome;
pub mod peers;
pub mod pin;
mod plan;
mod socket;
mod strange;
mod wire;

pub use engine::Load;
pub use error::LoadError;
pub use outcome::{Corruption, ErrorClass, GroupOutcome, Interval, LATENCY_NS_MAX, Outcome};
pub use plan::{
    CONNECTIONS_MAX, DEPTH_MAX, Group, INTERVALS_MAX, OPEN_IN_FLIGHT_MAX, OPENING_BYTES_MAX,
    PAYLOAD_BYTES_MAX, Pace, Plan, REQUESTS_PER_SECOND_MAX, Role,
};
pub use wire::Dialect;

/// Carries out a plan: connects, warms up, pulls for its duration, waits for the last replies.
///
/// # Errors
/// As [`Load::connect`] and [`Load::run_for`].
pub fn run(plan: &Plan) -> Result<Outcome, LoadError> {
    let mut load = Load::connect(plan.clone())?;
    if !plan.warm_up.is_zero() {
        load.run_for(plan.warm_up)?;
        load.reset();
    }
    load.run_for(plan.duration)?;
    Ok(load.outcome())
}
