//! Many clients on one thread.

pub mod conformance;
mod outbox;
pub mod poller;
pub mod service;
pub mod timers;

pub use outbox::Outbox;
pub use poller::{Event, Interest, Poll, Poller, PollerError, SELECT_DESCRIPTORS_MAX, Select, Token};
pub use service::{Peer, Service, Step};
pub use timers::{Scan, Timers};
