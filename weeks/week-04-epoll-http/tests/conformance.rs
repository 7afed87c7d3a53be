//! The suite of week 3, against the third implementation of its trait: the loop that runs on `select` and on `poll` runs
//! on this one unchanged. What only epoll has to show is in `tests/epoll.rs`.

mod epoll {
    event_loop::conformance!(epoll_http::Epoll);
}
