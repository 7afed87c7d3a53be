//! Bounded CPU work on threads beside the loop.

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
