//! Servers side by side: the same requests, in turns so short that what the machine does meanwhile happens to all.
//!
//! A shared machine is faster at one moment than at the next, by more than the servers differ. So nobody is measured
//! for a while and then the next one: all stand at once, with their connections made, and take turns of a fraction of a
//! second. What is reported is the ratio within a round, its median over the rounds, and how far the rounds lie apart.
//!
//! ```text
//!   round 1:  | ours | peer a | peer b |    ratios of this round
//!   round 2:  | peer a | peer b | ours |    ratios of this round       --> median, lowest, highest
//!   round 3:  | peer b | ours | peer a |    ratios of this round
//! ```
//!
//! The first round is not counted, and in each round another one begins.

mod cell;
mod contestant;
mod echo;
mod report;

pub use cell::{Cell, Round, Turns, compare};
pub use contestant::{Running, serve_if_asked, start};
pub use echo::Echo;
use report::{criterion_all_answered, describe, latency_ratio, measurement, throughput_ratio};
