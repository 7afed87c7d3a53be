//! What breaks things on purpose.

pub mod counters;
pub mod drill;
mod error;
pub mod limits;
mod locate;
pub mod process;
pub mod proxy;
pub mod seed;

pub use error::FaultError;
pub use locate::binary;
