//! The board: 24 weeks by 6 days as they stand. One picture for the book's front page and the evidence index.

use std::fmt::Write;

use evidence::Verdict;

use crate::course::{Course, Week};
use crate::pages::chart::{Setting, svg::escape};
use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::table;
use crate::pages::shelf::Shelf;

/// How a week stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Standing {
    /// Not built: there is only the brief.
    Planned,
    /// Built, and its gate was not run.
    Open,
    /// The gate passed on the present inputs.
    Proven,
    /// The gate passed, on inputs that have moved on.
    Stale,
    /// The gate ran and did not pass.
    Failed,
}

impl Standing {
    const ALL: [Standing; 5] =
        [Standing::Proven, Standing::Stale, Standing::Failed, Standing::Open, Standing::Planned];

    /// As its gate was recorded.
    pub(in crate::pages) fn of(week: &Week, shelf: &Shelf) -> Standing {
        if !week.built {
            return Standing::Planned;
        }
        match shelf.get(&format!("week-{:02}/gate", week.week)) {
            Err(_) => Standing::Open,
            Ok(gate) if gate.record.finding.verdict != Verdict::Passed => Standing::Failed,
            Ok(gate) if !gate.stale.is_empty() => Standing::Stale,
            Ok(_) => Standing::Proven,
        }
    }

    /// The word.
    pub(in crate::pages) fn word(self) -> &'static str {
        match self {
            Standing::Planned => "planned",
            Standing::Open => "open",
            Standing::Proven => "proven",
            Standing::Stale => "stale",
            Standing::Failed => "failed",
        }
    }

    /// The sign, readable without colour.
    pub(in crate::pages) fn sign(self) -> &'static str {
        match self {
            Standing::Planned => "·",
            Standing::Open => "○",
            Standing::Proven => "✓",
            Standing::Stale => "~",
            Standing::Failed => "✗",
        }
    }
}

/// `board`
pub(super) fn board(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    if !argument.is_empty() {
        return Err(Trouble::Wrong("write it as `board`".into()));
    }
    let context = page.context;
    Ok(match context.setting {
        Setting::Inline => {
            let top = page.to_top();
            grid(context.course, context.shelf, &|week, day| {
                let slug = week.days.iter().find(|d| d.day == day).map(|d| d.slug.as_str())?;
                Some(format!("{top}week-{:02}/day-{day}-{slug}.html", week.week))
            })
        }
        Setting::File => list(context.course, context.shelf),
    })
}

/// The board as HTML. `link` says where a day's cell leads.
pub(in crate::pages) fn grid(
    course: &Course,
    shelf: &Shelf,
    link: &dyn Fn(&Week, u8) -> Option<String>,
) -> String {
    let mut out = String::from("<div class=\"lab-board\" role=\"table\" aria-label=\"24 weeks by 6 days\">");
    for month in 1..=6u8 {
        let _ = write!(out, "<div class=\"month\" role=\"rowgroup\"><p class=\"name\">Month {month}</p>");
        for (_, week) in course.weeks.iter().filter(|(_, w)| (w.week - 1) / 4 + 1 == month) {
            let standing = Standing::of(week, shelf);
            let _ = write!(
                out,
                "<div class=\"week {}\" role=\"row\"><span class=\"title\" role=\"rowheader\"><b>{}</b> {}</span>",
                standing.word(),
                week.week,
                escape(week.title.split(':').next().unwrap_or(&week.title)),
            );
            for day in &week.days {
                let label = escape(&format!("{}.{} {}: {}", week.week, day.day, day.title, standing.word()));
                let sign = standing.sign();
                let _ = match link(week, day.day) {
                    Some(href) => write!(
                        out,
                        "<a class=\"day\" role=\"cell\" href=\"{href}\" title=\"{label}\" aria-label=\"{label}\">{sign}</a>"
                    ),
                    None => write!(
                        out,
                        "<span class=\"day\" role=\"cell\" title=\"{label}\" aria-label=\"{label}\">{sign}</span>"
                    ),
                };
            }
            out.push_str("</div>");
        }
        out.push_str("</div>");
    }
    out.push_str("</div><p class=\"lab-legend\">");
    for standing in Standing::ALL {
        let count = course.weeks.iter().filter(|(_, w)| Standing::of(w, shelf) == standing).count() * 6;
        let _ = write!(
            out,
            "<span class=\"week {0}\"><span class=\"day\">{1}</span> {0} {count}</span> ",
            standing.word(),
            standing.sign()
        );
    }
    out.push_str("</p>");
    out
}

/// The board as a Markdown table, for a file that is read as text.
fn list(course: &Course, shelf: &Shelf) -> String {
    let rows: Vec<Vec<String>> = course
        .weeks
        .iter()
        .map(|(_, week)| {
            let standing = Standing::of(week, shelf);
            let title = crate::pages::markdown::plain(&week.title);
            vec![week.week.to_string(), title, format!("{} {}", standing.sign(), standing.word())]
        })
        .collect();
    table(&["Week", "Title", "Stands"], &rows)
}
