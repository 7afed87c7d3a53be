//! A structured log whose appends are atomic, and the error language of every later tool.
//!
//! # The problem
//!
//! Everything that the other 23 weeks build is debugged, measured and proved through what its processes wrote down.
//! A log is needed most when something has just gone wrong: a process died, the disk filled up, three programs wrote
//! at once. So these are the ordinary cases here, and the happy path is what is left when they are dealt with.
//!
//! # The picture
//!
//! ```text
//!  tracing event --> layer --+                             +--> read, search, read --follow
//!                            +--> Entry --> LogWriter --> app.log, app.log.000018, … --> Reader
//!  eventlog append ----------+    one line  one write      one lock, many processes      bounded buffer
//! ```
//!
//! | module | one concept |
//! | --- | --- |
//! | [`mod@catalog`], [`error`] | a failure is a stable code, an exit code and a way out |
//! | [`usage`] | how a tool begins and ends |
//! | [`clock`] | time is an argument |
//! | [`limits`], [`path`] | every bound, judged before anything is touched |
//! | [`entry`], [`level`], [`encode`] | a record, and its one form in bytes |
//! | [`store`], [`append`] | one record, one write, all or nothing |
//! | [`commit`] | what durability promises, and who waits for the device |
//! | [`rotate`], [`options`], [`writer`] | many processes, one log, bounded files |
//! | [`lines`], [`reader`], [`filter`] | reading all of it in constant memory |
//! | [`layer`], [`sink`], [`setup`] | `tracing` events in, one call to set it up |
//! | [`queue`] | logging from a thread that may never wait, and what that costs |
//! | [`signals`] | ending when asked, failing where the kernel would kill |
//!
//! # Invariants
//!
//! 1. A record is one line, written by one system call, or it is not in the log. Whoever is killed, and whenever,
//!    tears at most the one record that it had not been acknowledged.
//! 2. A torn record is never joined to the next one, never taken for a record, and never removed: it is reported.
//! 3. Nobody appends to a file that has lost the log's name. Rotation loses no record and keeps no more files than
//!    it was told to.
//! 4. An acknowledgement means what the durability mode says, and after a failed sync there are no more of them.
//! 5. The only newline of a record is its last byte. No message can forge a record or move a cursor.
//! 6. Every failure has one code; the same input gives the same bytes; every buffer, wait and file has a bound.
//!
//! Invariant 3 leans on the advisory lock of the local file system: a program that ignores the lock is outside of it,
//! and so is a network file system whose locks or whose `O_APPEND` are not those of one machine.
//!
//! # What a production system adds
//!
//! - **Shipping.** Records leave the machine within seconds, because the machine is what fails. A shipper follows the
//!   file as [`Reader::follow`] does and keeps its position, so that it may be restarted.
//! - **Compression and an index.** Archives are compressed, and a sparse index of times makes a search in a year of
//!   logs skip most files. Here every search reads everything, at the speed of the disk.
//! - **Protection of content.** Fields with personal data are redacted or encrypted by class before they are written.
//! - **Evidence against tampering.** Anyone who may write the file may rewrite it. Week 7 audits bytes against stored
//!   digests, and from week 15 on a transparency log makes rewriting visible.
//! - **Sampling and rate limits.** A loop that fails a million times a second should cost a thousand records, not a
//!   disk. Here the only brake is rotation, which keeps the newest.
//!
//! # The queue, and why it is not the default
//!
//! A queue takes a record in less time than a system call, never waits for a disk, and loses what is queued when the
//! process is killed. That trade is right for an event loop, in which one slow write stops every connection, and wrong
//! for what one must be able to rely on. So a program asks for it by name: [`Setup::queued`].

pub mod append;
pub mod catalog;
pub mod clock;
pub mod commit;
pub mod encode;
pub mod entry;
pub mod error;
mod fields;
pub mod filter;
pub mod layer;
pub mod level;
pub mod limits;
pub mod lines;
pub mod options;
mod outage;
pub mod path;
pub mod queue;
pub mod reader;
pub mod rotate;
pub mod setup;
pub mod signals;
pub mod sink;
pub mod store;
pub mod usage;
pub mod writer;

// ANCHOR: surface
pub use catalog::{Coded, ErrorCode, Exit};
pub use clock::{Clock, ClockSpec, FixedClock, SystemClock};
pub use commit::Durability;
pub use entry::Entry;
pub use error::{CATALOG, LogError};
pub use filter::Filter;
pub use level::Level;
pub use options::{Options, Receipt, Sharing};
pub use outage::LogProbe;
pub use path::LogPath;
pub use reader::{Item, Reader};
pub use setup::{LogArgs, Logging, Setup};
pub use writer::LogWriter;
// ANCHOR_END: surface
