//! The `cargo lab` command: runs, proves and narrates the course.

pub mod course;
pub mod error;
pub mod markers;
