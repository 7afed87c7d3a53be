//! Both pollers of this week against the one suite: what the loop may rely on, whichever it runs on.
//!
//! Nothing is skipped for either of them. Where `select` ends (descriptor 1,024), a check goes as far as it does;
//! `tests/select_limit.rs` looks at the end itself.

mod select {
    event_loop::conformance!(event_loop::Select);
}

mod poll {
    event_loop::conformance!(event_loop::Poll);
}
