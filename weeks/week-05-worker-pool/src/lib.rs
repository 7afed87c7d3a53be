//! Bounded CPU work on threads beside the loop.
//!
//! # The problem
//!
//! The loop of weeks 3 and 4 serves everybody from one thread, as long as nobody's request takes long. Hashing a megabyte
//! takes a millisecond, in which ten thousand others wait; checking a signature takes as long as hundreds of echoes. Such work
//! has to move to other threads, and with them come the questions that one thread never had to ask: who may touch what,
//! and when; what happens if work comes faster than it is done; who goes first; and what becomes of what is under way when
//! the process is told to stop. Each has an answer here that is written down before it is built.
//!
//! # The picture
//!
//! ```text
//!    clients          the loop's thread                                       workers
//!   --------   +-------------------------------+   push: a lock,     +---------------------------+
//!   request -->| Framed --> Pooled             |   never a wait      |  Queue                    |
//!              |             |  place kept     |-------------------->|   short  [.......]  w 4   |--> worker-0
//!              |             |  in a Pipeline  |<--------------------|   long   [..]       w 1   |--> worker-1
//!   refusal <--|             +---- full: the   |   the task itself,  +---------------------------+      |
//!              |                   task is back|   handed back                                          | run, in a budget
//!              |                               |                                                        v
//!   reply  <---| <-- in order <-- wake <-- eventfd <-------------------- Mailbox <------------------- Done
//!              +-------------------------------+    one ring for many
//! ```
//!
//! # Who owns what
//!
//! No mutable state is shared unless it is in this table. Everything else belongs to one thread, and the compiler sees to it.
//!
//! | object | owner | who else may touch it | what guards it | true whenever it is free |
//! | --- | --- | --- | --- | --- |
//! | a task | its caller, then the queue, then one worker, then the mailbox, then the loop | nobody | it is moved | exactly one of them has it |
//! | [`Queue`]'s state | the queue | the loop, workers | a mutex | each accepted task waits, runs, or has ended; see [`queue`] |
//! | the hint | the queue | workers that look for work | an atomic | nothing: it is a hint |
//! | results that were not collected | [`Mailbox`] | the loop, workers | a mutex | not empty only if the bell was rung after the first of them |
//! | the bell | the loop ([`event_loop::Waker`]) | workers, to ring it | the kernel (eventfd) | a ring is heard once, or more |
//! | what a worker is at | that worker | the shutdown, to read it | a mutex each | the name of what it runs, or nothing |
//! | what a worker did | that worker | whoever reads metrics | a mutex each | counts and histograms of the same tasks |
//! | a [`Cancel`] | whoever made it | tasks, to ask | an atomic that only ever goes up | once cancelled, cancelled |
//! | connections, sessions, [`lanes`], pipelines | the loop's thread | nobody | it is not `Sync` | - |
//!
//! No thread ever holds two of these locks, so none can wait for one that waits for it.
//!
//! # Invariants
//!
//! 1. A queue holds at most its bound; the task beyond it is back in its owner's hand, untouched (`tests/gate.rs`).
//! 2. Every accepted task ends exactly once: finished, cancelled, panicked, or named by the shutdown ([`Report`]).
//! 3. The loop never waits for a worker: it takes a lock that is held for some instructions, and nothing else.
//! 4. No wake-up is lost, in either direction, and no task is between "accepted" and "seen" when the queue closes
//!    (`tests/model.rs` explores every order of events with loom, on these same source files).
//! 5. Answers leave in the order of their questions, per connection ([`Pipeline`]).
//! 6. No class can starve another, and long tasks never have all workers where there are several ([`dispatch`]).
//! 7. A task that panics takes nothing with it but its own answer.
//! 8. Nothing is read from a connection that has [`lanes::IN_FLIGHT_REQUESTS_MAX`] requests under way.
//!
//! # The parts
//!
//! | part | does | knows of |
//! | --- | --- | --- |
//! | [`class`], [`dispatch`] | bounds, weights, who goes next | a time that it is told |
//! | [`queue`], [`mailbox`] | the way there and the way back | locks |
//! | [`budget`], [`task`], [`job`] | what runs, for how long, how it ends | the clock |
//! | [`pool`], [`meter`] | threads, the shutdown, histograms | all of the above |
//! | [`pipeline`], [`lanes`], [`request`], [`service`], [`mod@inline`] | requests as tasks, answers in order | the loop of week 3 |
//! | [`tool`] | arguments, start, stop, exit codes | processes |
//!
//! # An example
//!
//! A pool by itself. Its results go wherever the sink puts them; here into a channel.
//!
//! ```
//! use std::time::Duration;
//! use worker_pool::{Budget, Cancelled, Class, ClassId, Classes, Config, Outcome, Pool, Task};
//!
//! struct Square(u64);
//!
//! impl Task for Square {
//!     type Answer = u64;
//!     type Name = u64;
//!
//!     fn class(&self) -> ClassId {
//!         ClassId(0)
//!     }
//!
//!     fn name(&self) -> u64 {
//!         self.0
//!     }
//!
//!     fn run(&mut self, budget: &Budget<'_>) -> Result<u64, Cancelled> {
//!         budget.check()?;
//!         Ok(self.0 * self.0)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let class = Class {
//!     name: "all".into(),
//!     weight: 1,
//!     queue_max: 16,
//!     running_max: 2,
//!     budget: Duration::from_secs(1),
//! };
//! let (results, collected) = std::sync::mpsc::channel();
//! let config = Config { workers: 2, classes: Classes::new(vec![class])?, measured: true };
//! let pool = Pool::start(config, move |done| drop(results.send(done.outcome)))?;
//! pool.handle().submit(Square(12)).map_err(|rejected| format!("{:?}", rejected.why))?;
//! let report = pool.shutdown(Duration::from_secs(5));
//! assert_eq!((report.accepted, report.finished, report.is_complete()), (1, 1, true));
//! assert_eq!(collected.recv()?, Outcome::Finished(144));
//! # Ok(())
//! # }
//! ```
//!
//! # What a production system adds
//!
//! A queue for each worker, with stealing, once one lock is what is full (the measurement of day 6 says when). Workers tied
//! to cores, and memory near them. Priorities within a class, and deadlines that travel with a request (week 6). A number of
//! workers that follows the load, with care: threads that come and go under pressure are one more thing that can oscillate.
//! And for code that cannot be trusted to ask, a process that can be killed, since a thread cannot.

pub mod budget;
pub mod catalog;
pub mod class;
pub mod dispatch;
pub mod inline;
pub mod job;
pub mod lanes;
pub mod mailbox;
pub mod meter;
pub mod pipeline;
pub mod pool;
pub mod queue;
pub mod request;
pub mod service;
mod sync;
pub mod task;
pub mod tool;
mod worker;

pub use budget::{Budget, Cancel, Cancelled};
pub use catalog::CATALOG;
pub use class::{Class, ClassError, ClassId, Classes};
pub use dispatch::{Depth, Dispatch, Refusal, Rejected, Taken};
pub use inline::Inline;
pub use job::{Hash, Job};
pub use mailbox::{Bell, Mailbox};
pub use meter::{ClassMeter, Metrics};
pub use pipeline::Pipeline;
pub use pool::{Config, Handle, Pool, PoolError, Report};
pub use queue::{Contention, Queue, Ran};
pub use service::{LoopMailbox, Pooled};
pub use task::{Done, Outcome, Task};
