//! The failure itself, and what clients and prober made of it.

use evidence::{Criterion, Fact, Verdict};

use super::{Seen, seconds};
use crate::clients::CLIENTS;
use crate::marks::overlaps;
use crate::stage::BUDGET;

/// The failure has to have happened, or nothing is shown.
pub(super) fn killed_under_load(seen: &Seen<'_>) -> Criterion {
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

/// Up, down and up again, in this order and with nothing else in between.
pub(super) fn up_down_up(seen: &Seen<'_>) -> Criterion {
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

pub(super) fn recovered(seen: &Seen<'_>) -> Criterion {
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
pub(super) fn frozen_is_not_dead(seen: &Seen<'_>) -> Criterion {
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

/// How often each class came, in words.
fn classes(failures: &[(i64, String)]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for (_, class) in failures {
        *counts.entry(class.as_str()).or_insert(0_u64) += 1;
    }
    counts.iter().map(|(class, count)| format!("{count} times {class}")).collect::<Vec<_>>().join(", ")
}
