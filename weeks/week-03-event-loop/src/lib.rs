//! Many clients on one thread.
//!
//! # The problem
//!
//! A thread for each connection is easy to write: it waits in `read`, and where it waits is what it knows. It is also a
//! stack for each silent client, a scheduler that decides who is served, and locks around whatever the clients share.
//! The other way is one thread that waits for *everybody* at once, asks the kernel who can go on, and gives each of
//! them a bounded amount of work. Then nothing may wait anywhere else, everything that a stack used to remember has to
//! become a value, and three questions that the threads answered by accident need an answer: how much may one peer ask
//! at a time, how much may wait for it, and when is it given up? This crate is that loop. It serves the echo of week 2,
//! byte for byte as before, and the nodes of CivicTrust run their protocol port on it.
//!
//! # One turn
//!
//! ```text
//!         +--> wait: for the poller's answer, the next deadline, a signal, a wake from another thread
//!         |       |
//!         |       v
//!         |    ready ones ----------------> at most one read, some messages, one write each
//!         |       |                              |
//!         |       v                              | work left: in the list,
//!         |    those listed before ---------->   | and the next wait does not wait
//!         |       |
//!         |       v
//!         |    deadlines that came, the service's own wishes, mail from one connection to another
//!         |       |
//!         +-------+
//!
//!    socket --read--> Service: received, step, step --> Outbox --write--> socket
//!                        |                                 |
//!                        | no socket, no clock             | what the socket did not take
//!                        v                                 v
//!                     session                           Outbound: pause mark, cap, write deadline
//! ```
//!
//! # The states
//!
//! `Open`, `Reading` and `Writing` while a peer is served, `Draining` while its last answers leave, `HalfClosed` while
//! it is listened to for a moment longer, `Closed` with a reason. [`State`] has the drawing, and a change along a line
//! that is not in it is a panic with both names.
//!
//! # Invariants
//!
//! 1. Nothing on the loop's path waits but the poller: sockets are non-blocking from their first moment, the log is a
//!    bounded queue, names are not resolved (`tests/nonblocking.rs`).
//! 2. At most [`event_loop::TURN_EXPIRIES_MAX`] deadlines end connections in one turn, and one connection takes at most one read of [`READ_BYTES_MAX`], [`event_loop::TURN_MESSAGES_MAX`] messages and one
//!    write of a turn; whoever has work left goes on only after all others had their share (`tests/gate/fairness.rs`).
//! 3. At most the cap waits for a peer, and one byte more ends that connection and no other. Nothing is read from a peer
//!    whose queue has reached the pause mark ([`Outbound`]; `tests/gate/bounds.rs`).
//! 4. Whatever waits for a peer is gone two write deadlines later, or the peer is (`outbound.rs`; `tests/gate/bounds.rs`).
//! 5. Each connection ends once, for one reason, which is on record before the peer can know it (`tests/lifecycle.rs`
//!    runs `fixtures/endings.yaml` under both pollers, and against the server of week 2).
//! 6. A connection is removed from the poller before its descriptor is closed, and a token that is older than its place's
//!    owner leads nowhere ([`Table`]). After any amount of churn the count of descriptors is where it was
//!    (`tests/gate/churn.rs`).
//! 7. What a peer hears does not depend on the poller (`tests/conformance.rs` for the contract of [`poller`],
//!    `tests/migration.rs` for the bytes), and a descriptor that a poller cannot hold is refused by name
//!    (`tests/select_limit.rs`).
//! 8. Connections, followers, bytes, messages, accepts: each has a bound, a named constant with its unit.
//!
//! # The parts
//!
//! | part | does | knows of |
//! | --- | --- | --- |
//! | [`Service`], [`FrameService`], [`Framed`] | the application, sans-IO | bytes and frames |
//! | [`Echo`], [`Feed`], [`Mirror`] | three applications | messages |
//! | [`State`], [`Outbound`], [`Outbox`], [`Table`] | what is remembered of a connection | bytes, instants that it is told |
//! | [`timers`] | deadlines, one a connection | tokens and instants |
//! | [`poller`], [`mod@conformance`] | `select` and `poll` behind one trait, and the suite for any of them | descriptors |
//! | [`event_loop`] | turns, shares, endings | all of the above |
//! | [`tool`] | arguments, start, stop, exit codes | processes |
//!
//! # An example
//!
//! A loop on its own thread, one request, and a stop. What stops it is a descriptor that becomes readable; in the tools
//! a signal does that.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::{TcpListener, TcpStream};
//! use std::os::unix::net::UnixStream;
//!
//! use event_loop::{Config, Echo, EventLoop, Framed, Poll, Scan};
//! use framing::{Deadlines, FrameLimit};
//!
//! # fn main() -> std::io::Result<()> {
//! let limit = FrameLimit::default();
//! let service = Framed::new(Echo::new(limit), limit, Deadlines::default());
//! let mut event_loop = EventLoop::<Poll, _, _>::new(Config::default(), Scan::default(), service)?;
//! let address = event_loop.listen(TcpListener::bind("127.0.0.1:0")?)?;
//! let (heard, mut stop) = UnixStream::pair()?;
//! let served = std::thread::spawn(move || event_loop.run(&heard));
//!
//! let mut peer = TcpStream::connect(address)?;
//! peer.write_all(b"\0\0\0\x09\x01\x02r1hello")?;
//! let mut reply = [0; 13];
//! peer.read_exact(&mut reply)?;
//! assert_eq!(&reply, b"\0\0\0\x09\x02\x02r1hello");
//!
//! stop.write_all(b"!")?;
//! let stopped = served.join().expect("the loop does not panic")?;
//! assert_eq!((stopped.accepted, stopped.abandoned), (1, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # What a production system adds
//!
//! `epoll`, so that a turn costs what is ready and not what is connected, and a timer wheel in place of [`Scan`]; both
//! are week 4, behind the traits of this one. A loop on each core, with the accepting shared among them. Work that
//! takes longer than a share goes to other threads and comes back through the [`Waker`] (week 5), and limits for the
//! process as a whole stand beside those of a connection (week 6). Encryption, which gives a connection a handshake and
//! a second buffer in each direction. Writes collected over several connections, as `io_uring` allows. And no services
//! that compute for milliseconds: a loop that shares its time fairly is still only one core.

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
pub use framed::{Begun, FrameService, Framed, FramedSession, READ_BYTES_MAX};
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
