//! Stands here until it is written.
fn main() {}
