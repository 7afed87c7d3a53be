//! The capstone.
fn main() {}
