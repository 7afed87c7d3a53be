//! Claim: who goes next follows from what came before, by a rule that anybody can play through with a pencil; and for
//! whatever comes, nobody starves and nobody has more than the share that the weights give.
//!
//! The stories in `fixtures/dispatch` are read by people first. A block is some commands, `---`, and what they say; a test
//! plays the commands and compares every line. It could be fooled by a story that was written from what the code did, so
//! each was worked out on paper; and by stories that are all alike, so `dispatch/rule.rs` rolls dice instead.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "dispatch/rule.rs"]
mod rule;
#[path = "dispatch/story.rs"]
mod story;

#[test]
fn a_class_has_its_own_end_and_is_served_in_order() {
    story::play("bound.txt");
}

#[test]
fn computing_time_is_shared_by_weight_and_not_by_number() {
    story::play("shares.txt");
}

#[test]
fn a_budget_is_charged_in_advance_and_settled_afterwards() {
    story::play("charges.txt");
}

#[test]
fn credit_is_not_saved() {
    story::play("pause.txt");
}

#[test]
fn at_most_so_many_of_a_class_run_at_once() {
    story::play("running.txt");
}

#[test]
fn what_waits_at_the_close_goes_out_or_is_taken_out() {
    story::play("close.txt");
}
