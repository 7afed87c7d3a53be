//! The board: 24 weeks by 6 days as they stand. One picture for the book's front page and the evidence index.

use std::fmt::Write;

use evidence::Kind;

use crate::course::{Course, Day, Week};
use crate::pages::chart::{Setting, svg::escape};
use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::{plain, table};
use crate::status::{Board, State};

/// How a week stands: as its gate does.
pub(in crate::pages) fn of_week(board: &Board, number: u8) -> State {
    let Some(week) = board.weeks.iter().find(|w| w.week == number && w.built) else { return State::NotBuilt };
    week.records.iter().find(|r| r.kind == Kind::Gate).map_or(State::Open, |gate| gate.state)
}

/// The class that carries a state's colour; its sign and word say the same without.
pub(in crate::pages) fn class(state: State) -> &'static str {
    match state {
        State::Proven => "proven",
        State::Stale => "stale",
        State::Red => "failed",
        State::Skipped => "skipped",
        State::Open => "open",
        State::NotBuilt => "planned",
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
            grid(context.course, context.board, &|week, day| {
                Some(format!("{top}week-{:02}/day-{}-{}.html", week.week, day.day, day.slug))
            })
        }
        Setting::File => list(context.board),
    })
}

/// The board as HTML. `link` says where a day's cell leads.
pub(in crate::pages) fn grid(
    course: &Course,
    board: &Board,
    link: &dyn Fn(&Week, &Day) -> Option<String>,
) -> String {
    let mut out = String::from("<div class=\"lab-board\">");
    for month in 1..=6u8 {
        let _ = write!(out, "<div class=\"month\"><p class=\"name\">Month {month}</p>");
        for (_, week) in course.weeks.iter().filter(|(_, w)| (w.week - 1) / 4 + 1 == month) {
            let short = escape(week.title.split(':').next().unwrap_or(&week.title));
            let _ = write!(
                out,
                "<div class=\"week {}\"><span class=\"title\" title=\"{}\"><b>{}</b> {short}</span>",
                class(of_week(board, week.week)),
                escape(&week.title),
                week.week,
            );
            for day in &week.days {
                out.push_str(&cell(week, day, of_day(board, week.week, day.day), link(week, day)));
            }
            out.push_str("</div>");
        }
        out.push_str("</div>");
    }
    out.push_str("</div>");
    out.push_str(&legend(board));
    out
}

fn of_day(board: &Board, week: u8, day: u8) -> State {
    let week = board.weeks.iter().find(|w| w.week == week);
    week.and_then(|w| w.days.iter().find(|d| d.id.day == day)).map_or(State::NotBuilt, |d| d.state)
}

fn cell(week: &Week, day: &Day, state: State, href: Option<String>) -> String {
    let label = escape(&format!("{}.{} {}: {}", week.week, day.day, day.title, state.word()));
    let (class, sign) = (class(state), state.sign());
    match href {
        Some(href) => format!(
            "<a class=\"day {class}\" href=\"{href}\" title=\"{label}\" aria-label=\"{label}\">{sign}</a>"
        ),
        None => format!(
            "<span class=\"day {class}\" role=\"img\" title=\"{label}\" aria-label=\"{label}\">{sign}</span>"
        ),
    }
}

/// What each sign means, and on how many days it stands; signs that stand nowhere are left out.
fn legend(board: &Board) -> String {
    let mut out = String::from("<p class=\"lab-legend\">");
    for state in State::ALL {
        let days = board.weeks.iter().flat_map(|w| &w.days).filter(|d| d.state == state).count();
        if days > 0 {
            let (class, sign, word) = (class(state), state.sign(), state.word());
            let _ = write!(out, "<span><span class=\"day {class}\">{sign}</span> {word}: {days}</span> ");
        }
    }
    out.push_str("</p>");
    out
}

/// The board as a Markdown table, for a file that is read as text.
fn list(board: &Board) -> String {
    let rows: Vec<Vec<String>> = board
        .weeks
        .iter()
        .map(|week| {
            let days: Vec<String> = week.days.iter().map(|day| day.state.sign().to_string()).collect();
            let state = of_week(board, week.week);
            vec![week.week.to_string(), plain(&week.title), days.join(" "), state.word().into()]
        })
        .collect();
    table(&["Week", "Title", "Days", "Stands"], &rows)
}
