//! epoll, timers in constant time, and a strict HTTP client.
