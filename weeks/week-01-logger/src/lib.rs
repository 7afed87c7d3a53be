//! A structured log whose appends are atomic, and the error language of every later tool.

pub mod append;
pub mod catalog;
pub mod clock;
pub mod commit;
pub mod encode;
pub mod entry;
pub mod error;
mod fields;
pub mod filter;
pub mod layer;
pub mod limits;
pub mod lines;
pub mod path;
pub mod reader;
pub mod rotate;
pub mod setup;
pub mod signals;
pub mod store;
pub mod usage;
pub mod writer;

// ANCHOR: surface
pub use catalog::{Coded, ErrorCode, Exit};
pub use clock::{Clock, ClockSpec, FixedClock, SystemClock};
pub use commit::Durability;
pub use entry::{Entry, Level};
pub use error::{CATALOG, LogError};
pub use filter::Filter;
pub use path::LogPath;
pub use reader::{Item, Reader};
pub use setup::{LogArgs, Logging, Setup};
pub use writer::{LogWriter, Options, Receipt, Sharing};
// ANCHOR_END: surface
