//! Tables of what a record holds: criteria, facts, series, ratios, environment.

use std::fmt::Write;

use evidence::{Criterion, Fact, Measurement, Ratio, Record, Value};

use super::{lacking, one, two};
use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::{code, number_table, plain, table};
use crate::pages::nearest::suggestion;
use crate::pages::quantity::{fact as fact_text, grouped, quantity};
use crate::pages::shelf::PERCENTILES;
use crate::pages::verdict;

pub(super) fn criteria(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let id = one(argument, "criteria <record>")?;
    let record = &page.record(id)?.record;
    if record.finding.criteria.is_empty() {
        return Err(lacking(record, format!("{id} has no criteria; a drill's are shown by `drill {id}`")));
    }
    Ok(criteria_table(&record.finding.criteria))
}

/// Verdict, claim and numbers of each criterion, and why where one did not pass.
pub(in crate::pages) fn criteria_table(criteria: &[Criterion]) -> String {
    let rows: Vec<Vec<String>> = criteria
        .iter()
        .map(|c| {
            let mut claim = plain(&c.claim);
            if !c.detail.is_empty() {
                let _ = write!(claim, "<br>{}", plain(beginning(&c.detail)));
            }
            let _ = write!(claim, "<br>{}", code(&c.id));
            vec![verdict::text(c.verdict), claim, facts_text(&c.facts)]
        })
        .collect();
    table(&["Verdict", "Claim", "Backed by"], &rows)
}

/// As much of a failure's account as a table cell bears.
fn beginning(detail: &str) -> &str {
    let end = detail.char_indices().nth(400).map_or(detail.len(), |(at, _)| at);
    &detail[..end]
}

fn facts_text(facts: &[Fact]) -> String {
    if facts.is_empty() {
        return "—".into();
    }
    let parts: Vec<String> = facts
        .iter()
        .map(|f| format!("{}: {}", plain(&f.name.replace('-', " ")), plain(&fact_text(f))))
        .collect();
    parts.join("<br>")
}

pub(super) fn facts(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let (id, name) = two(argument, "facts <record> <criterion or measurement>")?;
    let record = &page.record(id)?.record;
    let finding = &record.finding;
    let trials = finding.drill.iter().flat_map(|d| [&d.experiment, &d.control]).flat_map(|t| &t.invariants);
    let all: Vec<&Criterion> = finding.criteria.iter().chain(trials).collect();
    if let Some(criterion) = all.iter().find(|c| c.id == name) {
        if criterion.facts.is_empty() {
            return Err(lacking(record, format!("`{name}` in {id} has no facts")));
        }
        let rows: Vec<Vec<String>> = criterion
            .facts
            .iter()
            .map(|f| vec![plain(&f.name.replace('-', " ")), plain(&fact_text(f))])
            .collect();
        // Numbers stand under one another; words are read from the left, and may need more than one line.
        let words = criterion.facts.iter().any(|fact| matches!(fact.value, Value::Text(_)));
        return Ok(number_table(&["Fact", "Value"], if words { 2 } else { 1 }, &rows));
    }
    if let Some(measurement) = finding.measurements.iter().find(|m| m.id == name) {
        return Ok(facts_table(measurement));
    }
    let names = all.iter().map(|c| c.id.as_str()).chain(finding.measurements.iter().map(|m| m.id.as_str()));
    Err(lacking(record, format!("no criterion or measurement `{name}` in {id}; {}", suggestion(name, names))))
}

/// The facts of each series, a column a fact. A fact's `-low` and `-high` join its own cell.
pub(in crate::pages) fn facts_table(measurement: &Measurement) -> String {
    let names = fact_names(measurement);
    let mut header = vec!["Series".to_string()];
    header.extend(names.iter().map(|n| plain(&n.replace('-', " "))));
    let rows: Vec<Vec<String>> = measurement
        .series
        .iter()
        .map(|s| {
            let mut row = vec![series_name(&s.name, s.peer)];
            row.extend(names.iter().map(|n| fact_cell(&s.facts, n)));
            row
        })
        .collect();
    number_table(&header.iter().map(String::as_str).collect::<Vec<_>>(), 1, &rows)
}

/// The facts of any series, in the order of first appearance, without the ends of a spread.
fn fact_names(measurement: &Measurement) -> Vec<&str> {
    let all = || measurement.series.iter().flat_map(|s| &s.facts).map(|f| f.name.as_str());
    let mut names: Vec<&str> = Vec::new();
    for name in all() {
        let end_of_spread = ["-low", "-high"]
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|base| all().any(|other| other == base)));
        if !end_of_spread && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn fact_cell(facts: &[Fact], name: &str) -> String {
    let find = |name: &str| facts.iter().find(|f| f.name == name).map(|f| plain(&fact_text(f)));
    let Some(text) = find(name) else { return "—".into() };
    match (find(&format!("{name}-low")), find(&format!("{name}-high"))) {
        // The unit once is enough where it is the same.
        (Some(low), Some(high)) => match text.split_once(' ') {
            Some((_, unit)) if low.ends_with(&format!(" {unit}")) && high.ends_with(&format!(" {unit}")) => {
                let bare = |side: &str| side[..side.len() - unit.len() - 1].to_string();
                format!("{text} ({} to {})", bare(&low), bare(&high))
            }
            _ => format!("{text} ({low} to {high})"),
        },
        _ => text,
    }
}

fn series_name(name: &str, peer: bool) -> String {
    if peer { format!("{} (compared with)", plain(name)) } else { plain(name) }
}

pub(super) fn series(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let (id, name) = two(argument, "series <record> <measurement>")?;
    let record = &page.record(id)?.record;
    Ok(series_table(find_measurement(record, name)?))
}

/// The measurement of that id.
pub(super) fn find_measurement<'r>(record: &'r Record, name: &str) -> Result<&'r Measurement, Trouble> {
    let all = &record.finding.measurements;
    all.iter().find(|m| m.id == name).ok_or_else(|| {
        let names = all.iter().map(|m| m.id.as_str());
        lacking(record, format!("no measurement `{name}` in {}; {}", record.id, suggestion(name, names)))
    })
}

/// Percentiles and facts of each series.
pub(in crate::pages) fn series_table(measurement: &Measurement) -> String {
    if measurement.series.iter().all(|s| s.histogram.is_none()) {
        let over_time = measurement.series.iter().any(|s| !s.points.is_empty());
        return if over_time { course_table(measurement) } else { facts_table(measurement) };
    }
    let unit = &measurement.unit;
    let names = fact_names(measurement);
    let mut header = vec!["Series".to_string()];
    header.extend(PERCENTILES.iter().map(|(n, _)| n.to_string()));
    header.extend(["max".to_string(), "samples".to_string()]);
    header.extend(names.iter().map(|n| plain(&n.replace('-', " "))));
    let rows: Vec<Vec<String>> = measurement
        .series
        .iter()
        .map(|s| {
            let mut row = vec![series_name(&s.name, s.peer)];
            match &s.histogram {
                Some(h) => {
                    row.extend(PERCENTILES.iter().map(|(_, p)| quantity(h.quantile(*p) as f64, unit)));
                    row.extend([quantity(h.max as f64, unit), grouped(h.count())]);
                }
                None => row.extend(std::iter::repeat_n("—".to_string(), PERCENTILES.len() + 2)),
            }
            row.extend(names.iter().map(|n| fact_cell(&s.facts, n)));
            row
        })
        .collect();
    number_table(&header.iter().map(String::as_str).collect::<Vec<_>>(), 1, &rows)
}

/// The ends of each course over time, or of each curve over what the measurement names.
fn course_table(measurement: &Measurement) -> String {
    let unit = &measurement.unit;
    let rows: Vec<Vec<String>> = measurement
        .series
        .iter()
        .map(|s| {
            let values = || s.points.iter().map(|(_, value)| *value);
            let text = |value: Option<f64>| value.map_or("—".to_string(), |v| quantity(v, unit));
            vec![
                series_name(&s.name, s.peer),
                text(values().next()),
                text(values().reduce(f64::min)),
                text(values().reduce(f64::max)),
                text(values().next_back()),
            ]
        })
        .collect();
    let (first, last) = match measurement.x {
        None => ("at the start", "at the end"),
        Some(_) => ("at the left", "at the right"),
    };
    number_table(&["Series", first, "lowest", "highest", last], 1, &rows)
}

pub(super) fn ratios(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let (id, beginning) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
    one(id, "ratios <record> [<beginning of their ids>]")?;
    let record = &page.record(id)?.record;
    Ok(ratios_table(&ratios_of(record, beginning.trim())?))
}

/// The ratios of a record whose ids begin so; a record may compare more than one table bears.
pub(super) fn ratios_of(record: &Record, beginning: &str) -> Result<Vec<Ratio>, Trouble> {
    let all = &record.finding.ratios;
    if all.is_empty() {
        return Err(lacking(record, format!("{} compares nothing with a peer", record.id)));
    }
    let chosen: Vec<Ratio> = all.iter().filter(|ratio| ratio.id.starts_with(beginning)).cloned().collect();
    if chosen.is_empty() {
        let near = suggestion(beginning, all.iter().map(|ratio| ratio.id.as_str()));
        return Err(lacking(record, format!("no ratio `{beginning}…` in {}; {near}", record.id)));
    }
    Ok(chosen)
}

/// Median and spread of each comparison, and whether it reaches its bar.
pub(in crate::pages) fn ratios_table(ratios: &[Ratio]) -> String {
    let rows: Vec<Vec<String>> = ratios
        .iter()
        .map(|r| {
            let bar = match r.bar {
                Some(bar) => format!("{} (at least {})", verdict::text(r.verdict()), quantity(bar, "x")),
                None => "shown, no bar".into(),
            };
            vec![
                format!("{}<br>{} against {}", plain(&r.claim), plain(&r.subject), plain(&r.peer)),
                format!("**{}**", quantity(r.median, "x")),
                format!("{} to {} ({})", quantity(r.low, "x"), quantity(r.high, "x"), r.rounds),
                bar,
            ]
        })
        .collect();
    table(&["Claim", "Median", "Spread (rounds)", "Bar"], &rows)
}

pub(super) fn environment(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let id = one(argument, "environment <record>")?;
    Ok(environment_table(&page.record(id)?.record))
}

/// The machine, the tools and the commit.
pub(in crate::pages) fn environment_table(record: &Record) -> String {
    let e = &record.environment;
    let commit = match record.commit.modified.len() {
        0 => code(&record.commit.id),
        n => format!("{}, with {n} changed inputs", code(&record.commit.id)),
    };
    let rows = [
        ("System", format!("{}, kernel {}", plain(&e.os), plain(&e.kernel))),
        ("Processor", format!("{}, {} cores", plain(&e.cpu), e.cores)),
        ("Memory", quantity(e.memory_bytes as f64, "bytes")),
        ("Compiler", plain(&e.rustc)),
        ("Test runner", plain(&e.nextest)),
        ("Commit", commit),
        ("Profile", format!("{}, {} workspace", plain(&record.profile), plain(&record.workspace))),
    ]
    .map(|(name, value)| vec![name.to_string(), value]);
    table(&["Recorded on", ""], &rows)
}
