//! A day or a week from its data: brief, holes, self-check, checkpoint, and the deliverable as recorded.

use std::fmt::Write;
use std::path::Path;

use evidence::Kind;

use super::account::{folded, minute};
use super::one;
use crate::cli::day::deliverable_path;
use crate::course::{Day, DayId, Output, Week};
use crate::pages::chart::Setting;
use crate::pages::diagram::Drawing;
use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::{code, one_line, plain, prose, table, with_prompts_shown};
use crate::pages::{report, verdict};
use crate::run::seal::record_id;

/// The day that a directive names, with its week.
fn day<'a>(page: &Page<'a>, argument: &str) -> Result<(&'a Path, &'a Week, &'a Day), Trouble> {
    let wrong = |e: crate::error::Failure| Trouble::Wrong(e.what);
    let id: DayId = one(argument, "a day as in 3.2")?.parse().map_err(wrong)?;
    let course = page.context.course;
    let (week, day) = course.day(id).map_err(wrong)?;
    let (folder, _) = course.week(id.week).map_err(wrong)?;
    Ok((folder, week, day))
}

pub(super) fn brief(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let (_, week, day) = day(page, argument)?;
    Ok(brief_text(week, day))
}

/// Constraint, task, proof, deliverables and minutes of a day.
pub(in crate::pages) fn brief_text(week: &Week, day: &Day) -> String {
    let files: Vec<String> = day.deliverables.iter().map(|f| code(&deliverable_path(week.week, f))).collect();
    let m = &day.minutes;
    let minutes = format!(
        "learn {}, do {}, prove {}: {} minutes",
        m.learn,
        m.work,
        m.prove,
        m.learn + m.work + m.prove
    );
    table(
        &["The day in brief", ""],
        &[
            vec!["Constraint".into(), format!("**{}**", one_line(&day.constraint))],
            vec!["Task".into(), one_line(&day.task)],
            vec!["Proof".into(), one_line(&day.prove)],
            vec!["Output".into(), files.join("<br>")],
            vec!["Time".into(), minutes],
        ],
    )
}

pub(super) fn holes(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let (folder, week, day) = day(page, argument)?;
    if day.holes.is_empty() {
        return Err(Trouble::Wrong(format!("day {argument} has no holes in week.yaml")));
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut out = String::new();
    for hole in week.holes.iter().filter(|hole| day.holes.contains(&hole.id)) {
        let checks: Vec<String> = hole.checks.iter().map(|check| code(check)).collect();
        let _ = writeln!(
            out,
            "- **{}** in {}  \n  {}  \n  Red until then: {}",
            code(&hole.id),
            code(&format!("weeks/{name}/{}", hole.file)),
            one_line(&hole.task),
            checks.join(", ")
        );
    }
    let hint = code(&format!("cargo lab hint {argument}"));
    Ok(format!("{out}\nStuck? {hint} shows a hint; ask again for the next one.\n"))
}

pub(super) fn selfcheck(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let (_, week, day) = day(page, argument)?;
    Ok(selfcheck_text(week, day, page.context.setting))
}

/// The questions; answers folded, where the week is built and has them.
pub(in crate::pages) fn selfcheck_text(_week: &Week, day: &Day, setting: Setting) -> String {
    let mut out = String::new();
    for question in &day.self_check {
        if question.a.trim().is_empty() {
            let _ = writeln!(out, "- {}", one_line(&question.q));
        } else {
            let _ = writeln!(out, "{}", folded(&one_line(&question.q), &prose(&question.a), setting));
        }
    }
    out
}

pub(super) fn checkpoint(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let number = crate::course::week_number(one(argument, "checkpoint <week>")?);
    let (_, week) = number.and_then(|n| page.context.course.week(n)).map_err(|e| Trouble::Wrong(e.what))?;
    let mut out = String::new();
    if week.built {
        out.push_str(&standing(page, week)?);
        out.push('\n');
    }
    let _ = write!(out, "{}", checkpoint_text(week));
    Ok(out)
}

/// What to show and what to think about at the end of a week.
pub(in crate::pages) fn checkpoint_text(week: &Week) -> String {
    let list = |items: &[String]| items.iter().map(|i| format!("- {}\n", one_line(i))).collect::<String>();
    format!("**Show**\n\n{}\n**Reflect**\n\n{}", list(&week.checkpoint.show), list(&week.checkpoint.reflect))
}

/// One row a record of the week: how it stands and when that was found.
fn standing(page: &mut Page<'_>, week: &Week) -> Result<String, Trouble> {
    let mut rows = Vec::new();
    for kind in week.kinds(&Kind::ALL) {
        let (name, id) = (report::kind_name(kind), record_id(week.week, kind));
        let row = match page.record(&id) {
            Ok(entry) => {
                let finding = &entry.record.finding;
                let stale = if entry.stale.is_empty() { "" } else { ", stale" };
                vec![
                    name.to_string(),
                    format!("{}{stale}", verdict::text(finding.verdict)),
                    plain(&finding.claim),
                    plain(&minute(&entry.record.started_at)),
                ]
            }
            Err(Trouble::NotYet(text)) => vec![name.into(), "open".into(), one_line(&text), "—".into()],
            Err(wrong) => return Err(wrong),
        };
        rows.push(row);
    }
    Ok(table(&["", "Stands", "Claim", "Recorded"], &rows))
}

pub(super) fn output(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    if page.file.contains("/outputs/") {
        return Err(Trouble::Wrong("a deliverable cannot hold deliverables".into()));
    }
    let (folder, week, day) = day(page, argument)?;
    if !week.built {
        return Err(Trouble::Wrong(format!("week {} is not built: there is no output yet", week.week)));
    }
    let mut out = String::new();
    for name in &day.deliverables {
        let path = deliverable_path(week.week, name);
        let _ = write!(
            out,
            "<div class=\"lab-output\">\n<p class=\"lab-output-name\"><code>{path}</code></p>\n\n"
        );
        let source = Output::source(folder, name);
        if !source.is_file() {
            return Err(Trouble::Wrong(format!("there is no {}", below(page, &source))));
        }
        match Output::of(name) {
            Output::Page => out.push_str(&deliverable(page, week, name, &source)?),
            Output::Svg | Output::Png => out.push_str(&drawing(page, &source)?),
        }
        out.push_str("\n</div>\n\n");
    }
    Ok(out)
}

/// A file as it is named on pages: below the workspace.
fn below(page: &Page<'_>, path: &Path) -> String {
    path.strip_prefix(page.context.root).unwrap_or(path).display().to_string()
}

/// A text drawing as the page shows it.
fn drawing(page: &Page<'_>, source: &Path) -> Result<String, Trouble> {
    let drawing = Drawing::read(source, &below(page, source));
    Ok(drawing.map_err(|problem| Trouble::Wrong(problem.to_string()))?.figure())
}

/// A deliverable filled in, to stand inside another page.
fn deliverable(page: &mut Page<'_>, week: &Week, name: &str, source: &Path) -> Result<String, Trouble> {
    let context = page.context;
    let text =
        std::fs::read_to_string(source).map_err(|e| Trouble::Wrong(format!("{}: {e}", source.display())))?;
    let file = below(page, source);
    let place = Output::place(week.week, name);
    let mut inner = Page::new(context, &file, source.parent().unwrap_or(source), &place);
    let filled = inner.fill_quietly(&crate::markers::strip(&text)).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Trouble::Wrong(lines.join("; "))
    })?;
    page.shown.append(&mut inner.shown);
    Ok(demote(&with_prompts_shown(&filled)))
}

/// Headings two levels down, so that a whole file fits into a section of a page.
fn demote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<crate::pages::fence::Opening> = None;
    for line in text.lines() {
        let in_code = fence.is_some();
        match &fence {
            Some(opening) if opening.is_closed_by(line) => fence = None,
            None => fence = crate::pages::fence::Opening::parse(line),
            Some(_) => {}
        }
        if !in_code && line.starts_with('#') && line.trim_start_matches('#').starts_with(' ') {
            let level = line.len() - line.trim_start_matches('#').len();
            out.push_str(&"#".repeat((level + 2).min(6)));
            out.push_str(&line[level..]);
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}
