//! This week's timers against the suite that every later implementation has to pass as well.

mod scan {
    event_loop::timers_conformance!(|_| event_loop::Scan::default());
}
