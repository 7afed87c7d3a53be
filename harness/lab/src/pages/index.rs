//! `evidence/index.html`: the one page to open. It needs nothing but this folder, and is two clicks from every proof.

use std::fmt::Write;

use evidence::Record;

use super::chart::{Setting, svg::escape};
use super::directive::account::minute;
use super::directive::board::{class, grid, of_week};
use super::quantity::quantity;
use super::report;
use super::shelf::{Entry, Shelf, short_commit};
use super::theme;
use super::verdict::sign;
use crate::course::{Course, Week};
use crate::status::Board;

/// The page. `files` are all derived files below the evidence folder, which it links to.
pub(crate) fn html(course: &Course, shelf: &Shelf, board: &Board, files: &[String]) -> String {
    let mut main = String::new();
    opening(&mut main, shelf);
    let picture = grid(course, board, &|week, _| (week.built).then(|| format!("#week-{:02}", week.week)));
    let _ = write!(
        main,
        "<section aria-labelledby=\"board\"><h2 id=\"board\">The course as it stands</h2>{picture}</section>"
    );
    for (_, week) in course.weeks.iter().filter(|(_, w)| w.built) {
        section(&mut main, week, shelf, board, files);
    }
    demos(&mut main, shelf, files);
    verify(&mut main);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>CivicTrust Lab: evidence</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"description\" content=\"Every gate, drill and measurement of the course, with its proof\">\
         <link rel=\"icon\" href=\"data:image/svg+xml,{icon}\"><style>{style}</style></head>\
         <body><header>{sign}<h1>Evidence</h1><p>CivicTrust Lab</p></header><main>{main}</main></body></html>\n",
        icon = percent_encoded(theme::SIGN.trim()),
        style = theme::index_style(),
        sign = theme::SIGN.trim(),
    )
}

/// What this folder is, in numbers that come from it.
fn opening(out: &mut String, shelf: &Shelf) {
    let entries: Vec<&Entry> = shelf.entries().map(|(_, e)| e).collect();
    let stale = entries.iter().filter(|e| !e.stale.is_empty()).count();
    let passed = entries.iter().filter(|e| e.record.finding.verdict == evidence::Verdict::Passed).count();
    let last = entries.iter().map(|e| e.record.finished_at.as_str()).max();
    let commits: std::collections::BTreeSet<&str> =
        entries.iter().map(|e| short_commit(&e.record.commit.id)).collect();
    let _ = write!(
        out,
        "<p class=\"lead\">{} records, {passed} passed{}. {}{}</p>",
        entries.len(),
        if stale > 0 {
            format!(", <strong class=\"stale\">{stale} stale</strong>")
        } else {
            ", none stale".into()
        },
        last.map(|l| format!("Last recorded {}", escape(&minute(l)))).unwrap_or_default(),
        match commits.len() {
            0 => String::new(),
            1 => format!(" at commit <code>{}</code>.", escape(commits.first().unwrap_or(&""))),
            n => format!(" at {n} commits."),
        },
    );
    let missing: Vec<String> =
        shelf.missing().map(|(id, _)| format!("<code>{}</code>", escape(id))).collect();
    if !missing.is_empty() {
        let _ = write!(
            out,
            "<p>Not recorded yet: {}. <code>cargo lab run</code> records all that is built.</p>",
            missing.join(", ")
        );
    }
}

fn section(out: &mut String, week: &Week, shelf: &Shelf, board: &Board, files: &[String]) {
    let folder = format!("week-{:02}", week.week);
    let state = of_week(board, week.week);
    let _ = write!(
        out,
        "<section class=\"record-week\" aria-labelledby=\"{folder}\"><h2 id=\"{folder}\">Week {}: {} \
         <span class=\"chip {}\">{} {}</span></h2><p>{}</p>",
        week.week,
        escape(&week.title),
        class(state),
        state.sign(),
        state.word(),
        words(&week.theme),
    );
    let entries = report::entries(week, shelf);
    if entries.is_empty() {
        let _ = write!(
            out,
            "<p>Nothing recorded yet: run <code>cargo lab gate {}</code>.</p></section>",
            week.week
        );
        return;
    }
    let has = |path: &str| files.iter().any(|f| f == path);
    let report_path = format!("{folder}/report.md");
    if has(&report_path) {
        let _ = write!(out, "<p class=\"links\"><a href=\"{report_path}\">The week's report</a></p>");
    }
    for entry in entries {
        record(out, entry);
    }
    let prefix = format!("{folder}/");
    let deliverables: Vec<&String> = files
        .iter()
        .filter(|f| f.strip_prefix(&prefix).is_some_and(|n| n.starts_with("day") && !n.contains('/')))
        .collect();
    if !deliverables.is_empty() {
        out.push_str("<h3>Deliverables</h3><ul class=\"files\">");
        for path in deliverables {
            let _ = write!(out, "<li><a href=\"{path}\">{}</a></li>", escape(&path[prefix.len()..]));
        }
        out.push_str("</ul>");
    }
    out.push_str("</section>");
}

/// One record: verdict, claim, criteria and comparisons in a line each, and its charts.
fn record(out: &mut String, entry: &Entry) {
    let r = &entry.record;
    let finding = &r.finding;
    let name = report::kind_name(r.kind);
    let verdict = finding.verdict;
    let _ = write!(
        out,
        "<article class=\"record\"><h3>{name} <span class=\"chip {verdict}\">{} {verdict}</span>{}</h3><p>{}</p>",
        sign(verdict),
        if entry.stale.is_empty() { "" } else { " <span class=\"chip stale\">◐ stale</span>" },
        words(&finding.claim),
    );
    lines(out, r);
    // Linked and not inlined: the page would grow with every measurement, and each drawing is a file anyway.
    for drawn in report::charts(r, Setting::File) {
        let _ = write!(
            out,
            "<figure class=\"lab-figure\"><a href=\"{path}\"><img src=\"{path}\" alt=\"{title}\" loading=\"lazy\" \
             {size}></a></figure>",
            path = escape(&drawn.path),
            title = escape(&drawn.title),
            size = size(&drawn.drawing),
        );
    }
    if !entry.stale.is_empty() {
        let _ =
            write!(out, "<details><summary>What has moved on since ({})</summary><ul>", entry.stale.len());
        for input in &entry.stale {
            let _ = write!(out, "<li><code>{}</code></li>", escape(input));
        }
        out.push_str("</ul></details>");
    }
    let _ = write!(
        out,
        "<p class=\"source\"><a href=\"{id}.json\">{id}.json</a> · {} · commit <code>{}</code> · {} ({} cores) · again with <code>{}</code></p></article>",
        escape(&minute(&r.started_at)),
        escape(short_commit(&r.commit.id)),
        escape(&r.environment.cpu),
        r.environment.cores,
        escape(&r.command),
        id = escape(&r.id),
    );
}

/// Width and height of a drawing, so that the page does not jump while it loads.
fn size(drawing: &str) -> &str {
    let root = drawing.split('>').next().unwrap_or("");
    let start = root.find("width=\"");
    start.map_or("", |start| &root[start..])
}

fn lines(out: &mut String, r: &Record) {
    let finding = &r.finding;
    let mut rows = String::new();
    // A drill's criteria may already speak of its invariants; each claim is shown once.
    let invariants = finding.drill.iter().flat_map(|d| &d.experiment.invariants);
    let further = invariants.filter(|i| finding.criteria.iter().all(|c| c.claim != i.claim));
    for c in finding.criteria.iter().chain(further) {
        let _ = write!(
            rows,
            "<li class=\"{0}\"><span class=\"sign\">{1}</span> {2}</li>",
            c.verdict,
            sign(c.verdict),
            words(&c.claim)
        );
    }
    for ratio in &finding.ratios {
        let bar = ratio.bar.map(|b| format!(", at least {} wanted", quantity(b, "x"))).unwrap_or_default();
        let _ = write!(
            rows,
            "<li class=\"{0}\"><span class=\"sign\">{1}</span> {2}: <strong>{3}</strong> ({4} to {5} over {6} rounds{bar})</li>",
            if ratio.bar.is_some() { ratio.verdict().to_string() } else { String::new() },
            if ratio.bar.is_some() { sign(ratio.verdict()) } else { "·" },
            words(ratio.claim.trim_end_matches('.')),
            quantity(ratio.median, "x"),
            quantity(ratio.low, "x"),
            quantity(ratio.high, "x"),
            ratio.rounds,
        );
    }
    if let Some(drill) = &finding.drill {
        let recovery = drill.experiment.recovery_ms.map_or("no recovery recorded".into(), |ms| {
            format!(
                "recovered in {} ({} allowed)",
                quantity(ms as f64, "ms"),
                quantity(drill.recovery_within_ms as f64, "ms")
            )
        });
        let _ = write!(
            rows,
            "<li><span class=\"sign\">·</span> fault injected {} times, {recovery}</li>",
            drill.experiment.faults_injected
        );
    }
    let _ = write!(out, "<ul class=\"claims\">{rows}</ul>");
}

fn demos(out: &mut String, shelf: &Shelf, files: &[String]) {
    for (_, entry) in shelf.entries().filter(|(id, _)| id.starts_with("month-")) {
        let folder = entry.record.id.split('/').next().unwrap_or_default();
        let _ = write!(out, "<section><h2 id=\"{folder}\">{}</h2>", escape(&folder.replace('-', " ")));
        record(out, entry);
        out.push_str("<ul class=\"files\">");
        for path in files.iter().filter(|f| f.starts_with(&format!("{folder}/"))) {
            let _ = write!(out, "<li><a href=\"{path}\">{}</a></li>", escape(path));
        }
        out.push_str("</ul></section>");
    }
}

fn verify(out: &mut String) {
    out.push_str(
        "<section aria-labelledby=\"verify\"><h2 id=\"verify\">Check it yourself, offline</h2>\
         <p>Nothing here asks to be believed. In a clone of the course, with no network:</p>\
         <pre><code>cargo lab verify              # recompute every digest of this folder\n\
         cargo lab verify --fresh      # and refuse what is no longer about the present source\n\
         cargo lab run                 # or make all of it again on your own machine</code></pre>\
         <p><a href=\"manifest.json\">manifest.json</a> lists the digest of every file here and the records that each \
         derived file came from. A record carries its own digest over its canonical bytes and the digest of every \
         input that it was made from. <em>Tampered</em> and <em>stale</em> are different: a record that does not fit \
         its digest is refused; one whose sources have moved on is still true of its commit, and says so.</p></section>",
    );
}

/// A sentence as HTML: what stands between two backticks is code.
fn words(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let whole = parts.len() % 2 == 1;
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        match index % 2 == 1 && whole {
            true => out.push_str(&format!("<code>{}</code>", escape(part))),
            false if index > 0 && !whole => out.push_str(&format!("`{}", escape(part))),
            false => out.push_str(&escape(part)),
        }
    }
    out
}

/// A text as part of a `data:` address.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b':'
            | b'='
            | b' ' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
