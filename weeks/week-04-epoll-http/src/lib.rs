//! epoll, timers in constant time, and a strict HTTP client.

pub mod epoll;

pub use epoll::Epoll;
