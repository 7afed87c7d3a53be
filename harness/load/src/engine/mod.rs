//! One thread that pulls.
//!
//! ```text
//!    connect ──► push_for(time) ──► drain ──► push_for … ──► outcome
//!                │ requests leave    │ replies of what is in flight
//! ```

mod link;
mod load;
mod run;
mod slot;
mod tally;

pub use load::Load;
