//! What every [`Poller`](crate::Poller) has to do, said once and checked against each.
//!
//! A trait fixes the calls and leaves the behaviour to prose. Here the prose of the [contract](crate::poller) is turned
//! into small checks, each a function over any poller and named after what it claims. [`conformance!`](macro@crate::conformance)
//! makes a test of every check, so that a failure carries the claim in its name:
//!
//! ```text
//! mod select {
//!     event_loop::conformance!(event_loop::Select);
//! }
//!
//! FAIL  conformance select::interest::no_interest_is_silence_even_after_a_hang_up
//! ```
//!
//! The checks use real sockets and never sleep. Where something has to have arrived before silence means anything, a
//! second poller is the witness. A wait that should end has a deadline of ten seconds, so that a lost wakeup is a
//! failure and no hang.
//!
//! How the suite could be fooled, and what is done about it: by a poller that answers too much (every answer is looked
//! through for tokens that come twice and for events without content), by one that returns at once with nothing (a wait
//! without events must have lasted), by one that is right only while few are ready ([`many`]).
#![allow(clippy::unwrap_used, reason = "checks: what goes wrong is the finding")]

pub mod endings;
pub mod interest;
pub mod many;
pub mod readiness;
pub mod registration;
mod rig;
mod signal;
pub mod time;

use std::sync::{Mutex, MutexGuard, PoisonError};

static TURN: Mutex<()> = Mutex::new(());

/// One check at a time, where a test runner has several in one process: a crowd in front of `select` uses up all numbers
/// below 1,024, and its neighbours would get higher ones.
pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes one `#[test]` of each check, for the poller named; to be called once in a module of its own.
#[macro_export]
macro_rules! conformance {
    ($poller:ty) => {
        $crate::conformance! { @group $poller, readiness:
            nothing_ready_is_an_empty_answer_that_forgets_the_last_one
            bytes_make_a_descriptor_readable_and_nothing_else
            unread_bytes_are_told_in_every_answer
            half_of_the_work_done_is_told_again_and_all_of_it_is_not
            a_peer_to_accept_makes_a_listener_readable
            both_kinds_of_readiness_come_in_one_event
        }
        $crate::conformance! { @group $poller, interest:
            room_to_write_is_told_only_while_asked_for
            a_full_send_buffer_is_not_writable_until_the_peer_reads
            a_change_of_interest_counts_from_the_next_wait
            a_changed_token_is_the_one_that_is_told
            what_arrived_without_interest_is_told_with_it
            no_interest_is_silence_even_after_a_hang_up
            no_interest_is_silence_even_after_a_reset
        }
        $crate::conformance! { @group $poller, endings:
            the_end_of_a_stream_is_readable_in_every_answer
            after_a_half_close_the_other_direction_still_has_room
            a_reset_is_readable_and_the_read_says_so
            a_reset_frees_a_writer_from_a_full_buffer
            a_pipe_whose_other_end_is_gone_wakes_its_reader_and_its_writer
            peers_that_leave_in_the_middle_hide_nobody
        }
        $crate::conformance! { @group $poller, registration:
            adding_twice_is_refused_and_changes_nothing
            what_is_not_watched_can_be_neither_changed_nor_removed
            silence_is_known_and_is_not_the_same_as_absence
            a_removed_descriptor_is_told_no_more
            removals_in_the_middle_leave_the_others_their_tokens
            a_number_used_again_inherits_nothing
            every_bit_of_a_token_comes_back
        }
        $crate::conformance! { @group $poller, many:
            everybody_who_is_ready_is_told_within_bounded_waits
            a_busy_descriptor_hides_no_quiet_one
            a_turn_over_a_crowd_that_comes_and_goes_stays_exact
        }
        $crate::conformance! { @group $poller, time:
            a_wait_without_events_lasts_for_its_timeout
            a_timeout_beyond_the_kernels_range_is_for_ever_and_no_error
            a_wait_without_timeout_ends_with_the_first_byte
            no_wakeup_is_lost_between_a_change_of_interest_and_the_wait
            a_signal_ends_a_wait_with_no_events_and_no_error
        }
    };
    (@group $poller:ty, $group:ident: $($check:ident)*) => {
        mod $group {
            #[allow(unused_imports, reason = "for pollers that are named by a path of the calling module")]
            use super::*;

            $(
                #[test]
                fn $check() {
                    let _turn = $crate::conformance::turn();
                    $crate::conformance::$group::$check::<$poller>();
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    /// A check that nobody calls would pass for ever.
    #[test]
    fn every_check_is_called_by_the_macro() {
        let suite = include_str!("conformance.rs");
        let groups = [
            include_str!("conformance/endings.rs"),
            include_str!("conformance/interest.rs"),
            include_str!("conformance/many.rs"),
            include_str!("conformance/readiness.rs"),
            include_str!("conformance/registration.rs"),
            include_str!("conformance/time.rs"),
        ];
        let checks: Vec<&str> = groups
            .iter()
            .flat_map(|group| group.lines())
            .filter_map(|line| line.strip_prefix("pub fn ")?.split('<').next())
            .collect();
        assert!(checks.len() > 30, "the search finds the checks: {checks:?}");
        for check in checks {
            assert!(suite.lines().any(|line| line.trim() == check), "{check} is in no list");
        }
    }
}
