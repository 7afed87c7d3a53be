//! Answers in the order of the questions, whoever is ready first.

use std::collections::VecDeque;

/// The answers that one connection is owed, in order.
///
/// ```text
///   asked     1   2   3   4   5
///   answered  .   yes yes .   yes       nothing may leave: the first is missing
///   answered  yes yes yes .   yes       1, 2 and 3 leave together
/// ```
#[derive(Debug)]
pub struct Pipeline<R> {
    first: u64,
    places: VecDeque<Option<R>>,
}

impl<R> Default for Pipeline<R> {
    fn default() -> Self {
        Pipeline { first: 0, places: VecDeque::new() }
    }
}

impl<R> Pipeline<R> {
    /// Keeps a place for the answer to the next question.
    pub fn reserve(&mut self) -> u64 {
        self.places.push_back(None);
        self.first + self.places.len() as u64 - 1
    }

    /// The answer for a place. One for a place that was never kept, or has its answer, is not taken.
    pub fn fill(&mut self, place: u64, answer: R) -> bool {
        let index = place.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        match index.and_then(|index| self.places.get_mut(index)) {
            Some(free @ None) => {
                *free = Some(answer);
                true
            }
            _ => false,
        }
    }

    // ANCHOR: next_ready
    /// The next answer that may leave: the oldest, once it is there.
    pub fn next_ready(&mut self) -> Option<R> {
        // lab:hole worker-pool.in-order
        let ready = self.places.front_mut()?.take()?;
        self.places.pop_front();
        self.first += 1;
        Some(ready)
        // lab:stub todo!("worker-pool.in-order: the front, and only if it has its answer")
        // lab:end
    }
    // ANCHOR_END: next_ready

    /// Questions without an answer that has left.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// True where nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_five_answers_leaves_in_the_order_of_the_questions() {
        // All 120 orders, by the digits of a factorial number.
        for order in 0..120 {
            let mut pipeline = Pipeline::default();
            let mut left: Vec<u64> = (0..5).map(|_| pipeline.reserve()).collect();
            let (mut rest, mut out) = (order, Vec::new());
            for choices in (1..=5).rev() {
                let place = left.remove(rest % choices);
                rest /= choices;
                assert!(pipeline.fill(place, place));
                out.extend(std::iter::from_fn(|| pipeline.next_ready()));
            }
            assert_eq!((out, pipeline.is_empty()), (vec![0, 1, 2, 3, 4], true), "order {order}");
        }
    }

    #[test]
    fn a_place_is_filled_once_and_only_where_one_is_kept() {
        let mut pipeline = Pipeline::default();
        assert!(!pipeline.fill(0, 'a'));
        assert_eq!((pipeline.reserve(), pipeline.reserve()), (0, 1));
        assert!(pipeline.fill(0, 'a'));
        assert!(!pipeline.fill(0, 'b'));
        assert_eq!(pipeline.next_ready(), Some('a'));
        assert!(!pipeline.fill(0, 'c'), "it has left");
        assert_eq!((pipeline.next_ready(), pipeline.len()), (None, 1));
    }
}
