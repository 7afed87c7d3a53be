//! The report of a week: everything that its records hold, in one file that reads well as text.

use std::fmt::Write;

use evidence::{Kind, Record};

use super::chart::Setting;
use super::directive::account::{drill_text, minute, status_text};
use super::directive::drawing::chart_path;
use super::directive::records::{criteria_table, environment_table, ratios_table, series_table};
use super::directive::stale_banner;
use super::markdown::{code, plain, table};
use super::shelf::{Entry, Shelf};
use crate::course::Week;
use crate::run::seal::record_id;

/// A chart of the report: its name below the record, its title and its drawing.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// Path below the evidence folder.
    pub path: String,
    /// The record that it was drawn from.
    pub record: String,
    /// What it shows.
    pub title: String,
    /// The SVG.
    pub drawing: String,
}

/// What a reader calls a kind of run.
pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Gate => "Gate",
        Kind::Drill => "Drill",
        Kind::Bench => "Measurement",
        Kind::Demo => "Demo",
    }
}

/// The records of a week, in the order in which a week is proved.
pub(crate) fn entries<'s>(week: &Week, shelf: &'s Shelf) -> Vec<&'s Entry> {
    let weekly = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Demo);
    weekly.filter_map(|kind| shelf.get(&record_id(week.week, kind)).ok()).collect()
}

/// The charts of a record: each measurement in the form that it calls for, and the ratios.
pub(crate) fn charts(record: &Record, setting: Setting) -> Vec<Drawn> {
    use super::chart::{self, Form};
    let mut out = Vec::new();
    for measurement in &record.finding.measurements {
        let Some(form) = Form::of(measurement) else { continue };
        let Some(drawing) = chart::measurement(measurement, form, None, setting) else { continue };
        out.push(Drawn {
            path: chart_path(record, &format!("{}-{}", measurement.id, form.name())),
            record: record.id.clone(),
            title: measurement.title.clone(),
            drawing,
        });
    }
    if !record.finding.ratios.is_empty() {
        let title = super::directive::drawing::RATIOS_TITLE;
        out.push(Drawn {
            path: chart_path(record, "ratios"),
            record: record.id.clone(),
            title: title.into(),
            drawing: chart::ratios(title, &record.finding.ratios, setting),
        });
    }
    out
}

/// The report as Markdown. In the book its charts stand inside it, in the evidence folder beside it.
pub(crate) fn markdown(week: &Week, shelf: &Shelf, setting: Setting) -> String {
    let entries = entries(week, shelf);
    let mut out = format!("# Week {} evidence: {}\n\n", week.week, plain(&week.title));
    let stale: Vec<(&str, usize)> = entries
        .iter()
        .filter(|e| !e.stale.is_empty())
        .map(|e| (e.record.id.as_str(), e.stale.len()))
        .collect();
    if !stale.is_empty() {
        let _ = writeln!(out, "{}\n", stale_banner(&stale, setting));
    }
    out.push_str(&summary(&entries));
    for entry in &entries {
        section(&mut out, entry, setting);
    }
    out.push_str(&trust(&entries));
    out
}

fn summary(entries: &[&Entry]) -> String {
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|e| {
            let finding = &e.record.finding;
            let stale = if e.stale.is_empty() { "" } else { ", stale" };
            vec![
                code(&e.record.id),
                format!("{}{stale}", super::verdict::text(finding.verdict)),
                plain(&finding.claim),
                plain(&minute(&e.record.started_at)),
            ]
        })
        .collect();
    format!("{}\n", table(&["Record", "Verdict", "Claim", "Recorded"], &rows))
}

fn section(out: &mut String, entry: &Entry, setting: Setting) {
    let record = &entry.record;
    let finding = &record.finding;
    let title = kind_name(record.kind);
    let _ = writeln!(out, "## {title}\n\n{}\n", status_text(entry));
    if let Some(seed) = finding.seed {
        let _ = writeln!(out, "Seed: {}\n", code(&seed.to_string()));
    }
    if !finding.criteria.is_empty() {
        let _ = writeln!(out, "### Criteria of the {}\n\n{}", record.kind, criteria_table(&finding.criteria));
    }
    if let Some(drill) = &finding.drill {
        let _ = writeln!(out, "### What was broken, and what held\n\n{}", drill_text(drill, setting));
    }
    if !finding.ratios.is_empty() {
        let _ = writeln!(out, "### Compared, in the same run\n\n{}", ratios_table(&finding.ratios));
    }
    let mut drawn = charts(record, setting).into_iter().peekable();
    for measurement in &finding.measurements {
        let _ = writeln!(out, "### {}\n", plain(&measurement.title));
        if let Some(chart) = drawn.next_if(|c| c.title == measurement.title) {
            let _ = writeln!(out, "{}\n", shown(&chart, setting));
        }
        let _ = writeln!(out, "{}", series_table(measurement));
    }
    for chart in drawn {
        let _ = writeln!(out, "{}\n", shown(&chart, setting));
    }
}

fn shown(chart: &Drawn, setting: Setting) -> String {
    match setting {
        Setting::Inline => super::directive::drawing::figure(&chart.drawing),
        Setting::File => format!("![{}]({})", plain(&chart.title), local(&chart.path)),
    }
}

/// A path below the evidence folder, as seen from the week's own folder.
fn local(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, rest)| rest)
}

/// Where it ran, how to run it again, and how to check that nothing was changed since.
fn trust(entries: &[&Entry]) -> String {
    let mut out = String::from("## Where it ran\n\n");
    let mut seen: Vec<String> = Vec::new();
    for entry in entries {
        let environment = environment_table(&entry.record);
        let same = seen.contains(&environment);
        let note = if same { "the same as above.\n\n".to_string() } else { format!("\n\n{environment}\n") };
        let _ = write!(out, "{}: {note}", code(&entry.record.id));
        seen.push(environment);
    }
    out.push_str("## Again, and checked\n\n");
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|e| {
            vec![
                code(&e.record.id),
                code(&e.record.command),
                e.record.inputs.len().to_string(),
                code(&e.record.digest),
            ]
        })
        .collect();
    out.push_str(&table(&["Record", "Run it again", "Inputs", "Digest"], &rows));
    let _ = writeln!(
        out,
        "\n{} recomputes every digest of this folder, offline, and names the first thing that does not fit.",
        code("cargo lab verify")
    );
    out
}
