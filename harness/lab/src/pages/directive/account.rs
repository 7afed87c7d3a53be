//! The account of a drill, and the lines that say how a record stands.

use std::fmt::Write;

use evidence::{DrillAccount, Trial};

use super::records::criteria_table;
use super::{lacking, one};
use crate::pages::chart::Setting;
use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::{code, plain, table};
use crate::pages::quantity::{grouped, quantity};
use crate::pages::shelf::{Entry, short_commit};
use crate::pages::verdict;

pub(super) fn drill(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let id = one(argument, "drill <record>")?;
    let record = &page.record(id)?.record;
    let account = record.finding.drill.as_ref();
    let account = account.ok_or_else(|| lacking(record, format!("{id} is no drill")))?;
    Ok(drill_text(account, page.context.setting))
}

/// Hypothesis, the two trials side by side, their invariants and what happened when.
pub(in crate::pages) fn drill_text(drill: &DrillAccount, setting: Setting) -> String {
    let mut out = table(
        &["Hypothesis", ""],
        &[
            vec!["Steady state".into(), plain(&drill.steady_state)],
            vec!["Fault".into(), plain(&drill.fault)],
            vec!["What may suffer".into(), plain(&drill.degraded_mode)],
            vec!["What ends it".into(), plain(&drill.recovery_trigger)],
            vec!["Recovered within".into(), quantity(drill.recovery_within_ms as f64, "ms")],
        ],
    );
    let recovery = |t: &Trial| t.recovery_ms.map_or("—".to_string(), |ms| quantity(ms as f64, "ms"));
    let row = |name: &str, cell: &dyn Fn(&Trial) -> String| {
        vec![name.to_string(), cell(&drill.control), cell(&drill.experiment)]
    };
    out.push('\n');
    out.push_str(&table(
        &["", "Control run", "Experiment"],
        &[
            row("Verdict", &|t| verdict::text(t.verdict())),
            row("Faults that happened", &|t| grouped(t.faults_injected)),
            row("Time to recover", &recovery),
        ],
    ));
    for (name, trial) in [("Experiment", &drill.experiment), ("Control run", &drill.control)] {
        let _ = write!(out, "\n**{name}: invariants**\n\n{}", criteria_table(&trial.invariants));
        if !trial.timeline.is_empty() {
            out.push('\n');
            out.push_str(&folded(&format!("{name}: timeline"), &timeline(trial), setting));
        }
    }
    let _ = write!(out, "\nReplay: {}\n", code(&drill.replay));
    out
}

fn timeline(trial: &Trial) -> String {
    let rows: Vec<Vec<String>> =
        trial.timeline.iter().map(|(ms, event)| vec![quantity(*ms as f64, "ms"), plain(event)]).collect();
    table(&["After", "Event"], &rows)
}

/// Something that is there for who asks: folded in the book, plain in a file that is read as text.
pub(in crate::pages) fn folded(summary: &str, body: &str, setting: Setting) -> String {
    match setting {
        Setting::Inline => {
            format!("<details>\n<summary>{}</summary>\n\n{body}\n</details>\n", plain(summary))
        }
        Setting::File => format!("**{}**\n\n{body}", plain(summary)),
    }
}

pub(super) fn status(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let id = one(argument, "status <record>")?;
    let entry = page.record(id)?;
    let text = status_text(entry);
    Ok(match page.context.setting {
        Setting::Inline => {
            let class = if entry.stale.is_empty() {
                entry.record.finding.verdict.to_string()
            } else {
                "stale".into()
            };
            format!("<div class=\"lab-status {class}\">\n\n{text}\n\n</div>")
        }
        Setting::File => text,
    })
}

/// Verdict, claim, and when, where and by which command it was recorded.
pub(in crate::pages) fn status_text(entry: &Entry) -> String {
    let record = &entry.record;
    let stale = if entry.stale.is_empty() { "" } else { ", **stale**" };
    let modified = match record.commit.modified.len() {
        0 => String::new(),
        1 => " with 1 changed input".into(),
        n => format!(" with {n} changed inputs"),
    };
    format!(
        "**{}**{stale}: {}\n\n{} was recorded {} at commit {}{modified}, profile {}, on {} ({} cores). Again with {}.",
        verdict::text(record.finding.verdict),
        plain(&record.finding.claim),
        code(&record.id),
        plain(&minute(&record.started_at)),
        code(short_commit(&record.commit.id)),
        plain(&record.profile),
        plain(&record.environment.cpu),
        record.environment.cores,
        code(&record.command),
    )
}

/// `2026-11-23T07:44:12.123Z` as `2026-11-23 07:44 UTC`; anything else as it stands.
pub(in crate::pages) fn minute(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(10..11), rfc3339.get(11..16), rfc3339.ends_with('Z')) {
        (Some(date), Some("T"), Some(time), true) => format!("{date} {time} UTC"),
        _ => rfc3339.into(),
    }
}
