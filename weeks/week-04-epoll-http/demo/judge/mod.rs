//! What was claimed, held against what was seen: one criterion a claim.

mod outage;
mod requests;
mod traces;

use evidence::Finding;
use faults::process::Ended;

use crate::Outcome;
use crate::account::Account;
use crate::clients::Did;
use crate::marks::{Marks, Span};
use crate::probe::Probe;
use crate::stage::Stage;

/// Everything that there is to judge by.
pub(crate) struct Seen<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) marks: &'a Marks,
    pub(crate) clients: &'a [Did],
    pub(crate) prober: &'a [Probe],
    pub(crate) account: &'a Account,
    /// How the first life ended, and the second.
    pub(crate) ended: Ended,
    pub(crate) stopped: Ended,
    /// The id that `http-get` asked under.
    pub(crate) traced: String,
    pub(crate) steps: &'a [(i64, String)],
}

/// All criteria.
pub(crate) fn all(finding: Finding, seen: &Seen<'_>) -> Outcome<Finding> {
    Ok(finding
        .criterion(outage::killed_under_load(seen))
        .criterion(requests::answered_once(seen.account))
        .criterion(requests::none_dropped(seen.account))
        .criterion(requests::executed_at_most_once_a_life(seen.account))
        .criterion(requests::lost_reply(seen.account))
        .criterion(requests::only_the_last_records_are_missing(seen))
        .criterion(outage::up_down_up(seen))
        .criterion(outage::recovered(seen))
        .criterion(outage::frozen_is_not_dead(seen))
        .criterion(traces::one_id_two_logs(seen)?)
        .criterion(traces::one_request_through_the_outage(seen)?)
        .criterion(traces::stopped_in_order(seen))
        .criterion(traces::script(seen)))
}

fn seconds(span: Span) -> f64 {
    span.1.duration_since(span.0).as_secs_f64()
}

fn first<'a>(ids: &'a [&'a str]) -> &'a [&'a str] {
    &ids[..ids.len().min(5)]
}
