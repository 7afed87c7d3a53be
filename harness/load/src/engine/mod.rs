//! One thread that pulls.
//!
//! ```text
//!    connect ──► push_for(time) ──► drain ──► push_for … ──► outcome
//!                │ requests leave    │ replies of what is in flight
//! ```

mod connect;
mod link;
mod load;
mod run;
mod schedule;
mod slot;
mod tally;
mod turn;

pub use load::Load;
