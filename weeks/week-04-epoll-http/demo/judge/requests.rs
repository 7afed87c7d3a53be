//! What the account says of the requests.

use evidence::{Criterion, Fact};

use super::{Seen, first};
use crate::account::{Account, Ledger};
use crate::far::LOST_REPLY;

pub(super) fn answered_once(account: &Account) -> Criterion {
    let wrong = account.where_(|ledger| ledger.begun && ledger.accepted != 1);
    let answered = account.where_(|ledger| ledger.accepted == 1).len() as u64;
    Criterion::check(
        "month-1.answered-once",
        "Every request has exactly one accepted reply in its client's log",
        wrong.is_empty() && answered > 0,
        format!("{} of {answered}: {:?}", wrong.len(), first(&wrong)),
    )
    .fact(Fact::count("requests", account.requests.len() as u64, "requests"))
    .fact(Fact::count("answered-once", answered, "requests"))
    .fact(Fact::count(
        "answered-twice",
        account.where_(|ledger| ledger.accepted > 1).len() as u64,
        "requests",
    ))
}

pub(super) fn none_dropped(account: &Account) -> Criterion {
    let silent = account.where_(|ledger| ledger.begun && ledger.tries() == 0);
    let strange = account.where_(|ledger| !ledger.begun);
    let given_up = account.where_(|ledger| ledger.given_up > 0);
    Criterion::check(
        "month-1.none-dropped",
        "Every request that was begun has an end on record, and none was given up",
        silent.is_empty() && strange.is_empty() && given_up.is_empty() && account.damaged == 0,
        format!(
            "no end: {:?}, begun by nobody: {:?}, given up: {:?}, damaged places: {}",
            first(&silent),
            first(&strange),
            first(&given_up),
            account.damaged
        ),
    )
    .fact(Fact::count("begun", account.where_(|ledger| ledger.begun).len() as u64, "requests"))
    .fact(Fact::count("given-up", given_up.len() as u64, "requests"))
}

// ANCHOR: executed
pub(super) fn executed_at_most_once_a_life(account: &Account) -> Criterion {
    let wrong = account.where_(|ledger| {
        ledger.executed.iter().any(|times| *times > 1) || ledger.executions() > ledger.tries()
    });
    let twice = account.where_(|ledger| ledger.executed == [1, 1]);
    Criterion::check(
        "month-1.executed-once-a-life",
        "No request was executed twice in one life of the server, nor more often than it was tried",
        wrong.is_empty(),
        format!("{} requests: {:?}", wrong.len(), first(&wrong)),
    )
    .fact(Fact::count("executed-in-both-lives", twice.len() as u64, "requests"))
    .fact(Fact::count(
        "tried-more-than-once",
        account.where_(|ledger| ledger.tries() > 1).len() as u64,
        "requests",
    ))
}
// ANCHOR_END: executed

/// The one case in which trying again means executing again.
pub(super) fn lost_reply(account: &Account) -> Criterion {
    let ledger = account.requests.get(LOST_REPLY).cloned().unwrap_or_default();
    Criterion::check(
        "month-1.lost-reply",
        "A request whose reply was lost was executed once in each life of the server, and answered once",
        ledger.executed == [1, 1] && ledger.accepted == 1,
        format!("{ledger:?}"),
    )
    .fact(Fact::count("executions", ledger.executions(), "executions"))
    .fact(Fact::count("accepted-replies", ledger.accepted, "replies"))
}

/// What the killed server had queued for its log is lost, and it is the end of it: nothing before its last record.
pub(super) fn only_the_last_records_are_missing(seen: &Seen<'_>) -> Criterion {
    let account = seen.account;
    let unrecorded = |ledger: &Ledger| ledger.accepted == 1 && ledger.executions() == 0;
    let missing = account.where_(unrecorded);
    let too_early =
        account.where_(|ledger| unrecorded(ledger) && ledger.accepted_us < account.last_record_us);
    Criterion::check(
        "month-1.only-last-records-missing",
        "A reply without a record at the server is one of the last before the kill",
        too_early.is_empty() && account.torn <= 1,
        format!("{} torn places; accepted before the last record: {:?}", account.torn, first(&too_early)),
    )
    .fact(Fact::count("replies-whose-record-died-with-the-server", missing.len() as u64, "requests"))
    .fact(Fact::count("torn-records", account.torn, "records"))
}
