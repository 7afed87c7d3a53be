//! Degrading on purpose.
