//! What becomes of a request at each step of the ladder.

use std::time::Duration;

use framing::Rule;
use logger::ErrorCode;

use crate::catalog;
use crate::ladder::Step;

/// A connection came while none was taken.
pub static OVERLOAD_REFUSED: Rule =
    Rule { class: "overload-refused", code: Some(&catalog::OVERLOAD_REFUSED), told: true };

/// How much depends on a request. Its client says so, who alone can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Importance {
    /// Somebody waits for the answer.
    Ordinary = 0,
    /// The client can do without: a suggestion, a prefetch, a statistic.
    Optional = 1,
}

impl Importance {
    /// Both.
    pub const ALL: [Importance; 2] = [Importance::Ordinary, Importance::Optional];
}

/// What is done with a request that has just come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It goes into the queue.
    Accept,
    /// It is dropped because it was optional.
    Shed {
        /// When the client may come back.
        retry_after: Duration,
    },
    /// It is dropped although it was not.
    Reject {
        /// When the client may come back.
        retry_after: Duration,
    },
}

impl Admission {
    /// The code that the client is told; `None` where it gets its answer instead.
    pub fn code(self) -> Option<&'static ErrorCode> {
        match self {
            Admission::Accept => None,
            Admission::Shed { .. } => Some(&catalog::OVERLOAD_SHED),
            Admission::Reject { .. } => Some(&catalog::OVERLOAD_REJECTED),
        }
    }
}

/// Decides about a request.
///
/// | step | ordinary, the queue has room | ordinary, it has none | optional | who connects |
/// | --- | --- | --- | --- | --- |
/// | normal | accepted | accepted | accepted | let in |
/// | shed | accepted | accepted | shed | let in |
/// | reject | accepted | rejected | rejected | let in |
/// | refuse | accepted | rejected | rejected | refused |
///
/// From `reject` on, requests are let in as fast as they are worked off, and no faster. To let none in until the queue
/// is short again would be simpler, and would leave the workers without work each time: while the ladder waits to see
/// that the calm lasts, nobody brings them any.
///
/// `has_room` is a short queue: what waits will be worked off within the time at which anything is shed at all.
/// `retry_after` is what [`Ladder::retry_after`](crate::Ladder::retry_after) says.
pub fn decide(step: Step, importance: Importance, has_room: bool, retry_after: Duration) -> Admission {
    // lab:hole backpressure.admission
    match (step, importance) {
        (Step::Normal, _) | (Step::Shed, Importance::Ordinary) => Admission::Accept,
        (Step::Shed, Importance::Optional) => Admission::Shed { retry_after },
        (Step::Reject | Step::Refuse, Importance::Ordinary) if has_room => Admission::Accept,
        (Step::Reject | Step::Refuse, _) => Admission::Reject { retry_after },
    }
    // lab:stub todo!("backpressure.admission: one arm for each outcome of the table above")
    // lab:end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_does_with_every_request_what_the_table_says() {
        let retry_after = Duration::from_millis(700);
        let (accept, shed, reject) =
            (Admission::Accept, Admission::Shed { retry_after }, Admission::Reject { retry_after });
        // ANCHOR: admissions
        let table = [
            //             ordinary with room and without, optional with room and without, who connects is let in
            (Step::Normal, [[accept, accept], [accept, accept]], true),
            (Step::Shed, [[accept, accept], [shed, shed]], true),
            (Step::Reject, [[accept, reject], [reject, reject]], true),
            (Step::Refuse, [[accept, reject], [reject, reject]], false),
        ];
        // ANCHOR_END: admissions
        assert_eq!(table.map(|(step, ..)| step), Step::ALL);
        for (step, admissions, lets_in) in table {
            for (importance, expected) in Importance::ALL.into_iter().zip(admissions) {
                for (has_room, expected) in [true, false].into_iter().zip(expected) {
                    let decided = decide(step, importance, has_room, retry_after);
                    assert_eq!(decided, expected, "{} {importance:?}, room: {has_room}", step.name());
                }
            }
            assert_eq!(step.takes_connections(), lets_in, "{}", step.name());
        }
    }

    #[test]
    fn whoever_is_turned_away_is_told_a_code_of_the_catalog() {
        let retry_after = Duration::ZERO;
        let codes = [Admission::Accept, Admission::Shed { retry_after }, Admission::Reject { retry_after }]
            .map(|admission| admission.code().map(|code| code.code));
        assert_eq!(codes, [None, Some("OVERLOAD-SHED"), Some("OVERLOAD-REJECTED")]);
    }
}
