//! What the logs tell of single requests, and the journal of the script.

use evidence::{Criterion, Fact};
use logger::Entry;

use super::Seen;
use crate::Outcome;
use crate::account::{LIVES, trace};
use crate::clients::CLIENTS;

/// Lines of a trace that are put on record: the first ones and the last ones.
const TRACE_LINES_MAX: (usize, usize) = (9, 3);

pub(super) fn one_id_two_logs(seen: &Seen<'_>) -> Outcome<Criterion> {
    let found = trace(seen.stage, &["http-get".into(), LIVES[0].into()], &seen.traced)?;
    let nodes: Vec<&str> = found.iter().map(|entry| &*entry.node_id).collect();
    let criterion = Criterion::check(
        "month-1.one-id-two-logs",
        "The id that http-get chose is in its own log and in the server's, answer before receipt",
        nodes == ["server-1", "http-get"],
        format!("found in {nodes:?}"),
    );
    Ok(with_lines(criterion, &found))
}

pub(super) fn one_request_through_the_outage(seen: &Seen<'_>) -> Outcome<Criterion> {
    let id = seen.account.most_telling().ok_or("no request was made")?;
    let clients = (0..CLIENTS).map(|number| format!("client-{number}"));
    let guests = ["client-far", "echo-client-1", "echo-client-2"].into_iter().chain(LIVES).map(str::to_owned);
    let found = trace(seen.stage, &clients.chain(guests).collect::<Vec<_>>(), id)?;
    let ledger = &seen.account.requests[id];
    let retried = ledger.tries() > 1 && ledger.accepted == 1 && ledger.executed[1] == 1;
    let criterion = Criterion::check(
        "month-1.through-the-outage",
        "A request that met the kill was tried again under its id, and answered by the next server",
        retried,
        format!("the most telling request is {id}: {ledger:?}"),
    )
    .fact(Fact::text("request-id", id))
    .fact(Fact::count("tries", ledger.tries(), "attempts"))
    .fact(Fact::count("executions", ledger.executions(), "executions"));
    Ok(with_lines(criterion, &found))
}

pub(super) fn stopped_in_order(seen: &Seen<'_>) -> Criterion {
    let stopped = &seen.stopped;
    let (code, stderr) = (stopped.code(), stopped.stderr_text());
    Criterion::check(
        "month-1.stopped-in-order",
        "The second server ended by SIGTERM with exit code 0 and nothing on standard error",
        code == Some(0) && stderr.is_empty(),
        format!("exit code {code:?}, standard error: {stderr}"),
    )
    .fact(Fact::text("last-words", stopped.stdout_text().lines().last().unwrap_or("")))
}

/// The script as it was performed, from the journal that `eventlog` kept.
pub(super) fn script(seen: &Seen<'_>) -> Criterion {
    let steps = seen.steps;
    let ordered = steps.is_sorted_by_key(|(ms, _)| *ms);
    let claim = "Every step of the script is in the journal that eventlog kept, in order";
    let criterion =
        Criterion::check("month-1.script", claim, ordered && steps.len() == 9, format!("{steps:?}"));
    steps.iter().enumerate().fold(criterion, |criterion, (number, (ms, step))| {
        let at = seen.marks.at_log_time(*ms);
        criterion.fact(Fact::text(&format!("step-{}", number + 1), &format!("{at:.2} s: {step}")))
    })
}

/// The records of a trace as facts, with their distance from the first one.
fn with_lines(criterion: Criterion, found: &[Entry<'static>]) -> Criterion {
    let start = found.first().map_or(0, |entry| entry.ts.as_microsecond());
    let (head, tail) = TRACE_LINES_MAX;
    let shown = found.iter().enumerate().filter(|(at, _)| *at < head || at + tail >= found.len());
    shown.fold(criterion, |criterion, (number, entry)| {
        let offset = (entry.ts.as_microsecond() - start) as f64 / 1e3;
        let msg: String = entry.msg.chars().take(160).collect();
        let line = format!("+{offset:.3} ms {}: {msg}", entry.node_id);
        criterion.fact(Fact::text(&format!("trace-{:02}", number + 1), &line))
    })
}
