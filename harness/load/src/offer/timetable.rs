//! When the requests of an open loop are due.
//!
//! The timetable has a clock of its own, which stands still while it rests. Between a drain and the next push nobody
//! comes; between two pushes somebody may.

use faults::seed::Dice;

use super::group::{Arrivals, Spacing};

const SECOND_NS: u64 = 1_000_000_000;

/// The arrivals of one group.
pub(super) struct Timetable {
    rate: u64,
    spacing: Spacing,
    dice: Dice,
    /// When its clock was at zero, were it not for the rests.
    origin_ns: u64,
    /// Since when it rests, in its own time; nothing while it goes.
    rests_at_ns: Option<u64>,
    /// Requests dealt so far.
    dealt: u64,
    /// When the next request is due, in its own time; with the fraction, so that nothing drifts.
    next_ns: f64,
}

impl Timetable {
    /// The timetable of these arrivals, at rest; `None` for those that need none.
    pub(super) fn of(arrivals: Arrivals, dice: Dice) -> Option<Self> {
        let Arrivals::Open { requests_per_second: rate, spacing } = arrivals else { return None };
        let mut timetable =
            Timetable { rate, spacing, dice, origin_ns: 0, rests_at_ns: Some(0), dealt: 0, next_ns: 0.0 };
        if spacing == Spacing::Poisson {
            timetable.next_ns = timetable.gap_ns();
        }
        Some(timetable)
    }

    /// Goes on, if it rests.
    pub(super) fn go_on(&mut self, now_ns: u64) {
        if let Some(at_ns) = self.rests_at_ns.take() {
            self.origin_ns = now_ns.saturating_sub(at_ns);
        }
    }

    /// Rests from now on.
    pub(super) fn rest(&mut self, now_ns: u64) {
        let at_ns = now_ns.saturating_sub(self.origin_ns);
        self.rests_at_ns.get_or_insert(at_ns);
    }

    /// When the next request is due.
    pub(super) fn due_ns(&self) -> u64 {
        let own_ns = match self.spacing {
            // Computed from the beginning, not summed up.
            Spacing::Even => {
                let ns = u128::from(self.dealt) * u128::from(SECOND_NS) / u128::from(self.rate);
                u64::try_from(ns).unwrap_or(u64::MAX)
            }
            Spacing::Poisson => self.next_ns as u64,
        };
        self.origin_ns.saturating_add(own_ns)
    }

    /// One request was dealt.
    pub(super) fn deal(&mut self) {
        self.dealt += 1;
        if self.spacing == Spacing::Poisson {
            self.next_ns += self.gap_ns();
        }
    }

    /// The time between two arrivals of a Poisson process: exponentially distributed, by the inverse of its
    /// distribution.
    fn gap_ns(&mut self) -> f64 {
        // 53 bits make a fraction from 0 to below 1; the logarithm wants it above 0.
        let fraction = (self.dice.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        -(1.0 - fraction).ln() * SECOND_NS as f64 / self.rate as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable(requests_per_second: u64, spacing: Spacing) -> Timetable {
        Timetable::of(Arrivals::Open { requests_per_second, spacing }, Dice::new(7)).unwrap()
    }

    #[test]
    fn even_arrivals_do_not_drift_even_where_the_rate_divides_nothing() {
        let mut even = timetable(7_000_003, Spacing::Even);
        even.go_on(1_000);
        for _ in 0..7_000_003 {
            even.deal();
        }
        assert_eq!(even.due_ns(), 1_000 + SECOND_NS);
        assert!(Timetable::of(Arrivals::Closed { depth: 1 }, Dice::new(1)).is_none());
    }

    #[test]
    fn a_rest_moves_what_is_due_by_its_length_and_two_pushes_without_one_move_nothing() {
        let mut even = timetable(1_000, Spacing::Even);
        even.go_on(5_000_000);
        (0..3).for_each(|_| even.deal());
        assert_eq!(even.due_ns(), 8_000_000);
        even.go_on(100_000_000);
        assert_eq!(even.due_ns(), 8_000_000, "it was not at rest");
        even.rest(7_500_000);
        even.rest(9_000_000);
        even.go_on(20_000_000);
        assert_eq!(even.due_ns(), 20_500_000, "half a millisecond was left");
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_their_process_and_follow_from_the_seed() {
        let mut poisson = timetable(1_000, Spacing::Poisson);
        poisson.go_on(0);
        let (mut per_second, mut gaps, mut before) = (vec![0_u64; 200], Vec::new(), 0);
        while poisson.due_ns() < 200 * SECOND_NS {
            let due = poisson.due_ns();
            per_second[(due / SECOND_NS) as usize] += 1;
            gaps.push(due - before);
            before = due;
            poisson.deal();
        }
        let mean = per_second.iter().sum::<u64>() as f64 / 200.0;
        let variance = per_second.iter().map(|n| (*n as f64 - mean).powi(2)).sum::<f64>() / 199.0;
        // Its counts have a variance like their mean; even arrivals have none.
        assert!((980.0..1020.0).contains(&mean), "{mean}");
        assert!((0.7..1.4).contains(&(variance / mean)), "{variance} {mean}");
        let mut again = timetable(1_000, Spacing::Poisson);
        again.go_on(0);
        assert_eq!(again.due_ns(), gaps[0]);
    }
}
