//! Where a connection stands, and where it may go from there.

use framing::CloseReason;

/// The states of a connection.
///
/// A thread that serves one connection keeps its state in its program counter. Here nobody waits inside a function for
/// a peer, so the same knowledge has to be a value:
///
/// ```text
///                +-----------------+------------------+
///                v                 v                  v
///   accept --> Open <---------> Reading <--------> Writing <-----+   each of the three
///                |  a message      |   the socket     |          |   may follow any other
///                |  has begun      |   takes no more  +----------+
///                |                 |                  |
///                +--------+--------+---------+--------+
///                         |                  |
///       the peer finished | or we end it     | reset, cap, deadline:
///                         v                  | nothing more can be delivered
///                     Draining ------------->|
///                         | all delivered    |
///                         v                  |
///                     HalfClosed ----------->|
///                         our side ended     v
///                                        Closed (reason)
/// ```
///
/// | state | reads | writes | ends through |
/// | --- | --- | --- | --- |
/// | `Open` | yes | nothing waits | the idle deadline |
/// | `Reading` | yes | nothing waits | the read deadline |
/// | `Writing` | below the pause mark | yes | the write deadline, the cap |
/// | `Draining` | no | yes | the write deadline |
/// | `HalfClosed` | and forgets | no | the linger bounds |
/// | `Closed` | no | no | is the end |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Between two messages, nothing waits to be sent.
    Open,
    /// A message has begun and is not whole.
    Reading,
    /// Answers wait for the socket. Whether reading goes on meanwhile depends on how many.
    Writing,
    /// No more input is used; what is queued is being delivered, then the connection ends.
    Draining(CloseReason),
    /// Our side is ended; what the peer still sends is read and forgotten, so that a reset does not overtake our words.
    HalfClosed(CloseReason),
    /// Over.
    Closed(CloseReason),
}

impl State {
    /// True where the drawing has an arrow. Staying where one is, is no transition.
    pub fn may_become(self, next: State) -> bool {
        // lab:hole event-loop.transitions
        use State::{Closed, Draining, HalfClosed, Open, Reading, Writing};
        match (self, next) {
            (Open | Reading | Writing, Open | Reading | Writing | Draining(_) | Closed(_)) => true,
            // A reason once decided stays, unless delivery itself fails; then Closed brings the new one.
            (Draining(reason), HalfClosed(same)) => reason == same,
            (Draining(_) | HalfClosed(_), Closed(_)) => true,
            _ => false,
        }
        // lab:stub todo!("event-loop.transitions: one line for each arrow of the drawing, and no for the rest")
        // lab:end
    }

    /// True while messages of the peer are still worked off.
    pub fn is_serving(self) -> bool {
        matches!(self, State::Open | State::Reading | State::Writing)
    }

    /// The word for logs.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Reading => "reading",
            State::Writing => "writing",
            State::Draining(_) => "draining",
            State::HalfClosed(_) => "half-closed",
            State::Closed(_) => "closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The drawing as a table: rows are from, columns are to, in the order of `ALL`.
    #[test]
    fn every_pair_of_states_is_an_arrow_of_the_drawing_or_refused() {
        let why = CloseReason::PeerFinished;
        let all = [
            State::Open,
            State::Reading,
            State::Writing,
            State::Draining(why),
            State::HalfClosed(why),
            State::Closed(why),
        ];
        // ANCHOR: arrows
        let arrows = [
            // open, reading, writing, draining, half-closed, closed
            [true, true, true, true, false, true],
            [true, true, true, true, false, true],
            [true, true, true, true, false, true],
            [false, false, false, false, true, true],
            [false, false, false, false, false, true],
            [false, false, false, false, false, false],
        ];
        // ANCHOR_END: arrows
        for (from, row) in all.into_iter().zip(arrows) {
            for (to, arrow) in all.into_iter().zip(row) {
                assert_eq!(from.may_become(to), arrow, "{} to {}", from.name(), to.name());
            }
        }
    }

    #[test]
    fn a_connection_does_not_change_its_reason_on_the_way_to_half_closed() {
        let draining = State::Draining(CloseReason::IdleTimeout);
        assert!(draining.may_become(State::HalfClosed(CloseReason::IdleTimeout)));
        assert!(!draining.may_become(State::HalfClosed(CloseReason::Stopping)));
    }
}
