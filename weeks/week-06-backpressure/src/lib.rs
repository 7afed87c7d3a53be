//! Degrading on purpose.
//!
//! # The problem
//!
//! A server that is asked for more than it can do does something. Without a decision, what it does is queue: every
//! request is accepted, waits longer than the one before, and is answered when its client has long given up. Work is
//! done at full speed, and none of it is of use to anybody. The clients ask again meanwhile, so that the load stays
//! when its cause is gone; that state has a name, *metastable failure* (Bronson et al., HotOS 2021), and it ends by
//! nothing that the server does for the single request. So this crate decides beforehand: what is given up first, how
//! much one peer may hold, how fast it is served, until when its request is worth working on, and what it is told.
//!
//! # The picture
//!
//! ```text
//!              connections                requests                      answers
//!                   |                        |                             ^
//!                   v                        v                             |
//!    step      +----------+  reading    +----------+   queue   workers  +--------+  writing
//!    refuse -->|  quota   |------------>|  decide  |-->[ | | ]-->(  )-->| shaper |--------> socket
//!              +----------+  progress,  +----------+      |       |     +--------+  progress
//!                            deadlines   ^      |         v       v         v
//!                                        |      v      expired? expired? expired?   Deadline::check
//!                                        |   deferral: a code and retry_after
//!                                        |
//!              age, depth, memory, backlog --> Ladder: normal, shed, reject, refuse
//!
//!    and on the other side:  Patience, RetryBudget: when to ask again, and when to leave it
//! ```
//!
//! # Invariants
//!
//! 1. The ladder goes up at once and down by one step after a time in which nothing held it; each change names the
//!    signal that caused it ([`Ladder`]; `tests/ladder.rs` drives it over every threshold in both directions).
//! 2. A burst is not taken for a standing queue, nor the other way round ([`AgeWatch`]).
//! 3. Whoever is turned away is told a code and, where coming back is of use, when ([`decide`], [`wire::Deferral`]).
//! 4. While a peer owes bytes it makes a minimum of progress in every window, or it is closed under the rule that it
//!    broke, at a moment that can be computed beforehand ([`Reading`], [`Writing`]).
//! 5. Over any span, a client is sent no more than its burst, its rate times the span, and what one frame is above
//!    the burst ([`Bucket`]); what waits for it is bounded ([`Shaper`]).
//! 6. No source holds more than its quota, and the table of sources is bounded ([`QuotaTable`]).
//! 7. No stage takes time that a later one is entitled to ([`Deadline`]), so expired work is dropped before it costs
//!    anything.
//! 8. Nobody comes back before the time that was asked for, and retries are at most a tenth of first attempts over time
//!    ([`Patience`], [`RetryBudget`]; `tests/storm.rs` lets a retry storm die out that would otherwise stay for ever).
//! 9. Thresholds are data, and data that contradicts itself is refused under the key that does ([`Policy`]).
//!
//! # The parts
//!
//! | part | does | knows of |
//! | --- | --- | --- |
//! | [`AgeWatch`], [`Signals`], [`Policy`], [`Ladder`] | how loaded the server is, and what follows | numbers, a told time |
//! | [`decide`], [`Deadline`], [`wire`] | what becomes of one request, and how that is said | bytes, the same time |
//! | [`Reading`], [`Writing`], [`QuotaTable`] | what one peer may hold, and for how long | counts, the same time |
//! | [`Bucket`], [`Shaper`] | how fast one client is served | frames, the same time |
//! | [`Patience`], [`RetryBudget`] | the client's half | a seed, the same time |
//! | [`scenario`] | five experiments as data | nothing |
//!
//! None of these reads a clock, opens a socket or starts a thread. What puts them to work does:
//!
//! | part | does | knows of |
//! | --- | --- | --- |
//! | [`Overload`] | holds the ladder, the quotas and the counts for the whole loop, and asks the queue | the pool, resident memory |
//! | `Tempered` in `service.rs`, `Timed`, [`Egress`] | requests into the pool and answers out of it, in order, in time, at their client's rate | week 5 |
//! | [`Guarded`] | who is let in, and how slow a peer may be | the loop of week 3 |
//! | [`caller`], [`tool`] | the client that obeys, and the server's arguments | sockets, processes |
//!
//! # What a production system adds
//!
//! Limits that find themselves, such as the gradient of latency in adaptive concurrency control, where this policy
//! has numbers that somebody chose. Fair queueing among tenants, so that the queue is shared before it is full.
//! Importance that somebody checks: here the client says what its request is worth, and a client may lie. A retry
//! budget that the whole fleet of a client shares. Deadlines that go on to the next machine ([`Deadline::left`] is
//! what would travel). And a balancer in front that hears of the step, and sends its requests to somebody else.

mod admission;
mod age;
mod asked;
mod bounded_file;
mod bucket;
mod budget;
pub mod caller;
pub mod catalog;
mod change_log;
mod egress;
mod guarded;
mod ladder;
mod memory;
mod overload;
mod patience;
mod policy;
mod policy_error;
mod progress;
mod quota;
mod range;
mod reading;
pub mod scenario;
mod service;
mod shaper;
mod signals;
mod tally;
mod timed;
pub mod tool;
pub mod wire;
mod writing;

pub use admission::{Admission, Importance, OVERLOAD_REFUSED, decide};
pub use age::AgeWatch;
pub use asked::{Asked, CALL_MALFORMED, Form};
pub use bounded_file::Unread;
pub use bucket::{
    Bucket, EGRESS_BURST_BYTES_DEFAULT, EGRESS_BYTES_MAX, EGRESS_BYTES_PER_SECOND_DEFAULT, EgressRate,
};
pub use budget::{BUDGET_MS_MAX, BUDGET_MS_MIN, Budget, Deadline, Expired, Split, Stage};
pub use catalog::CATALOG;
pub use change_log::{CHANGE_LINE_EVERY, ChangeLog, Line};
pub use egress::Egress;
pub use guarded::{Guarded, GuardedSession};
pub use ladder::{Change, Ladder, Step};
pub use memory::{MEMORY_LOOK_EVERY, Resident};
pub use overload::{Mode, Overload, QueueLoad, Settings, Shared, TurnedAway};
pub use patience::{
    GaveUp, Patience, RETRY_PERCENT_DEFAULT, RETRY_RESERVE_DEFAULT, RETRY_RESERVE_MAX, RetryBudget,
};
pub use policy::{Band, POLICY_BYTES_MAX, POLICY_DEFAULT, Policy, SPAN_MS_MAX, THRESHOLD_MAX};
pub use policy_error::PolicyError;
pub use progress::{Pace, Progress, WINDOW_BYTES_MAX, WINDOW_MS_MAX};
pub use quota::{
    CONNECTIONS_PER_SOURCE_DEFAULT, IN_FLIGHT_PER_SOURCE_DEFAULT, OverQuota, QUOTA_CONNECTIONS,
    QUOTA_SOURCES, QuotaTable, Quotas, SOURCES_MAX_DEFAULT, source_of,
};
pub use range::OutOfRange;
pub use reading::{
    BODY_BYTES_PER_SECOND_MIN_DEFAULT, BODY_DEADLINE, BODY_GRACE_MS_DEFAULT, HEADER_DEADLINE,
    HEADER_MS_MAX_DEFAULT, READ_PACE_DEFAULT, ReadRules, Reading, SLOW_READ,
};
pub use service::{Asker, Tempered, queue_load};
pub use shaper::{
    BACKLOG_BYTES_MAX_DEFAULT, EGRESS_CAP, EGRESS_THROTTLED, EgressLimits, FRAME_COST_BYTES, Shaper,
    THROTTLED_MS_MAX_DEFAULT,
};
pub use signals::{Signal, Signals};
pub use tally::Tally;
pub use timed::{Answer, Computed, Timed};
pub use writing::{SLOW_WRITE, WRITE_PACE_DEFAULT, Writing};
