//! Pages that follow from data alone: a week at a glance, the brief of a day that is not built, a week's evidence.

use std::fmt::Write;

use crate::course::{Day, MonthReview, Week};
use crate::pages::chart::Setting;
use crate::pages::directive::board::of_week;
use crate::pages::directive::month::review_text;
use crate::pages::directive::week::{brief_text, checkpoint_text, selfcheck_text};
use crate::pages::engine::Context;
use crate::pages::markdown::{code, one_line, plain, prose, table};
use crate::pages::report;
use crate::pages::shelf::Shelf;

/// What every page of a week that is not built begins with.
fn planned(week: &Week) -> String {
    if week.built {
        return String::new();
    }
    format!(
        "<div class=\"lab-planned\" role=\"note\">\n\n**Not built yet; this is the brief.** Week {} will have its \
         code, gate, drill and evidence when it is built. What it asks for stands.\n\n</div>\n\n",
        week.week
    )
}

/// A week at a glance.
pub(crate) fn week(week: &Week, context: &Context<'_>) -> String {
    let mut out = format!("# Week {}: {}\n\n{}", week.week, plain(&week.title), planned(week));
    let _ = writeln!(out, "{}\n\n{}\n", sentence(&week.theme), prose(&week.why));
    let _ = writeln!(
        out,
        "{}",
        table(
            &["The week in brief", ""],
            &[
                vec!["New".into(), one_line(&week.new)],
                vec!["Builds on".into(), one_line(&week.reinforces)],
                vec!["Gate".into(), one_line(&week.gate.claim)],
                vec!["Drill".into(), one_line(&week.drill.claim)],
                vec!["Library".into(), code(&week.library)],
                vec!["Stands".into(), of_week(context.board, week.week).word().into()],
            ]
        )
    );
    let rows: Vec<Vec<String>> = week
        .days
        .iter()
        .map(|day| {
            let minutes = day.minutes.learn + day.minutes.work + day.minutes.prove;
            vec![
                format!("[{}.{} {}](day-{}-{}.md)", week.week, day.day, plain(&day.title), day.day, day.slug),
                one_line(&day.constraint),
                format!("{minutes} min"),
            ]
        })
        .collect();
    let _ = writeln!(out, "{}", table(&["Day", "Its one new constraint", "Time"], &rows));
    let evidence = if report::entries(week, context.shelf).is_empty() {
        ""
    } else {
        ", then the [evidence](evidence.md)"
    };
    let _ = writeln!(out, "The week ends with the [checkpoint](checkpoint.md){evidence}.");
    out
}

/// What a page of a built week begins with as long as nobody has written it; only a draft gets so far.
fn unwritten(week: &Week) -> String {
    if !week.built {
        return planned(week);
    }
    "<div class=\"lab-stale\" role=\"note\">\n\n**Not written yet.** This draft shows what week.yaml says.\n\n</div>\n\n".into()
}

/// The brief of a day.
pub(crate) fn day(week: &Week, day: &Day) -> String {
    let mut out = format!("# {}.{} {}\n\n{}", week.week, day.day, plain(&day.title), unwritten(week));
    let _ = writeln!(out, "## Why it matters\n\n{}\n", prose(&day.why));
    let _ = writeln!(out, "## Learn\n");
    for item in &day.learn {
        let _ = writeln!(out, "- {}", one_line(item));
    }
    let _ = writeln!(out, "\n## Do and prove\n\n{}", brief_text(week, day));
    if !day.self_check.is_empty() {
        let _ = writeln!(out, "## Self-check\n\n{}", selfcheck_text(week, day, Setting::Inline));
    }
    out
}

/// The end of a week that is not built.
pub(crate) fn checkpoint(week: &Week) -> String {
    let mut out = format!("# Checkpoint {}: {}\n\n{}", week.week, plain(&week.title), unwritten(week));
    let _ = writeln!(
        out,
        "{}\n{}",
        table(
            &["At the end of the week", ""],
            &[
                vec!["Gate".into(), one_line(&week.gate.claim)],
                vec!["Drill".into(), one_line(&week.drill.claim)],
            ]
        ),
        checkpoint_text(week)
    );
    out
}

/// The review of a month that is not complete.
pub(crate) fn month(week: &Week, review: &MonthReview) -> String {
    let mut out = format!("# Month {}: {}\n\n{}", review.month, plain(&review.title), unwritten(week));
    out.push_str(&review_text(review));
    out
}

/// Everything that a week's records hold; nothing where none was made.
pub(crate) fn evidence(week: &Week, shelf: &Shelf) -> Option<String> {
    (!report::entries(week, shelf).is_empty()).then(|| report::markdown(week, shelf, Setting::Inline))
}

/// A theme as a sentence of its own.
fn sentence(text: &str) -> String {
    let text = one_line(text);
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}
