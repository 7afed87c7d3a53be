//! The `chart` directive: inline in the book, a file beside a deliverable.

use evidence::Record;

use super::lacking;
use super::records::{find_measurement, ratios_of};
use crate::pages::chart::{self, Form, Setting};
use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::plain;
use crate::pages::nearest::suggestion;

/// The title of the chart of a record's ratios.
pub(in crate::pages) const RATIOS_TITLE: &str = "Against what a user would pick instead";

/// `chart <record> <measurement> [percentiles|bars|time] [fact]`, or `chart <record> ratios [<beginning of their ids>]`.
pub(super) fn chart(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    let (id, name, form, fact) = match words[..] {
        [id, name] => (id, name, None, None),
        [id, name, form] => (id, name, Some(form), None),
        [id, name, form, fact] => (id, name, Some(form), Some(fact)),
        _ => {
            let usage = "chart <record> <measurement> [percentiles|bars|time] [fact]";
            return Err(Trouble::Wrong(format!("write it as `{usage}`")));
        }
    };
    let record = &page.record(id)?.record;
    if name == "ratios" && fact.is_none() {
        return ratios(page, record, form.unwrap_or_default());
    }
    let measurement = find_measurement(record, name)?;
    let form = match form {
        None => Form::of(measurement).ok_or_else(|| nothing(record, name))?,
        Some(word) => Form::ALL.into_iter().find(|f| f.name() == word).ok_or_else(|| {
            Trouble::Wrong(format!("no chart `{word}`; {}", suggestion(word, Form::ALL.map(Form::name))))
        })?,
    };
    let drawing = chart::measurement(measurement, form, fact, page.context.setting).ok_or_else(|| {
        let of = fact.map(|f| format!(" of a number `{f}`")).unwrap_or_default();
        lacking(record, format!("`{name}` in {id} has nothing to draw as {}{of}", form.name()))
    })?;
    let suffix = fact.map(|f| format!("-{f}")).unwrap_or_default();
    Ok(place(page, record, &format!("{name}-{}{suffix}", form.name()), &measurement.title, drawing))
}

fn ratios(page: &Page<'_>, record: &Record, beginning: &str) -> Result<String, Trouble> {
    let chosen = ratios_of(record, beginning)?;
    let drawing = chart::ratios(RATIOS_TITLE, &chosen, page.context.setting);
    let suffix =
        if beginning.is_empty() { String::new() } else { format!("-{}", beginning.trim_end_matches('-')) };
    Ok(place(page, record, &format!("ratios{suffix}"), RATIOS_TITLE, drawing))
}

fn nothing(record: &Record, name: &str) -> Trouble {
    lacking(record, format!("`{name}` in {} has nothing to draw", record.id))
}

fn place(page: &Page<'_>, record: &Record, name: &str, title: &str, drawing: String) -> String {
    match page.context.setting {
        Setting::Inline => figure(&drawing),
        Setting::File => {
            let path = chart_path(record, name);
            // Beside the page the file's own name is enough.
            let link = match (path.split_once('/'), page.place.split_once('/')) {
                (Some((there, file)), Some((here, _))) if there == here => file.to_string(),
                _ => format!("{}{path}", page.to_top()),
            };
            page.context.charts.borrow_mut().insert(path, (record.id.clone(), drawing));
            format!("![{}]({link})", plain(title))
        }
    }
}

/// Where the chart of a record lies below the evidence folder: `week-02/bench-echo-percentiles.svg`.
pub(in crate::pages) fn chart_path(record: &Record, name: &str) -> String {
    let (folder, kind) = record.id.split_once('/').unwrap_or((record.id.as_str(), "record"));
    format!("{folder}/{kind}-{name}.svg")
}

/// A drawing in a page: scrolls where the screen is narrower than it can be read.
pub(in crate::pages) fn figure(drawing: &str) -> String {
    format!("<figure class=\"lab-figure\">{drawing}</figure>")
}
