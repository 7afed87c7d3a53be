//! What a server did with those who are slow.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::outcome::LATENCY_NS_MAX;
use crate::{ErrorClass, LoadError};

/// Connections of one group whose end is kept one by one; later ones are in the counts only.
pub const SEEN_KEPT_MAX: usize = 1 << 14;
/// Different codes that are told apart; a server has a handful. The rest is counted as `other`.
const CODES_MAX: usize = 64;

/// What a server did with each group.
#[derive(Debug, Clone)]
pub struct Tally {
    /// In the order of the plan.
    pub groups: Vec<GroupTally>,
}

impl Tally {
    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<&GroupTally> {
        self.groups.iter().find(|group| group.name == name)
    }
}

/// What a server did with one group. `connected` is the sum of `ends`, plus `standing`.
#[derive(Debug, Clone)]
pub struct GroupTally {
    /// Its name.
    pub name: String,
    /// Connections that stood at some time.
    pub connected: u64,
    /// Connections that stand now.
    pub standing: usize,
    /// Connections that the server ended, by how: [`ErrorClass::Refused`] where it said why.
    pub ends: BTreeMap<ErrorClass, u64>,
    /// What it said: the code of the last frame before the end, a refusal without an id or a rejection.
    pub codes: BTreeMap<String, u64>,
    /// Connections that were not made.
    pub not_connected: BTreeMap<ErrorClass, u64>,
    /// Nanoseconds from the connection to its end, of those that ended. Two significant digits, up to
    /// [`LATENCY_NS_MAX`].
    pub lifetime: Histogram<u64>,
    /// The same from the first byte that the client sent, of those that sent any.
    pub since_first_byte: Histogram<u64>,
    /// Bytes that were sent over connections that have ended.
    pub bytes_sent: u64,
    /// Bytes that were read from them.
    pub bytes_read: u64,
    /// Whole frames that were read from them.
    pub frames_read: u64,
    /// The first [`SEEN_KEPT_MAX`] that ended, in the order of their ends.
    pub seen: Vec<Seen>,
}

/// One connection that ended. Times are since [`Crowd::connect`](super::Crowd::connect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When it stood.
    pub connected: Duration,
    /// When its client sent the first byte, if it did.
    pub first_byte: Option<Duration>,
    /// When the server ended it.
    pub ended: Duration,
    /// How.
    pub how: ErrorClass,
    /// What the server said.
    pub code: Option<String>,
    /// Bytes that its client sent.
    pub bytes_sent: u64,
    /// Bytes that its client read.
    pub bytes_read: u64,
    /// Whole frames that its client read.
    pub frames_read: u64,
}

impl GroupTally {
    pub(super) fn new(name: &str) -> Result<Self, LoadError> {
        let histogram = || {
            Histogram::new_with_bounds(1, LATENCY_NS_MAX, 2)
                .map_err(|e| LoadError::system("making a histogram", std::io::Error::other(e.to_string())))
        };
        Ok(GroupTally {
            name: name.to_owned(),
            connected: 0,
            standing: 0,
            ends: BTreeMap::new(),
            codes: BTreeMap::new(),
            not_connected: BTreeMap::new(),
            lifetime: histogram()?,
            since_first_byte: histogram()?,
            bytes_sent: 0,
            bytes_read: 0,
            frames_read: 0,
            seen: Vec::new(),
        })
    }

    pub(super) fn stands(&mut self) {
        self.connected += 1;
        self.standing += 1;
    }

    pub(super) fn not_connected(&mut self, class: ErrorClass) {
        *self.not_connected.entry(class).or_default() += 1;
    }

    pub(super) fn ended(&mut self, seen: Seen) {
        self.standing -= 1;
        *self.ends.entry(seen.how).or_default() += 1;
        if let Some(code) = &seen.code {
            let known = self.codes.len() < CODES_MAX || self.codes.contains_key(code);
            let code = if known { code } else { "other" };
            *self.codes.entry(code.to_owned()).or_default() += 1;
        }
        let lasted = |from: Duration| (seen.ended.saturating_sub(from).as_nanos() as u64).max(1);
        self.lifetime.saturating_record(lasted(seen.connected));
        if let Some(first_byte) = seen.first_byte {
            self.since_first_byte.saturating_record(lasted(first_byte));
        }
        self.bytes_sent += seen.bytes_sent;
        self.bytes_read += seen.bytes_read;
        self.frames_read += seen.frames_read;
        if self.seen.len() < SEEN_KEPT_MAX {
            self.seen.push(seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(code: &str) -> Seen {
        Seen {
            connected: Duration::from_secs(1),
            first_byte: None,
            ended: Duration::from_secs(3),
            how: ErrorClass::Refused,
            code: Some(code.into()),
            bytes_sent: 2,
            bytes_read: 3,
            frames_read: 1,
        }
    }

    #[test]
    fn what_is_kept_one_by_one_and_by_code_has_its_bound_and_the_counts_go_on_past_it() {
        let mut tally = GroupTally::new("g").unwrap();
        for number in 0..=SEEN_KEPT_MAX {
            tally.stands();
            tally.ended(seen(&format!("CODE-{number}")));
        }
        let all = SEEN_KEPT_MAX as u64 + 1;
        assert_eq!((tally.seen.len(), tally.lifetime.len(), tally.standing), (SEEN_KEPT_MAX, all, 0));
        assert_eq!((tally.codes.len(), tally.codes.values().sum::<u64>()), (CODES_MAX + 1, all));
        assert_eq!((tally.bytes_sent, tally.bytes_read, tally.since_first_byte.len()), (2 * all, 3 * all, 0));
    }
}
