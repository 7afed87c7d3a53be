//! `cargo lab` and `cargo lab status`: the board.

use evidence::Kind;
use logger::Exit;
use serde_json::json;

use super::{Console, Context, Mark};
use crate::course::check::number_of_month;
use crate::error::Failure;
use crate::status::{Board, State, WeekStatus, board};

/// Prints the board.
pub fn run(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let course = workspace.course()?;
    let board = board(&workspace, &course, &workspace.evidence())?;
    let console = context.console();
    console.event(&as_json(&board));
    show(console, &board);
    Ok(Exit::Done)
}

/// The board for machines: `{"weeks": [{"week": 1, "days": […6], …}, …24], "next": …}`.
pub fn as_json(board: &Board) -> serde_json::Value {
    let key = |state: State| state.word().replace(' ', "-");
    let weeks: Vec<_> = board
        .weeks
        .iter()
        .map(|week| {
            let days: Vec<_> = week
                .days
                .iter()
                .map(|day| json!({ "day": day.id.to_string(), "title": day.title, "state": key(day.state) }))
                .collect();
            let records: Vec<_> = week
                .records
                .iter()
                .map(|record| json!({ "kind": record.kind, "state": key(record.state), "note": record.note }))
                .collect();
            json!({
                "week": week.week, "title": week.title, "month": number_of_month(week.week),
                "built": week.built, "own": week.own, "days": days, "records": records,
            })
        })
        .collect();
    let next = board.next.as_ref().map(|(command, why)| json!({ "command": command, "why": why }));
    json!({ "weeks": weeks, "next": next })
}

fn show(console: &Console, board: &Board) {
    let mut month = 0;
    for week in &board.weeks {
        if number_of_month(week.week) != month {
            month = number_of_month(week.week);
            if month > 1 {
                console.say("");
            }
            console.say(console.bold(&format!("Month {month}  days 1–6     gate      drill     bench")));
        }
        console.say(line(console, week));
        if let Some(demo) = week.records.iter().find(|record| record.kind == Kind::Demo) {
            let state = paint(console, demo.state, &format!("{:<10}", demo.state.word()));
            console.say(format!("Demo of month {month:<8} {state}cargo lab demo {month}"));
        }
    }
    console.say("");
    let legend: Vec<String> = State::ALL
        .iter()
        .map(|state| paint(console, *state, &format!("{} {}", state.sign(), state.word())))
        .collect();
    console.say(legend.join("   "));
    let all = board.weeks.iter().flat_map(|week| &week.days);
    let proven = all.clone().filter(|day| day.state == State::Proven).count();
    console.say(format!("{proven} of {} days proven", all.count()));
    for week in &board.weeks {
        for record in week.records.iter().filter(|record| !record.note.is_empty()) {
            let whose = match record.kind {
                Kind::Demo => format!("month {}", number_of_month(week.week)),
                _ => format!("week {}", week.week),
            };
            console.say(format!("  {whose} {}: {}, {}", record.kind, record.state.word(), record.note));
        }
    }
    match &board.next {
        Some((command, why)) => console.say(format!("Next: {}  ({why})", console.bold(command))),
        None => console.say("Next: nothing is open; `cargo lab verify` proves it to anyone"),
    }
}

fn line(console: &Console, week: &WeekStatus) -> String {
    let days: Vec<String> =
        week.days.iter().map(|day| paint(console, day.state, &day.state.sign().to_string())).collect();
    let records = if week.records.is_empty() {
        paint(console, State::NotBuilt, &format!("{:<30}", State::NotBuilt.word()))
    } else {
        let weekly = week.records.iter().filter(|record| record.kind != Kind::Demo);
        weekly.map(|r| paint(console, r.state, &format!("{:<10}", r.state.word()))).collect()
    };
    let whose = if week.own { "  (yours)" } else { "" };
    format!("Week {:>2}  {}  {records}{}{whose}", week.week, days.join(" "), week.title)
}

fn paint(console: &Console, state: State, text: &str) -> String {
    match state {
        State::Proven => console.paint(Mark::Good, text),
        State::Red => console.paint(Mark::Bad, text),
        State::Stale | State::Skipped => console.paint(Mark::Open, text),
        State::NotBuilt => console.dim(text),
        State::Open => text.to_owned(),
    }
}
