//! The timetable of an open loop.

use crate::plan::Pace;

/// When the requests of an open loop are due: `begin + k / rate`, computed and not summed up, so that nothing drifts.
pub(super) struct Schedule {
    rate: u64,
    begin_ns: u64,
    dealt: u64,
}

impl Schedule {
    pub(super) fn of(pace: Pace) -> Option<Self> {
        match pace {
            Pace::Closed => None,
            Pace::Open { requests_per_second: rate } => Some(Schedule { rate, begin_ns: 0, dealt: 0 }),
        }
    }

    /// Begins anew.
    pub(super) fn begin(&mut self, now_ns: u64) {
        (self.begin_ns, self.dealt) = (now_ns, 0);
    }

    /// When the next request is due.
    pub(super) fn due_ns(&self) -> u64 {
        let after = u128::from(self.dealt) * 1_000_000_000 / u128::from(self.rate);
        self.begin_ns.saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
    }

    /// One request was dealt.
    pub(super) fn deal(&mut self) {
        self.dealt += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timetable_does_not_drift_even_where_the_rate_divides_nothing() {
        let mut schedule = Schedule::of(Pace::Open { requests_per_second: 7_000_003 }).unwrap();
        schedule.begin(1_000);
        for _ in 0..7_000_003 {
            schedule.deal();
        }
        assert_eq!(schedule.due_ns(), 1_000_001_000);
        schedule.begin(5);
        assert_eq!(schedule.due_ns(), 5);
        assert!(Schedule::of(Pace::Closed).is_none());
    }
}
