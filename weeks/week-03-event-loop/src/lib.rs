//! Many clients on one thread.

pub mod catalog;
pub mod conformance;
mod connection;
pub mod echo;
pub mod event_loop;
pub mod feed;
pub mod framed;
pub mod mirror;
mod outbound;
mod outbox;
pub mod poller;
pub mod service;
mod state;
mod table;
pub mod timers;
pub mod tool;
mod waker;

pub use catalog::CATALOG;
pub use echo::Echo;
pub use event_loop::{Config, EventLoop, Stopped};
pub use feed::Feed;
pub use framed::{FrameService, Framed, READ_BYTES_MAX};
pub use mirror::Mirror;
pub use outbound::{
    CAP_REACHED, OUTBOUND_CAP_BYTES_DEFAULT, OUTBOUND_KEPT_BYTES_MAX, OUTBOUND_PAUSE_BYTES_DEFAULT, Outbound,
};
pub use outbox::{OUTBOX_KEPT_BYTES_MAX, Outbox};
pub use poller::{Event, Interest, Poll, Poller, PollerError, SELECT_DESCRIPTORS_MAX, Select, Token};
pub use service::{Peer, Service, Step};
pub use state::State;
pub use table::Table;
pub use timers::{Scan, Timers};
pub use waker::Waker;
