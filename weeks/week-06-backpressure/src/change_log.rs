//! The ladder's changes on record, however often it moves.
//!
//! Under lasting overload the ladder moves many times a second, and each move is right. A line for each would be the
//! overload of whoever reads the log. So there is a line a second for each direction at most: the first move at once,
//! the last of those that were held back a second later, with how many there were.

use std::time::{Duration, Instant};

use crate::ladder::Change;

/// Between two lines of one direction: 1 s.
pub const CHANGE_LINE_EVERY: Duration = Duration::from_secs(1);

/// Decides which changes become lines.
#[derive(Debug, Default)]
pub struct ChangeLog {
    up: Direction,
    down: Direction,
}

#[derive(Debug, Default)]
struct Direction {
    last_line: Option<Instant>,
    held_back: Option<Change>,
    changes: u64,
}

/// A line: the latest change of its direction, and how many there were since the line before, this one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The change.
    pub change: Change,
    /// How many changes this line stands for.
    pub changes: u64,
}

impl ChangeLog {
    /// The ladder moved. The line that this makes, if it is time for one.
    pub fn note(&mut self, change: Change, now: Instant) -> Option<Line> {
        let direction = if change.to > change.from { &mut self.up } else { &mut self.down };
        direction.held_back = Some(change);
        direction.changes += 1;
        direction.line(now)
    }

    /// Lines that were held back and are due.
    pub fn due(&mut self, now: Instant) -> impl Iterator<Item = Line> {
        [self.up.line(now), self.down.line(now)].into_iter().flatten()
    }

    /// When the next line that is held back is due.
    pub fn wake_at(&self) -> Option<Instant> {
        [&self.up, &self.down].into_iter().filter_map(Direction::due_at).min()
    }
}

impl Direction {
    fn due_at(&self) -> Option<Instant> {
        self.held_back.and(self.last_line).map(|at| at + CHANGE_LINE_EVERY)
    }

    fn line(&mut self, now: Instant) -> Option<Line> {
        if self.due_at().is_some_and(|at| now < at) {
            return None;
        }
        let change = self.held_back.take()?;
        self.last_line = Some(now);
        Some(Line { change, changes: std::mem::take(&mut self.changes) })
    }
}

impl Line {
    /// Puts it on record.
    pub fn log(&self) {
        let Change { from, to, because, value } = self.change;
        let (from, because, changes) = (from.name(), because.name(), self.changes);
        if to > self.change.from {
            tracing::warn!(from, to = to.name(), because, value, changes, "overload: up to {}", to.name());
        } else {
            tracing::info!(from, to = to.name(), because, value, changes, "overload: down to {}", to.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ladder::Step;
    use crate::signals::Signal;

    const TICK: Duration = Duration::from_nanos(1);

    fn change(from: Step, to: Step, value: u64) -> Change {
        Change { from, to, because: Signal::Age, value }
    }

    #[test]
    fn the_first_change_is_a_line_at_once_and_the_last_of_a_second_is_the_next() {
        let (mut log, start) = (ChangeLog::default(), Instant::now());
        let up = |value| change(Step::Normal, Step::Shed, value);
        assert_eq!(log.note(up(0), start), Some(Line { change: up(0), changes: 1 }));
        assert_eq!(log.wake_at(), None, "nothing is held back");
        for value in 1..5 {
            assert_eq!(log.note(up(value), start + TICK * value as u32), None);
        }
        let due = start + CHANGE_LINE_EVERY;
        assert_eq!(log.wake_at(), Some(due));
        assert_eq!(log.due(due - TICK).count(), 0);
        assert_eq!(log.due(due).collect::<Vec<_>>(), [Line { change: up(4), changes: 4 }]);
        assert_eq!((log.wake_at(), log.due(due + CHANGE_LINE_EVERY).count()), (None, 0));
    }

    #[test]
    fn each_direction_has_its_own_second() {
        let (mut log, start) = (ChangeLog::default(), Instant::now());
        let (up, down) = (change(Step::Normal, Step::Shed, 1), change(Step::Shed, Step::Normal, 0));
        assert!(log.note(up, start).is_some());
        assert!(log.note(down, start).is_some());
        assert!(log.note(up, start).is_none());
        assert!(log.note(down, start).is_none());
        assert_eq!(log.due(start + CHANGE_LINE_EVERY).count(), 2);
    }
}
