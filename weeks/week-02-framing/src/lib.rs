//! Messages on top of a byte stream.
