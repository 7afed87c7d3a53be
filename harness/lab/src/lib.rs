//! The `cargo lab` command: runs, proves and narrates the course.

pub mod cli;
pub mod course;
pub mod doctor;
pub mod error;
pub mod exec;
pub mod learn;
pub mod markers;
pub mod nextest;
pub mod pages;
pub mod prove;
pub mod run;
pub mod status;
pub mod trace;
pub mod workspace;
