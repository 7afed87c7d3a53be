//! A structured log whose appends are atomic, and the error language of every later tool.

pub mod catalog;
pub mod clock;
pub mod encode;
pub mod entry;
pub mod error;
pub mod limits;
pub mod path;
pub mod usage;

pub use catalog::{Coded, ErrorCode, Exit};
pub use clock::{Clock, ClockSpec, FixedClock, SystemClock};
pub use entry::{Entry, Level};
pub use error::{CATALOG, LogError};
pub use path::LogPath;
