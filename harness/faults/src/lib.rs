//! What breaks things on purpose.
