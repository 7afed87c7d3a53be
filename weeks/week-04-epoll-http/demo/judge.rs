//! What was claimed, held against what was seen: one criterion a claim.

use evidence::{Criterion, Fact, Finding, Verdict};
use faults::process::Ended;
use logger::Entry;

use crate::Outcome;
use crate::account::{Account, LIVES, Ledger, trace};
use crate::clients::{CLIENTS, Did};
use crate::far::LOST_REPLY;
use crate::marks::{Marks, overlaps};
use crate::probe::Probe;
use crate::stage::{BUDGET, Stage};

/// Lines of a trace that are put on record: the first ones and the last ones.
const TRACE_LINES_MAX: (usize, usize) = (9, 3);

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
        .criterion(killed_under_load(seen))
        .criterion(answered_once(seen.account))
        .criterion(none_dropped(seen.account))
        .criterion(executed_at_most_once_a_life(seen.account))
        .criterion(lost_reply(seen.account))
        .criterion(only_the_last_records_are_missing(seen))
        .criterion(up_down_up(seen))
        .criterion(recovered(seen))
        .criterion(frozen_is_not_dead(seen))
        .criterion(one_id_two_logs(seen)?)
        .criterion(one_request_through_the_outage(seen)?)
        .criterion(stopped_in_order(seen))
        .criterion(script(seen)))
}

/// The failure has to have happened, or nothing is shown.
fn killed_under_load(seen: &Seen<'_>) -> Criterion {
    let Seen { account, ended, .. } = seen;
    let signal = ended.signal();
    let hit = account.where_(|ledger| ledger.failed > 0).len() as u64;
    let verdict = if signal == Some(9) && hit > 0 { Verdict::Passed } else { Verdict::Inconclusive };
    let why = format!("the server ended with signal {signal:?}, and {hit} requests noticed");
    Criterion::of(
        "month-1.killed-under-load",
        "The server was killed while requests were under way",
        verdict,
        why,
    )
    .fact(Fact::count("requests-that-noticed", hit, "requests"))
    .fact(Fact::count("failed-attempts", account.failures.len() as u64, "attempts"))
    .fact(Fact::text("what-the-clients-saw", &classes(&account.failures)))
    .fact(Fact::real("outage", seconds(seen.marks.outage), "s"))
}

fn answered_once(account: &Account) -> Criterion {
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

fn none_dropped(account: &Account) -> Criterion {
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

fn executed_at_most_once_a_life(account: &Account) -> Criterion {
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

/// The one case in which trying again means executing again.
fn lost_reply(account: &Account) -> Criterion {
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
fn only_the_last_records_are_missing(seen: &Seen<'_>) -> Criterion {
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

/// Up, down and up again, in this order and with nothing else in between.
fn up_down_up(seen: &Seen<'_>) -> Criterion {
    let Seen { prober, marks, .. } = seen;
    let mut course: Vec<(bool, f64)> = Vec::new();
    for probe in *prober {
        if course.last().is_none_or(|(up, _)| *up != probe.up) {
            course.push((probe.up, marks.at(probe.at)));
        }
    }
    let ups: Vec<bool> = course.iter().map(|(up, _)| *up).collect();
    let words: Vec<String> =
        course.iter().map(|(up, at)| format!("{} at {at:.2} s", if *up { "up" } else { "down" })).collect();
    let down = prober.iter().filter(|probe| !probe.up).count() as u64;
    Criterion::check(
        "month-1.up-down-up",
        "Health was seen up, then down, then up again",
        ups == [true, false, true],
        words.join(", "),
    )
    .fact(Fact::text("course", &words.join(", ")))
    .fact(Fact::count("questions", prober.len() as u64, "questions"))
    .fact(Fact::count("unanswered", down, "questions"))
}

fn recovered(seen: &Seen<'_>) -> Criterion {
    let Seen { marks, clients, account, .. } = seen;
    let sent = || clients.iter().flat_map(|did| &did.sent);
    let longest = sent().map(|sent| sent.took).max().unwrap_or_default();
    let most = sent().filter_map(|sent| sent.attempts).max().unwrap_or(0);
    let retries: u64 = account.requests.values().map(|ledger| ledger.tries().saturating_sub(1)).sum();
    let recovery = marks.recovered.duration_since(marks.outage.1);
    Criterion::check(
        "month-1.recovered-within-budget",
        "Every client was answered again, and no request took longer than its budget",
        longest <= BUDGET && sent().all(|sent| sent.attempts.is_some()),
        format!("the longest request took {:.1} s", longest.as_secs_f64()),
    )
    .fact(Fact::count("clients", CLIENTS as u64, "clients"))
    .fact(Fact::real("recovery-time", recovery.as_secs_f64() * 1e3, "ms"))
    .fact(Fact::real("longest-request", longest.as_secs_f64() * 1e3, "ms"))
    .fact(Fact::count("most-attempts-of-one-request", u64::from(most), "attempts"))
    .fact(Fact::count("retries", retries, "attempts"))
    .fact(Fact::real("budget", BUDGET.as_secs_f64(), "s"))
}

/// A frozen process is slow and not gone: nobody's connection breaks, and nothing has to be tried again.
fn frozen_is_not_dead(seen: &Seen<'_>) -> Criterion {
    let Seen { marks, clients, account, .. } = seen;
    let during = |span| {
        let sent = clients.iter().flat_map(|did| &did.sent);
        sent.filter(|sent| overlaps(sent.began, sent.took, span)).collect::<Vec<_>>()
    };
    let (client, server) = (during(marks.client_frozen), during(marks.server_frozen));
    let killed_at = marks.at(marks.outage.0);
    let early = account.failures.iter().filter(|(ms, _)| marks.at_log_time(*ms) < killed_at - 0.001).count();
    let longest = server.iter().map(|sent| sent.took).max().unwrap_or_default();
    Criterion::check(
        "month-1.frozen-is-not-dead",
        "While a client was frozen all others were served, while the server was frozen they waited, and none failed",
        early == 0 && !client.is_empty() && !server.is_empty(),
        format!("{early} failed attempts before the kill"),
    )
    .fact(Fact::count("answered-while-a-client-was-frozen", client.len() as u64, "requests"))
    .fact(Fact::count("failed-attempts-before-the-kill", early as u64, "attempts"))
    .fact(Fact::count("requests-that-waited-for-the-frozen-server", server.len() as u64, "requests"))
    .fact(Fact::real("longest-wait-for-the-frozen-server", longest.as_secs_f64() * 1e3, "ms"))
    .fact(Fact::real("frozen-for", seconds(marks.server_frozen) * 1e3, "ms"))
}

fn one_id_two_logs(seen: &Seen<'_>) -> Outcome<Criterion> {
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

fn one_request_through_the_outage(seen: &Seen<'_>) -> Outcome<Criterion> {
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

fn stopped_in_order(seen: &Seen<'_>) -> Criterion {
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
fn script(seen: &Seen<'_>) -> Criterion {
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

fn seconds(span: crate::marks::Span) -> f64 {
    span.1.duration_since(span.0).as_secs_f64()
}

fn first<'a>(ids: &'a [&'a str]) -> &'a [&'a str] {
    &ids[..ids.len().min(5)]
}

/// How often each class came, in words.
fn classes(failures: &[(i64, String)]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for (_, class) in failures {
        *counts.entry(class.as_str()).or_insert(0_u64) += 1;
    }
    counts.iter().map(|(class, count)| format!("{count} times {class}")).collect::<Vec<_>>().join(", ")
}
