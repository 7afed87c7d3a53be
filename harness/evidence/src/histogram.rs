//! Latency distributions as data: HDR buckets that survive a round trip and re-render byte for byte.

use serde::{Deserialize, Serialize};

/// A recorded distribution: the non-empty HDR buckets, two significant digits.
///
/// Two digits (1 % of the value) are finer than the noise of any machine that runs this, and keep a record small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// Smallest recorded value, exact.
    pub min: u64,
    /// Largest recorded value, exact.
    pub max: u64,
    /// `(bucket's highest equivalent value, count)`, ascending, no zero counts.
    pub buckets: Vec<(u64, u64)>,
}
