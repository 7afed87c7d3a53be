//! epoll, timers in constant time, and a strict HTTP client.

pub mod catalog;
pub mod client;
pub mod epoll;
pub mod health;
pub mod http;

pub use catalog::CATALOG;
pub use epoll::Epoll;

pub mod wheel;

pub use wheel::Wheel;
