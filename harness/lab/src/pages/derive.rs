//! Writes what follows from the records of an evidence folder, and takes away what no longer does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evidence::Kind;
use evidence::manifest::{self, DerivedFrom};

use super::chart::Setting;
use super::diagram::Drawing;
use super::engine::{Context, Missing, Page};
use super::markdown::with_prompts_shown;
use super::problem::{Problem, failure};
use super::shelf::Shelf;
use super::{index, report};
use crate::course::{Course, Output, Week};
use crate::error::{Failure, PAGE_FILE};
use crate::markers;
use crate::run::Freshness;
use crate::run::seal::record_id;
use crate::status::{self, Board};
use crate::workspace::Workspace;

/// Files in the making: path below the evidence folder, the records that they come from, their bytes.
#[derive(Debug, Default)]
struct Derived {
    files: BTreeMap<String, (BTreeSet<String>, Vec<u8>)>,
}

impl Derived {
    fn add<'r>(
        &mut self,
        path: impl Into<String>,
        from: impl IntoIterator<Item = &'r str>,
        bytes: impl Into<Vec<u8>>,
    ) {
        let from = from.into_iter().map(str::to_string).collect();
        self.files.insert(path.into(), (from, bytes.into()));
    }
}

/// The records of an evidence folder, each with what has moved on since.
pub(crate) fn shelf(ws: &Workspace, course: &Course, evidence: &Path) -> Result<Shelf, Failure> {
    let freshness = Freshness::of(ws, course);
    Shelf::read(evidence, course, |record| {
        Ok(freshness.stale(record)?.iter().map(ToString::to_string).collect())
    })
}

/// See [`super::derive`].
pub(crate) fn derive(ws: &Workspace, course: &Course, evidence: &Path) -> Result<DerivedFrom, Failure> {
    let shelf = shelf(ws, course, evidence)?;
    let board = status::board(ws, course, evidence)?;
    let derived = all(ws, course, &shelf, &board)?;
    for (path, (_, bytes)) in &derived.files {
        evidence::file::write_atomically(&evidence.join(path), bytes)?;
    }
    let kept: DerivedFrom =
        derived.files.into_iter().map(|(path, (from, _))| (path, from.into_iter().collect())).collect();
    remove_others(evidence, &kept)?;
    Ok(kept)
}

/// Every derived file, from the records alone.
fn all(ws: &Workspace, course: &Course, shelf: &Shelf, board: &Board) -> Result<Derived, Failure> {
    let context = Context {
        root: &ws.root,
        course,
        shelf,
        board,
        missing: Missing::Say,
        setting: Setting::File,
        charts: RefCell::default(),
    };
    let mut derived = Derived::default();
    let mut problems = Vec::new();
    for (folder, week) in course.built() {
        let entries = report::entries(week, shelf);
        if entries.is_empty() && shelf.get(&record_id(week.week, Kind::Demo)).is_err() {
            continue;
        }
        if !entries.is_empty() {
            let ids = entries.iter().map(|e| e.record.id.as_str());
            let path = format!("week-{:02}/report.md", week.week);
            derived.add(path, ids, report::markdown(week, shelf, Setting::File));
        }
        let demo = shelf.get(&record_id(week.week, Kind::Demo)).ok();
        for entry in entries.iter().copied().chain(demo) {
            let record = &entry.record;
            for drawn in report::charts(record, Setting::File) {
                derived.add(drawn.path, [drawn.record.as_str()], drawn.drawing + "\n");
            }
        }
        for (name, place) in outputs(week) {
            let source = Output::source(folder, &name);
            if !source.is_file() {
                continue;
            }
            let made = match Output::of(&name) {
                Output::Page => deliverable(&context, &source, &place)?,
                kind => drawing(&context, &source, kind).map_err(|problem| vec![problem]),
            };
            match made {
                Ok((bytes, shown)) => derived.add(place, shown.iter().map(String::as_str), bytes),
                Err(found) => problems.extend(found),
            }
        }
    }
    if !problems.is_empty() {
        return Err(failure(problems));
    }
    for (path, (record, drawing)) in context.charts.take() {
        derived.add(path, [record.as_str()], drawing + "\n");
    }
    let files: Vec<String> = derived.files.keys().cloned().collect();
    let page = index::html(course, shelf, board, &files);
    derived.add("index.html", shelf.entries().map(|(id, _)| id), page);
    Ok(derived)
}

/// A file and the records that it shows, or what is wrong with its source.
type Filled = Result<(Vec<u8>, BTreeSet<String>), Vec<Problem>>;

/// The deliverables of a week and the artifacts of the month that it closes: name and place below the evidence folder.
fn outputs(week: &Week) -> BTreeSet<(String, String)> {
    let named = |name: &str| (name.to_string(), Output::place(week.week, name));
    let of_days = week.days.iter().flat_map(|day| &day.deliverables).map(|name| named(name));
    let reviews = week.month_review.iter();
    let of_month = reviews.flat_map(|review| {
        review.artifacts.iter().map(|name| named(&format!("month-{}-demo/{name}", review.month)))
    });
    of_days.chain(of_month).collect()
}

/// A text drawing as shapes or on paper. It shows no record.
fn drawing(
    context: &Context<'_>,
    source: &Path,
    kind: Output,
) -> Result<(Vec<u8>, BTreeSet<String>), Problem> {
    let name = source.strip_prefix(context.root).unwrap_or(source).display().to_string();
    let drawing = Drawing::read(source, &name)?;
    let bytes = match kind {
        Output::Png => drawing.png().map_err(|what| Problem::at(&name, 0, what))?,
        _ => drawing.svg().into_bytes(),
    };
    Ok((bytes, BTreeSet::new()))
}

/// A deliverable as it is filed: the week's template with its markers stripped and its directives answered.
fn deliverable(context: &Context<'_>, source: &Path, place: &str) -> Result<Filled, Failure> {
    let text = std::fs::read_to_string(source)
        .map_err(|e| Failure::new(&PAGE_FILE, format!("{}: {e}", source.display())))?;
    let file = source.strip_prefix(context.root).unwrap_or(source).display().to_string();
    // Markers are replaced by empty lines before filling, so that a defect keeps the line of the template.
    let blanked: String = text
        .split_inclusive('\n')
        .map(|line| if markers::strip(line).is_empty() { "\u{0}\n" } else { line })
        .collect();
    let mut page = Page::new(context, &file, source.parent().unwrap_or(source), place);
    Ok(page.fill(&blanked).map(|filled| {
        let lines: String = filled.split_inclusive('\n').filter(|line| *line != "\u{0}\n").collect();
        (tidy(&with_prompts_shown(&lines)).into_bytes(), page.shown)
    }))
}

/// No more than one empty line in a row, and one line end at the end.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        empty = if line.trim().is_empty() && !in_code { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim_start_matches('\n').trim_end().to_string() + "\n"
}

/// Removes what an earlier derivation left behind: files that the last manifest lists as derived, and drawings, which
/// nobody writes by hand. Records and what people put there stay.
fn remove_others(evidence: &Path, kept: &DerivedFrom) -> Result<(), Failure> {
    let remove = |path: &str| match std::fs::remove_file(evidence.join(path)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(&PAGE_FILE, format!("{}: {e}", evidence.join(path).display())))
        }
        _ => Ok(()),
    };
    for path in derived_before(evidence).iter().filter(|path| !kept.contains_key(*path)) {
        remove(path)?;
    }
    for folder in folders(evidence) {
        let Ok(listing) = std::fs::read_dir(evidence.join(&folder)) else { continue };
        for entry in listing.flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let drawn = [".svg", ".png"].iter().any(|ending| path.ends_with(ending));
            if drawn && !kept.contains_key(&path) {
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Plain relative paths that the last manifest lists with the records that they came from. A manifest that cannot be
/// read names nothing: better a leftover, which `verify` reports, than a file too many removed.
fn derived_before(evidence: &Path) -> Vec<String> {
    let path = evidence.join(manifest::NAME);
    let bytes = evidence::file::read_bounded(&path, manifest::MANIFEST_BYTES_MAX).unwrap_or_default();
    let listed: Option<manifest::Manifest> = serde_json::from_slice(&bytes).ok();
    let entries = listed.map(|m| m.files).unwrap_or_default();
    let plain =
        |path: &str| Path::new(path).components().all(|c| matches!(c, std::path::Component::Normal(_)));
    // Whatever a manifest says, a record is never derived, and never removed here.
    let derived = |e: &manifest::Entry| !e.from.is_empty() && manifest::record_id(&e.path).is_none();
    entries.into_iter().filter(|e| derived(e) && plain(&e.path)).map(|e| e.path).collect()
}

/// The folders that hold records: one a week, one a month.
fn folders(evidence: &Path) -> Vec<String> {
    let Ok(listing) = std::fs::read_dir(evidence) else { return Vec::new() };
    let names = listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("week-") || name.starts_with("month-")).collect()
}
