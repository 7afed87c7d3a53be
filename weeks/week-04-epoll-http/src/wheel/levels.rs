//! The levels: which slot a tick belongs to, and which occupied slot is the first to begin.
//!
//! ```text
//!  now   = 5 · 64² + 17 · 64 + 60
//!  due   = 5 · 64² + 18 · 64 +  3      only 7 ms away, and yet the second digit differs: level 1, slot 18
//!          same        ^
//!                      the highest digit that differs
//! ```

use std::time::{Duration, Instant};

use super::TICK;
use super::places::NONE;

/// Bits of a digit: 64 slots are as many as a word has bits.
const DIGIT_BITS: u32 = 6;
/// Slots of a level.
const SLOTS: usize = 1 << DIGIT_BITS;
/// Levels. Six of them reach 2.2 years ahead, and a shorter horizon would let nobody save anything but words.
pub(super) const LEVELS: usize = 6;
/// The highest level, whose slots are used as a ring.
const TOP: usize = LEVELS - 1;
/// The list of what was due before it was set.
const OVERDUE: u16 = (LEVELS * SLOTS) as u16;

/// A list for each slot, and for each level a word that says which of its lists are not empty.
#[derive(Debug)]
pub(super) struct Levels {
    /// By level and digit, and the overdue ones at the end.
    heads: [u32; LEVELS * SLOTS + 1],
    occupied: [u64; LEVELS],
}

impl Default for Levels {
    fn default() -> Self {
        Levels { heads: [NONE; LEVELS * SLOTS + 1], occupied: [0; LEVELS] }
    }
}

impl Levels {
    /// The slot for a deadline that is due at tick `due`, seen from tick `now`.
    pub(super) fn slot_for(&self, due: u64, now: u64) -> u16 {
        // lab:hole epoll-http.slot-for
        if due <= now {
            return OVERDUE;
        }
        let highest_bit = (due ^ now).ilog2();
        let level = ((highest_bit / DIGIT_BITS) as usize).min(TOP);
        let shift = level as u32 * DIGIT_BITS;
        // Only the top level can see further than one turn: there, the last slot stands for everything beyond.
        let column = (due >> shift).min((now >> shift) + SLOTS as u64 - 1);
        (level * SLOTS) as u16 + (column % SLOTS as u64) as u16
        // lab:stub todo!("epoll-http.slot-for: the level of the highest digit that differs, the slot of that digit")
        // lab:end
    }

    /// The occupied slot that begins first after tick `now`, and the tick at which it begins.
    pub(super) fn first(&self, now: u64) -> Option<(u16, u64)> {
        if self.heads[OVERDUE as usize] != NONE {
            return Some((OVERDUE, now));
        }
        self.first_ahead(now)
    }

    /// The same without the overdue: what lies on a level lies ahead.
    fn first_ahead(&self, now: u64) -> Option<(u16, u64)> {
        // lab:hole epoll-http.first-slot
        let level = self.occupied.iter().position(|slots| *slots != 0)?;
        let shift = level as u32 * DIGIT_BITS;
        let column = now >> shift;
        // Turned so that the slot behind the present one is bit 0. Below the top nothing lies before the present.
        let turned = self.occupied[level].rotate_right((column % SLOTS as u64) as u32 + 1);
        let found = column + 1 + u64::from(turned.trailing_zeros());
        Some(((level * SLOTS) as u16 + (found % SLOTS as u64) as u16, found.saturating_mul(1 << shift)))
        // lab:stub todo!("epoll-http.first-slot: on the lowest occupied level, the first occupied slot after the present one")
        // lab:end
    }

    /// The head of a slot's list. Whoever changes it calls [`note`](Self::note) afterwards.
    pub(super) fn head_mut(&mut self, slot: u16) -> &mut u32 {
        &mut self.heads[slot as usize]
    }

    /// Notes whether the slot is occupied.
    pub(super) fn note(&mut self, slot: u16) {
        let (level, digit) = (slot as usize / SLOTS, slot as usize % SLOTS);
        // The list of the overdue has no level.
        if let Some(slots) = self.occupied.get_mut(level) {
            *slots &= !(1 << digit);
            *slots |= u64::from(self.heads[slot as usize] != NONE) << digit;
        }
    }

    /// Takes a slot's whole list.
    pub(super) fn take(&mut self, slot: u16) -> u32 {
        let head = std::mem::replace(&mut self.heads[slot as usize], NONE);
        self.note(slot);
        head
    }
}

/// The tick in which a moment lies: whole ticks since the origin.
pub(super) fn tick_of(origin: Instant, at: Instant) -> u64 {
    ticks(at.saturating_duration_since(origin), 0)
}

/// The first tick that does not begin before a moment: deadlines are rounded up.
pub(super) fn tick_after(origin: Instant, at: Instant) -> u64 {
    ticks(at.saturating_duration_since(origin), NANOS_A_TICK - 1)
}

fn ticks(since: Duration, more_nanos: u32) -> u64 {
    let rest = (since.subsec_nanos() + more_nanos) / NANOS_A_TICK;
    since.as_secs().saturating_mul(1_000).saturating_add(u64::from(rest))
}

const NANOS_A_TICK: u32 = TICK.subsec_nanos();

/// The moment at which a tick begins; `None` where the system's clock cannot say it.
pub(super) fn begin_of(origin: Instant, tick: u64) -> Option<Instant> {
    origin.checked_add(Duration::from_millis(tick))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level and digit.
    fn place(due: u64, now: u64) -> (usize, usize) {
        let slot = Levels::default().slot_for(due, now) as usize;
        (slot / SLOTS, slot % SLOTS)
    }

    #[test]
    fn a_deadline_lies_on_the_level_of_the_highest_digit_that_differs() {
        assert_eq!(place(1, 0), (0, 1));
        assert_eq!(place(63, 0), (0, 63));
        assert_eq!(place(64, 0), (1, 1));
        assert_eq!(place(64, 63), (1, 1), "one tick away, across the edge of a block");
        assert_eq!(place(65, 64), (0, 1));
        let now = (5 << 12) + (17 << 6) + 60;
        assert_eq!(place(now + 3, now), (0, 63));
        assert_eq!(place(now + 7, now), (1, 18));
        assert_eq!(place(6 << 12, now), (2, 6));
    }

    #[test]
    fn at_the_horizon_a_deadline_has_its_own_slot_and_beyond_it_the_last() {
        let (column, year) = (1 << 30, 365 * 24 * 3_600_000);
        let now = 70 * column + 12_345;
        assert_eq!(place(133 * column, now), (TOP, (70 + 63) % SLOTS), "the last slot");
        assert_eq!(place(134 * column - 1, now), (TOP, (70 + 63) % SLOTS), "its last tick");
        assert_eq!(place(134 * column, now), (TOP, (70 + 63) % SLOTS), "one tick beyond");
        assert_eq!(place(u64::MAX, now), (TOP, (70 + 63) % SLOTS));
        assert!(63 * column > 2 * year && 63 * column < 3 * year, "the horizon that the essay names");
    }

    #[test]
    fn what_has_passed_is_overdue_and_comes_first() {
        let mut levels = Levels::default();
        assert_eq!(levels.first(5), None);
        assert_eq!([0, 4, 5].map(|due| levels.slot_for(due, 5)), [OVERDUE; 3]);
        *levels.head_mut(OVERDUE) = 0;
        levels.note(OVERDUE);
        assert_eq!(levels.first(5), Some((OVERDUE, 5)));
    }

    #[test]
    fn every_slot_of_every_level_is_found_first_when_it_is_alone() {
        for now in [0, 1, 63, 64, 4_095, (5 << 30) + 77, (63 << 30) + 1, (64 << 30) - 1, (200 << 30) + 4_096]
        {
            for shift in (0..36).step_by(6) {
                for steps in 1..64 {
                    let due = ((now >> shift) + steps) << shift;
                    let mut levels = Levels::default();
                    let slot = levels.slot_for(due, now);
                    *levels.head_mut(slot) = 9;
                    levels.note(slot);
                    let (found, begins) = levels.first(now).unwrap();
                    assert!(found == slot && now < begins && begins <= due, "{now} {due}: {begins}");
                    assert_eq!((levels.take(slot), levels.first(now)), (9, None));
                }
            }
        }
    }

    #[test]
    fn deadlines_are_rounded_up_and_the_present_down() {
        let origin = Instant::now();
        let ticks = |nanos| {
            let at = origin + Duration::from_nanos(nanos);
            (tick_of(origin, at), tick_after(origin, at))
        };
        assert_eq!(ticks(0), (0, 0));
        assert_eq!(ticks(1), (0, 1));
        assert_eq!(ticks(999_999), (0, 1));
        assert_eq!(ticks(1_000_000), (1, 1));
        assert_eq!(ticks(1_000_001), (1, 2));
        assert_eq!(ticks(86_400_000_000_000), (86_400_000, 86_400_000));
    }
}
