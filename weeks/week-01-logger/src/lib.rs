//! A structured log whose appends are atomic, and the error language of every later tool.

pub mod catalog;

pub use catalog::{Coded, ErrorCode, Exit};
